//! `events list` and `events get`.

use community_proto::v1::{
    GetWebhookEventRequest, ListWebhookEventsRequest, StoredWebhookEvent, WebhookEventState,
};

use super::{Context, Outcome, event_json};
use crate::cli::{Get, List};
use crate::error::Error;
use crate::proto_json::ProtoJson;
use crate::service::Service;
use crate::when;

/// As many as the service gives in one page.
const PAGE: u32 = 500;

pub(super) async fn list(context: &mut Context<'_>, list: List) -> Result<Outcome, Error> {
    let service = Service::of(context)?;
    let json = ProtoJson::new()?;
    let now = context.clock.now();
    let time = |text: Option<&String>| {
        text.map(|text| when::read(text, now).map(when::to_proto))
            .transpose()
            .map_err(Error::Usage)
    };
    let mut request = ListWebhookEventsRequest {
        event_type: list.filters.event_type.unwrap_or_default(),
        member_id: list.filters.member.unwrap_or_default(),
        receive_time_from: time(list.since.as_ref())?,
        receive_time_until: time(list.until.as_ref())?,
        state: list
            .state
            .map_or(0, |state| WebhookEventState::from(state).into()),
        ..ListWebhookEventsRequest::default()
    };
    let (mut left, mut rows) = (list.limit, Vec::new());
    while left > 0 {
        request.page_size = i32::try_from(left.min(PAGE)).unwrap_or_default();
        let page = service
            .client
            .webhook_events()
            .list_webhook_events(request.clone())
            .await
            .map_err(service.failed("listing events"))?
            .into_inner();
        for stored in &page.events {
            if context.output.is_json() {
                let line = event_json::line(&json, stored, list.payload)?;
                context.output.json(&line)?;
            } else {
                rows.push(event_json::row(stored));
            }
        }
        left = left.saturating_sub(u32::try_from(page.events.len()).unwrap_or(u32::MAX));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    if !context.output.is_json() {
        context
            .output
            .table(event_json::HEADS, &rows, "No stored event fits.")?;
    }
    Ok(Outcome::Good)
}

pub(super) async fn get(context: &mut Context<'_>, get: Get) -> Result<Outcome, Error> {
    let service = Service::of(context)?;
    let request = GetWebhookEventRequest {
        event_id: get.event_id,
    };
    let answer = service
        .client
        .webhook_events()
        .get_webhook_event(request)
        .await
        .map_err(service.failed("reading the event"))?;
    let stored = answer.into_inner().event.unwrap_or_default();
    let payload = stored.event.clone().unwrap_or_default().payload;
    if get.raw {
        context.output.raw(&payload)?;
    } else if context.output.is_json() {
        let line = event_json::line(&ProtoJson::new()?, &stored, true)?;
        context.output.json(&line)?;
    } else {
        print(context, &stored, &payload)?;
    }
    Ok(Outcome::Good)
}

fn print(
    context: &mut Context<'_>,
    stored: &StoredWebhookEvent,
    payload: &[u8],
) -> Result<(), Error> {
    let event = stored.event.clone().unwrap_or_default();
    context.output.pairs(&[
        ("event", event.event_id.clone()),
        ("type", event.event_type.clone()),
        ("network", event.network_id.clone()),
        ("member", event.actor_member_id.clone()),
        ("object", event.object_id.clone()),
        ("occurred", when::shown(event.occur_time.as_ref())),
        ("received", when::shown(event.receive_time.as_ref())),
        ("stored", when::shown(stored.store_time.as_ref())),
        ("erased", when::shown(stored.erase_time.as_ref())),
        ("path", event.path.clone()),
        ("state", event_json::state(stored.state()).to_owned()),
    ])?;
    let rows: Vec<Vec<String>> = stored
        .projections
        .iter()
        .map(|status| {
            vec![
                event_json::projection(status.projection()).to_owned(),
                event_json::state(status.state()).to_owned(),
                status.attempts.to_string(),
                when::shown(status.next_attempt_time.as_ref()),
                status.reason.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let heads = ["PROJECTION", "STATE", "ATTEMPTS", "NEXT", "REASON"];
        context.output.text("")?;
        context.output.table(&heads, &rows, "")?;
    }
    if !payload.is_empty() {
        context.output.text("")?;
        let parsed: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
        let pretty = parsed.map(|parsed| format!("{parsed:#}"));
        let text = pretty.unwrap_or_else(|| String::from_utf8_lossy(payload).into_owned());
        context.output.text(&text)?;
    }
    Ok(())
}
