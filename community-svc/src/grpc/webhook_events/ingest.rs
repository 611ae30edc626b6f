//! Taking webhook events in.

use community_proto::v1 as pb;
use service_kit::failpoints;

use super::unavailable;
use crate::error::Error;
use crate::events::{Format, NewEvent, Outcome};
use crate::grpc::{WebhookEvents, convert, validate};

const MAX_BATCH: usize = 500;

/// Largest payload, as the edge takes it.
const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;

pub(in crate::grpc) async fn ingest(
    service: &WebhookEvents,
    request: pb::IngestWebhookEventsRequest,
) -> Result<pb::IngestWebhookEventsResponse, Error> {
    let count = request.events.len();
    if count == 0 || count > MAX_BATCH {
        let rule = format!("must hold 1 to {MAX_BATCH} events; it holds {count}");
        return Err(Error::invalid("events", rule));
    }
    let events = request
        .events
        .into_iter()
        .map(new_event)
        .collect::<Result<Vec<_>, _>>()?;
    failpoints::reached("ingest.received");
    let outcomes = service.store.ingest(&events).await.map_err(unavailable)?;
    failpoints::reached("ingest.stored");
    let results = events
        .into_iter()
        .zip(outcomes)
        .map(|(event, outcome)| {
            let (outcome, label) = match outcome {
                Outcome::Stored => (pb::IngestOutcome::Stored, "stored"),
                Outcome::Duplicate => (pb::IngestOutcome::Duplicate, "duplicate"),
            };
            service.metrics.event(label);
            pb::IngestResult {
                event_id: event.event_id,
                outcome: outcome.into(),
            }
        })
        .collect();
    Ok(pb::IngestWebhookEventsResponse { results })
}

fn new_event(event: pb::WebhookEvent) -> Result<NewEvent, Error> {
    if event.payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Error::invalid("events.payload", "must have at most 1 MiB"));
    }
    let format = match event.format() {
        pb::WebhookFormat::Bettermode => Format::BetterMode,
        pb::WebhookFormat::Flat => Format::Flat,
        pb::WebhookFormat::Circle => Format::Circle,
        pb::WebhookFormat::Unspecified => {
            return Err(Error::invalid("events.format", "must be set"));
        }
    };
    let received_at = event
        .receive_time
        .and_then(convert::from_timestamp)
        .ok_or_else(|| Error::invalid("events.receive_time", "must be set to a valid time"))?;
    Ok(NewEvent {
        event_id: validate::id("events.event_id", event.event_id)?,
        event_type: validate::text("events.event_type", event.event_type, 1, 128)?,
        noun: present(event.noun),
        verb: present(event.verb),
        network_id: present(event.network_id),
        actor_member_id: present(event.actor_member_id),
        object_id: present(event.object_id),
        occurred_at: event.occur_time.and_then(convert::from_timestamp),
        received_at,
        format,
        path: event.path,
        payload: event.payload,
    })
}

fn present(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
