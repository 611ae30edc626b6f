//! Pages of events and of dead letters.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::Hint;
use serde::Deserialize;

use super::document::{self, EventDocument, ProjectionDocument, date, timestamp};
use super::{COUNT_TIMEOUT, LIST_TIMEOUT, indexes};
use crate::events::{
    DeadCursor, DeadLetter, DeadLetterQuery, Error, EventQuery, EventState, Outline, PAGE_BYTES,
    Projection,
};

type Events = Collection<EventDocument>;

/// So many events that wait or were given up on are looked through one by one for those
/// of a member; of more, a member's own are looked through.
const FEW: u64 = 2_000;

/// The index of a list: a member with many events may have none that is dead.
async fn index(events: &Events, query: &EventQuery) -> Result<Hint, DriverError> {
    let keys = match (&query.member_id, query.state) {
        (Some(_), Some(state @ (EventState::Pending | EventState::Dead)))
            if are_few(events, state).await? =>
        {
            indexes::by_state()
        }
        _ => indexes::of(query),
    };
    Ok(Hint::Keys(keys))
}

async fn are_few(events: &Events, state: EventState) -> Result<bool, DriverError> {
    let count = events
        .count_documents(doc! { "state": state.name() })
        .limit(FEW)
        .hint(Hint::Keys(indexes::by_state()))
        .max_time(LIST_TIMEOUT)
        .await?;
    Ok(count < FEW)
}

pub(super) async fn get(events: &Events, id: &str) -> Result<Option<EventDocument>, DriverError> {
    events
        .find_one(doc! { "_id": id })
        .projection(doc! { "data": 0 })
        .max_time(LIST_TIMEOUT)
        .await
}

/// The events that `query` selects, until they reach [`PAGE_BYTES`].
pub(super) async fn events(
    events: &Events,
    query: &EventQuery,
) -> Result<Vec<EventDocument>, DriverError> {
    let mut found = events
        .find(filter(query))
        .sort(latest_first())
        .hint(index(events, query).await?)
        .projection(doc! { "data": 0 })
        .limit(limit(query.limit))
        .max_time(LIST_TIMEOUT)
        .await?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(document) = found.try_next().await?
    {
        bytes += document.payload_bytes();
        page.push(document);
    }
    Ok(page)
}

/// The same without payloads.
pub(super) async fn outlines(
    events: &Events,
    query: &EventQuery,
) -> Result<Vec<OutlineDocument>, DriverError> {
    let found = events
        .clone_with_type::<OutlineDocument>()
        .find(filter(query))
        .sort(latest_first())
        .hint(index(events, query).await?)
        .projection(OutlineDocument::fields())
        .limit(limit(query.limit))
        .max_time(LIST_TIMEOUT)
        .await?;
    found.try_collect().await
}

/// The events with these ids, the latest received first.
pub(super) async fn outlines_of(
    events: &Events,
    event_ids: &[String],
) -> Result<Vec<OutlineDocument>, DriverError> {
    let found = events
        .clone_with_type::<OutlineDocument>()
        .find(doc! { "_id": { "$in": event_ids } })
        .projection(OutlineDocument::fields())
        .max_time(LIST_TIMEOUT)
        .await?;
    let mut found: Vec<OutlineDocument> = found.try_collect().await?;
    found.sort_by(|one, other| {
        (other.received_at, &other.event_id).cmp(&(one.received_at, &one.event_id))
    });
    Ok(found)
}

/// How many events `query` selects.
pub(super) async fn count(events: &Events, query: &EventQuery) -> Result<u64, DriverError> {
    events
        .count_documents(filter(query))
        .hint(index(events, query).await?)
        .max_time(COUNT_TIMEOUT)
        .await
}

/// The dead letters that `query` selects, in order within each projection.
pub(super) async fn dead_letters(
    events: &Events,
    query: &DeadLetterQuery,
) -> Result<Vec<(Projection, DeadDocument)>, DriverError> {
    let projections = match query.projection {
        Some(projection) => vec![projection],
        None => Projection::ALL.to_vec(),
    };
    let mut all = Vec::new();
    for projection in projections {
        let found: Vec<DeadDocument> = events
            .clone_with_type::<DeadDocument>()
            .find(dead_filter(projection, query.before.as_ref()))
            .sort(indexes::dead(projection))
            .hint(Hint::Keys(indexes::dead(projection)))
            .projection(doc! { "event_id": 1, "event_type": 1, "received_at": 1, "projections": 1 })
            .limit(limit(query.limit))
            .max_time(LIST_TIMEOUT)
            .await?
            .try_collect()
            .await?;
        all.extend(found.into_iter().map(|document| (projection, document)));
    }
    Ok(all)
}

