//! Taking webhook events in, and listing them.

use bettermode::MemberId;
use community_proto::v1 as pb;

use super::{WebhookEvents, convert, page_token, validate};
use crate::error::Error;
use crate::events::{EventQuery, Format, NewEvent, Outcome, PAGE_BYTES, StoredEvent};

const MAX_BATCH: usize = 500;
const MAX_PAGE: i32 = 500;
const DEFAULT_PAGE: i32 = 50;

/// Largest payload, as the edge takes it.
const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;

pub(super) async fn ingest(
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
    let outcomes = service.store.ingest(&events).await.map_err(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "failed to store webhook events"
        );
        Error::EventStoreUnavailable
    })?;
    for event in &events {
        forget_changed_member(service, event).await;
    }
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

/// Also for a duplicate: the first delivery may have been stored by a process that
/// died before it came this far.
async fn forget_changed_member(service: &WebhookEvents, event: &NewEvent) {
    if event.event_type.starts_with("member.")
        && let Some(id) = &event.object_id
    {
        service.members.forget(&MemberId::new(id.clone())).await;
    }
}

pub(super) async fn list(
    service: &WebhookEvents,
    request: pb::ListWebhookEventsRequest,
) -> Result<pb::ListWebhookEventsResponse, Error> {
    let limit = match request.page_size {
        ..0 => return Err(Error::invalid("page_size", "must not be negative")),
        0 => DEFAULT_PAGE,
        size => size.min(MAX_PAGE),
    };
    let limit = usize::try_from(limit).unwrap_or(1);
    let event_type = validate::text("event_type", request.event_type, 0, 128)?;
    let before = page_token::decode(&request.page_token, &event_type)?;
    let query = EventQuery {
        event_type: (!event_type.is_empty()).then(|| event_type.clone()),
        before,
        // One more than asked for tells whether there is a next page.
        limit: limit + 1,
        ..EventQuery::default()
    };
    let mut events = service.store.list(query).await.map_err(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "failed to list webhook events"
        );
        Error::EventStoreUnavailable
    })?;
    let bytes: usize = events.iter().map(|stored| stored.event.payload.len()).sum();
    let has_more = events.len() > limit || bytes >= PAGE_BYTES;
    events.truncate(limit);
    let next_page_token = match events.last() {
        Some(last) if has_more => page_token::encode(&last.cursor(), &event_type),
        _ => String::new(),
    };
    Ok(pb::ListWebhookEventsResponse {
        events: events.into_iter().map(stored_event).collect(),
        next_page_token,
    })
}

fn new_event(event: pb::WebhookEvent) -> Result<NewEvent, Error> {
    if event.payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Error::invalid("events.payload", "must have at most 1 MiB"));
    }
    let format = match event.format() {
        pb::WebhookFormat::Bettermode => Format::BetterMode,
        pb::WebhookFormat::Flat => Format::Flat,
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

fn stored_event(stored: StoredEvent) -> pb::StoredWebhookEvent {
    let event = stored.event;
    pb::StoredWebhookEvent {
        event: Some(pb::WebhookEvent {
            event_id: event.event_id,
            event_type: event.event_type,
            noun: event.noun.unwrap_or_default(),
            verb: event.verb.unwrap_or_default(),
            network_id: event.network_id.unwrap_or_default(),
            actor_member_id: event.actor_member_id.unwrap_or_default(),
            object_id: event.object_id.unwrap_or_default(),
            occur_time: event.occurred_at.map(convert::timestamp),
            receive_time: Some(convert::timestamp(event.received_at)),
            format: match event.format {
                Format::BetterMode => pb::WebhookFormat::Bettermode,
                Format::Flat => pb::WebhookFormat::Flat,
            }
            .into(),
            path: event.path,
            payload: event.payload,
        }),
        store_time: Some(convert::timestamp(stored.stored_at)),
        ..Default::default()
    }
}
