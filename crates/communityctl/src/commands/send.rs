//! `send`: a webhook of our own making, delivered as BetterMode does.

use std::time::Duration;

use community_proto::v1::{GetWebhookEventRequest, StoredWebhookEvent};
use serde_json::{Value, json};
use signature_doctor::{SIGNATURE_HEADER, TIMESTAMP_HEADER};
use tonic::Code;
use uuid::Uuid;

use super::{Context, Outcome, event_json, files, sign};
use crate::admin::Port;
use crate::cli::SendArgs;
use crate::error::Error;
use crate::service::Service;
use crate::settings;

/// How often the service is asked whether it has the event.
const POLL: Duration = Duration::from_millis(200);

/// What is sent, and the event's id where one is made up.
struct Parcel {
    body: Vec<u8>,
    event_id: Option<String>,
    challenge: Option<String>,
}

pub(super) async fn run(context: &mut Context<'_>, args: SendArgs) -> Result<Outcome, Error> {
    let parcel = pack(context, &args)?;
    let signed = sign::signed(context, args.timestamp.as_deref(), &parcel.body)?;
    let edge = Port::of_edge(context)?;
    let attempted = "delivering the webhook";
    let request = edge
        .request(reqwest::Method::POST, &args.path)?
        .header("content-type", "application/json")
        .header(TIMESTAMP_HEADER, &signed.timestamp)
        .header(SIGNATURE_HEADER, &signed.signature)
        .body(parcel.body.clone());
    let answer = edge.send(attempted, request).await?;
    let echoed = serde_json::from_str::<Value>(&answer.text).ok();
    let challenge = echoed.as_ref().map(|answer| &answer["data"]["challenge"]);
    let is_echoed = parcel
        .challenge
        .as_ref()
        .is_none_or(|sent| challenge == Some(&json!(sent)));
    let is_taken = answer.status == 200 && is_echoed;
    let stored = match (&parcel.event_id, args.wait && is_taken) {
        (Some(event_id), true) => Some(wait(context, event_id).await?),
        _ => None,
    };
    let state = stored
        .as_ref()
        .map(|stored| event_json::state(stored.state()));
    if context.output.is_json() {
        context.output.json(&json!({
            "taken": is_taken,
            "status": answer.status,
            "requestId": answer.request_id,
            "eventId": parcel.event_id,
            "state": state,
            "answer": echoed,
        }))?;
    } else {
        context.output.pairs(&[
            (
                "answer",
                format!("{} {}", answer.status, answer.text.trim()),
            ),
            ("request", answer.request_id.clone()),
            ("event", parcel.event_id.clone().unwrap_or_default()),
            ("stored", state.unwrap_or_default().to_owned()),
        ])?;
        let advice = advice(answer.status, is_echoed);
        if !advice.is_empty() {
            context.output.text(advice)?;
        }
    }
    Ok(Outcome::of(is_taken))
}

fn advice(status: u16, is_echoed: bool) -> &'static str {
    match status {
        200 if is_echoed => "",
        200 => "The challenge did not come back: is this the edge?",
        401 => "The signature does not hold there: communityctl doctor --recent says why.",
        403 => "The webhook is of another network: set BETTERMODE_NETWORK_ID as the edge has it.",
        404 => "There is no such route: is the integration switched off, or --path wrong?",
        503 => "The edge cannot keep it now: communityctl queue stats, communityctl status.",
        _ => "The edge's log has the cause, under this request's id.",
    }
}

fn pack(context: &Context<'_>, args: &SendArgs) -> Result<Parcel, Error> {
    if let Some(file) = &args.body {
        return Ok(Parcel {
            body: files::read(file)?,
            event_id: None,
            challenge: None,
        });
    }
    let network = settings::network(context.env)?;
    let random = (context.random)();
    let id = random.first_chunk().copied().map(Uuid::from_bytes);
    let id = id.unwrap_or_default().simple().to_string();
    let Some(event) = &args.event else {
        let body = json!({
            "networkId": network, "context": "NETWORK", "currentSettings": [],
            "type": "TEST", "data": { "challenge": id },
        });
        return Ok(Parcel {
            body: body.to_string().into_bytes(),
            event_id: None,
            challenge: Some(id),
        });
    };
    let (noun, verb) = event.split_once('.').ok_or_else(|| {
        Error::Usage(format!(
            "--event {event}: write noun.verb, for example member.updated"
        ))
    })?;
    let member = args.member.clone().unwrap_or_else(|| "nobody".to_owned());
    let object = args.object.clone().unwrap_or_else(|| member.clone());
    let body = json!({
        "networkId": network, "context": "NETWORK", "currentSettings": [],
        "entityId": network, "type": "SUBSCRIPTION",
        "data": {
            "id": id, "name": event, "time": context.clock.now().to_string(),
            "noun": noun.to_uppercase(), "shortDescription": "made by communityctl send",
            "verb": verb.to_uppercase(),
            "actor": { "id": member }, "object": { "id": object },
            "target": { "networkId": network, "memberId": member },
        },
    });
    Ok(Parcel {
        body: body.to_string().into_bytes(),
        event_id: Some(id),
        challenge: None,
    })
}

/// Until the service has it and nothing of it is pending, or time is up.
async fn wait(context: &Context<'_>, event_id: &str) -> Result<StoredWebhookEvent, Error> {
    let service = Service::of(context)?;
    let mut events = service.client.webhook_events();
    let limit = Duration::from_secs(context.options.timeout);
    let deadline = tokio::time::Instant::now() + limit;
    loop {
        let request = GetWebhookEventRequest {
            event_id: event_id.to_owned(),
        };
        let asked = events.get_webhook_event(request);
        let is_late = tokio::time::Instant::now() >= deadline;
        match asked.await {
            Ok(answer) => {
                let stored = answer.into_inner().event.unwrap_or_default();
                let is_pending = event_json::state(stored.state()) == "pending";
                if !is_pending || is_late {
                    return Ok(stored);
                }
            }
            Err(status) if status.code() == Code::NotFound && !is_late => {}
            Err(status) => return Err(service.failed("waiting for the event")(status)),
        }
        tokio::time::sleep(POLL).await;
    }
}