/// The first `limit` of all projections together, in order.
pub(super) fn merged(
    found: Vec<(Projection, DeadDocument)>,
    limit: usize,
) -> Result<Vec<DeadLetter>, Error> {
    let mut all = found
        .into_iter()
        .map(|(projection, document)| document.into_dead_letter(projection))
        .collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|one, other| {
        let place = |one: &DeadLetter| (one.failed_at, one.event_id.clone(), one.projection.name());
        place(other).cmp(&place(one))
    });
    all.truncate(limit);
    Ok(all)
}

/// What selects the events of a list. The place bounds the index as a whole, and
/// the part behind `$nor` only drops events of its very millisecond; as an `$or` it
/// would make MongoDB merge two scans.
pub(super) fn filter(query: &EventQuery) -> Document {
    let mut filter = Document::new();
    if let Some(member_id) = &query.member_id {
        filter.insert("member_ids", member_id);
    }
    if let Some(event_type) = &query.event_type {
        filter.insert("event_type", event_type);
    }
    if let Some(state) = query.state {
        filter.insert("state", state.name());
    }
    let mut received = Document::new();
    if let Some(from) = query.received_from {
        received.insert("$gte", date(from));
    }
    if let Some(until) = query.received_until {
        received.insert("$lt", date(until));
    }
    if let Some(before) = &query.before {
        let at = date(before.received_at);
        received.insert("$lte", at);
        let seen = doc! { "received_at": at, "event_id": { "$gte": &before.event_id } };
        filter.insert("$nor", [seen]);
    }
    if !received.is_empty() {
        filter.insert("received_at", received);
    }
    filter
}

/// What selects the dead letters of a projection after a place in the list of all.
pub(super) fn dead_filter(projection: Projection, before: Option<&DeadCursor>) -> Document {
    let failed_at = format!("projections.{}.failed_at", projection.name());
    let Some(before) = before else {
        return doc! { failed_at: { "$exists": true } };
    };
    let at = date(before.failed_at);
    let seen = if projection.name() < before.projection.name() {
        "$gt"
    } else {
        "$gte"
    };
    let seen = doc! { &failed_at: at, "event_id": { seen: &before.event_id } };
    doc! { failed_at: { "$lte": at }, "$nor": [seen] }
}

fn latest_first() -> Document {
    doc! { "received_at": -1, "event_id": -1 }
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// An event without its payload.
#[derive(Debug, Deserialize)]
pub(super) struct OutlineDocument {
    event_id: String,
    event_type: String,
    received_at: DateTime,
    #[serde(default = "document::done")]
    state: String,
    erased_at: Option<DateTime>,
}

impl OutlineDocument {
    fn fields() -> Document {
        doc! { "event_id": 1, "event_type": 1, "received_at": 1, "state": 1, "erased_at": 1 }
    }

    pub(super) fn into_outline(self) -> Result<Outline, Error> {
        Ok(Outline {
            event_id: self.event_id,
            event_type: self.event_type,
            received_at: timestamp(self.received_at)?,
            state: document::state(&self.state)?,
            is_erased: self.erased_at.is_some(),
        })
    }
}

/// An event of which a projection was given up on.
#[derive(Debug, Deserialize)]
pub(super) struct DeadDocument {
    event_id: String,
    event_type: String,
    received_at: DateTime,
    projections: BTreeMap<String, ProjectionDocument>,
}

impl DeadDocument {
    fn into_dead_letter(mut self, projection: Projection) -> Result<DeadLetter, Error> {
        let dead = self.projections.remove(projection.name());
        let Some((dead, failed_at)) = dead.and_then(|dead| {
            let failed_at = dead.failed_at?;
            Some((dead, failed_at))
        }) else {
            return Err(document::unreadable(
                "a dead letter without a time".to_owned(),
            ));
        };
        Ok(DeadLetter {
            event_id: self.event_id,
            event_type: self.event_type,
            received_at: timestamp(self.received_at)?,
            projection,
            reason: dead.reason.unwrap_or_default(),
            attempts: dead.attempts,
            failed_at: timestamp(failed_at)?,
        })
    }
}
