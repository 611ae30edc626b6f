//! Running projections of stored webhook events again.

use community_proto::v1 as pb;

use super::{event_type, projection, projection_filter, state, state_filter, unavailable};
use crate::error::Error;
use crate::events::Projection;
use crate::events::replay::{self, Range, Selection};
use crate::grpc::{WebhookEvents, validate};

const MAX_IDS: usize = 500;

pub(in crate::grpc) async fn replay(
    service: &WebhookEvents,
    request: pb::ReplayWebhookEventsRequest,
) -> Result<pb::ReplayWebhookEventsResponse, Error> {
    let selection = selection(request.event_ids, request.range)?;
    let projections = projections(&request.projections)?;
    let store = &*service.store;
    let replayed = if request.dry_run {
        replay::preview(store, &selection).await
    } else {
        replay::run(store, &selection, &projections, service.clock.now()).await
    }
    .map_err(unavailable)?;
    if !request.dry_run {
        tracing::info!(events = replayed.count, "events are replayed");
    }
    let mut events = Vec::with_capacity(replayed.events.len());
    for outline in replayed.events {
        let again: &[Projection] = if outline.is_erased { &[] } else { &projections };
        let changes = if request.dry_run {
            let preview = &*service.preview;
            let found = replay::changes(store, preview, &outline.event_id, again).await;
            found.map_err(unavailable)?
        } else {
            Vec::new()
        };
        events.push(pb::ReplayedEvent {
            event_id: outline.event_id,
            event_type: outline.event_type,
            state: state(outline.state).into(),
            projections: again.iter().map(|one| projection(*one).into()).collect(),
            changes,
        });
    }
    Ok(pb::ReplayWebhookEventsResponse {
        events,
        event_count: i64::try_from(replayed.count).unwrap_or(i64::MAX),
        unknown_event_ids: replayed.unknown,
    })
}

fn selection(event_ids: Vec<String>, range: Option<pb::ReplayRange>) -> Result<Selection, Error> {
    match range {
        Some(_) if !event_ids.is_empty() => {
            let rule = "must not be set together with event_ids";
            Err(Error::invalid("range", rule))
        }
        Some(range) => Ok(Selection::Range(self::range(range)?)),
        None if event_ids.is_empty() => Err(Error::invalid("event_ids", "or range must be set")),
        None if event_ids.len() > MAX_IDS => {
            let rule = format!("must hold at most {MAX_IDS}; use range for more");
            Err(Error::invalid("event_ids", rule))
        }
        None => event_ids
            .into_iter()
            .map(|id| validate::id("event_ids", id))
            .collect::<Result<_, _>>()
            .map(Selection::Ids),
    }
}

fn range(range: pb::ReplayRange) -> Result<Range, Error> {
    let from = validate::optional_time("range.receive_time_from", range.receive_time_from)?;
    let until = validate::optional_time("range.receive_time_until", range.receive_time_until)?;
    let from = validate::required("range.receive_time_from", from)?;
    let until = validate::required("range.receive_time_until", until)?;
    if until <= from {
        let rule = "must be later than range.receive_time_from";
        return Err(Error::invalid("range.receive_time_until", rule));
    }
    Ok(Range {
        from,
        until,
        event_type: event_type("range.event_type", range.event_type)?,
        state: state_filter("range.state", range.state)?,
    })
}

/// Those asked for, each once and in their order; all when none is.
fn projections(asked: &[i32]) -> Result<Vec<Projection>, Error> {
    let mut chosen = Vec::new();
    for number in asked {
        let found = projection_filter("projections", *number)?;
        chosen.push(found.ok_or_else(|| Error::invalid("projections", "must all be set"))?);
    }
    if chosen.is_empty() {
        return Ok(Projection::ALL.to_vec());
    }
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}
