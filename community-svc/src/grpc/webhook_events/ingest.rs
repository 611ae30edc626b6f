//! Taking webhook events in.

use community_proto::v1 as pb;
use service_kit::failpoints;

use super::unavailable;
use crate::error::Error;
use crate::events::{Format, NewEvent, Outcome};
use crate::grpc::{WebhookEvents, convert, validate};
use crate::metrics::Term;
use crate::traces;

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
    let mut received = service.metrics.received(count);
    let events = request.events.into_iter().map(new_event);
    let mut events = match events.collect::<Result<Vec<_>, _>>() {
        Ok(events) => events,
        Err(error) => {
            received.rest(Term::Refused);
            return Err(error);
        }
    };
    failpoints::reached("ingest.received");
    let traces = service.traces.as_ref();
    let spans = traces.map(|tracer| traces::storing(tracer, &mut events));
    let stored = service.store.ingest(&events).await;
    traces::stored(spans.unwrap_or_default(), stored.as_deref().ok());
    let outcomes = match stored {
        Ok(outcomes) => outcomes,
        Err(error) => {
            received.rest(Term::Failed);
            return Err(unavailable(error));
        }
    };
    failpoints::reached("ingest.stored");
    let results = events
        .into_iter()
        .zip(outcomes)
        .map(|(event, outcome)| {
            let (outcome, label, term) = match outcome {
                Outcome::Stored => (pb::IngestOutcome::Stored, "stored", Term::Stored),
                Outcome::Duplicate => (pb::IngestOutcome::Duplicate, "duplicate", Term::Duplicate),
            };
            service.metrics.event(label);
            received.one(term);
            pb::IngestResult {
                event_id: event.event_id,
                outcome: outcome.into(),
            }
        })
        .collect();
    received.end();
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
        // One that is malformed costs the event its trace, not its life.
        trace_parent: event.trace_parent.parse().ok(),
    })
}

fn present(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
