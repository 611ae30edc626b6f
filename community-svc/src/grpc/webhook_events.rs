//! The store of webhook events: taking them in, listing, following and replaying
//! them. Here is what these have in common.

use community_proto::v1 as pb;

use super::{convert, validate};
use crate::error::Error;
use crate::events::{EventState, Format, Projection, ProjectionStatus, Standing, StoredEvent};
use crate::stores::StoreError;

mod ingest;
mod list;
mod replay;
mod watch;

pub(super) use ingest::ingest;
pub(super) use list::{dead_letters, get, list};
pub(super) use replay::replay;
pub(super) use watch::{Stream, watch};

/// What a caller learns of a store that failed; the log has the rest.
#[expect(
    clippy::needless_pass_by_value,
    reason = "maps errors where they are passed on"
)]
fn unavailable(error: StoreError) -> Error {
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "the event store failed"
    );
    Error::EventStoreUnavailable
}

/// A filter by event type; empty means all.
fn event_type(field: &'static str, value: String) -> Result<Option<String>, Error> {
    let value = validate::text(field, value, 0, 128)?;
    Ok((!value.is_empty()).then_some(value))
}

/// A filter by state; unspecified means all.
fn state_filter(field: &'static str, number: i32) -> Result<Option<EventState>, Error> {
    match pb::WebhookEventState::try_from(number) {
        Ok(pb::WebhookEventState::Unspecified) => Ok(None),
        Ok(pb::WebhookEventState::Pending) => Ok(Some(EventState::Pending)),
        Ok(pb::WebhookEventState::Done) => Ok(Some(EventState::Done)),
        Ok(pb::WebhookEventState::Dead) => Ok(Some(EventState::Dead)),
        Err(_) => Err(Error::invalid(field, "must be a state of the contract")),
    }
}

/// A filter by projection; unspecified means all.
fn projection_filter(field: &'static str, number: i32) -> Result<Option<Projection>, Error> {
    match pb::Projection::try_from(number) {
        Ok(pb::Projection::Unspecified) => Ok(None),
        Ok(pb::Projection::Cache) => Ok(Some(Projection::Cache)),
        Ok(pb::Projection::Members) => Ok(Some(Projection::Members)),
        Ok(pb::Projection::Activities) => Ok(Some(Projection::Activities)),
        Err(_) => Err(Error::invalid(
            field,
            "must be a projection of the contract",
        )),
    }
}

fn projection(projection: Projection) -> pb::Projection {
    match projection {
        Projection::Cache => pb::Projection::Cache,
        Projection::Members => pb::Projection::Members,
        Projection::Activities => pb::Projection::Activities,
    }
}

fn state(state: EventState) -> pb::WebhookEventState {
    match state {
        EventState::Pending => pb::WebhookEventState::Pending,
        EventState::Done => pb::WebhookEventState::Done,
        EventState::Dead => pb::WebhookEventState::Dead,
    }
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn projection_status(status: ProjectionStatus) -> pb::ProjectionStatus {
    let (state, next_attempt_at) = match status.standing {
        Standing::Due(at) => (pb::WebhookEventState::Pending, Some(at)),
        Standing::Dead(_) => (pb::WebhookEventState::Dead, None),
    };
    pb::ProjectionStatus {
        projection: projection(status.projection).into(),
        state: state.into(),
        attempts: count(status.attempts),
        reason: status.reason.unwrap_or_default(),
        next_attempt_time: next_attempt_at.map(convert::timestamp),
    }
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
                Format::Circle => pb::WebhookFormat::Circle,
            }
            .into(),
            path: event.path,
            payload: event.payload,
            platform: event.format.platform().to_owned(),
            trace_parent: event
                .trace_parent
                .map(|parent| parent.to_string())
                .unwrap_or_default(),
        }),
        store_time: Some(convert::timestamp(stored.stored_at)),
        state: state(stored.state).into(),
        projections: stored
            .projections
            .into_iter()
            .map(projection_status)
            .collect(),
        erase_time: stored.erased_at.map(convert::timestamp),
    }
}
