//! `events replay`.

use community_proto::v1::{
    Projection, ReplayRange, ReplayWebhookEventsRequest, ReplayWebhookEventsResponse,
    WebhookEventState,
};

use super::{Context, Outcome, event_json};
use crate::cli::Replay;
use crate::error::{Error, code};
use crate::proto_json::ProtoJson;
use crate::service::Service;
use crate::when;

pub(super) async fn run(context: &mut Context<'_>, replay: Replay) -> Result<Outcome, Error> {
    let dry_run = replay.dry_run;
    let request = request(context, replay)?;
    let service = Service::of(context)?;
    let answer = service
        .client
        .webhook_events()
        .replay_webhook_events(request)
        .await
        .map_err(service.failed("replaying events"))?
        .into_inner();
    if context.output.is_json() {
        let mut line = ProtoJson::new()?.of("ReplayWebhookEventsResponse", &answer)?;
        line["dryRun"] = dry_run.into();
        context.output.json(&line)?;
    } else {
        print(context, &answer, dry_run)?;
    }
    if answer.unknown_event_ids.is_empty() {
        Ok(Outcome::Good)
    } else {
        Ok(Outcome::Code(code::NOT_FOUND))
    }
}

fn request(context: &Context<'_>, replay: Replay) -> Result<ReplayWebhookEventsRequest, Error> {
    let mut request = ReplayWebhookEventsRequest {
        event_ids: replay.event_ids,
        projections: replay
            .projection
            .into_iter()
            .map(|name| Projection::from(name).into())
            .collect(),
        dry_run: replay.dry_run,
        range: None,
    };
    let Some(since) = replay.since else {
        return Ok(request);
    };
    if !replay.dry_run && !replay.yes {
        return Err(Error::Usage(
            "a range may hold many events: look with --dry-run first, then say --yes".to_owned(),
        ));
    }
    let now = context.clock.now();
    let time = |text: &str| {
        when::read(text, now)
            .map(when::to_proto)
            .map_err(Error::Usage)
    };
    let until = replay.until.as_deref().map(time).transpose()?;
    request.range = Some(ReplayRange {
        receive_time_from: Some(time(&since)?),
        receive_time_until: Some(until.unwrap_or_else(|| when::to_proto(now))),
        event_type: replay.event_type.unwrap_or_default(),
        state: replay
            .state
            .map_or(0, |state| WebhookEventState::from(state).into()),
    });
    Ok(request)
}

fn print(
    context: &mut Context<'_>,
    answer: &ReplayWebhookEventsResponse,
    dry_run: bool,
) -> Result<(), Error> {
    let rows: Vec<Vec<String>> = answer
        .events
        .iter()
        .map(|event| {
            let projections: Vec<&str> = event.projections().map(event_json::projection).collect();
            let changes = match event.changes.join("; ") {
                changes if changes.is_empty() && dry_run => "nothing".to_owned(),
                changes => changes,
            };
            vec![
                event.event_id.clone(),
                event.event_type.clone(),
                event_json::state(event.state()).to_owned(),
                projections.join(" "),
                changes,
            ]
        })
        .collect();
    let heads = ["EVENT ID", "TYPE", "STATE BEFORE", "RUNS", "WOULD CHANGE"];
    let heads = if dry_run { &heads[..] } else { &heads[..4] };
    context.output.table(heads, &rows, "No event fits.")?;
    for unknown in &answer.unknown_event_ids {
        context
            .output
            .text(&format!("The service does not know {unknown}."))?;
    }
    let (count, shown) = (answer.event_count, answer.events.len());
    let did = if dry_run {
        "would run again"
    } else {
        "run again"
    };
    context
        .output
        .text(&format!("{count} events {did}, {shown} of them shown."))?;
    Ok(())
}
