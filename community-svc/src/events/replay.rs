//! Running projections of stored events again.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Error, EventQuery, EventState, EventStore, Outline, Projection, StoredEvent};

/// How many events a replay describes.
pub const DESCRIBED: usize = 500;

/// How many events are made due in one step; what comes in meanwhile waits for one
/// step at most.
const SLICE: usize = 1_000;

/// Knows what a replay would change.
#[async_trait]
pub trait Preview: std::fmt::Debug + Send + Sync {
    /// What running the projection would change, a sentence each; none when the
    /// event has taken effect already. Changes nothing.
    ///
    /// # Errors
    /// When a store does not answer.
    async fn changes(
        &self,
        event: &StoredEvent,
        projection: Projection,
    ) -> Result<Vec<String>, Error>;
}

/// Which events to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These.
    Ids(Vec<String>),
    /// Those received in a range of time.
    Range(Range),
}

/// Events received in a range of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Received at this time or later.
    pub from: Timestamp,
    /// Received before this time.
    pub until: Timestamp,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Only events in this state.
    pub state: Option<EventState>,
}

/// What was replayed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The first [`DESCRIBED`] events as they were before, the latest received
    /// first. An erased one is not replayed: there is nothing left to project.
    pub events: Vec<Outline>,
    /// How many events fit the selection.
    pub count: u64,
    /// Ids that the store does not know.
    pub unknown: Vec<String>,
}

/// What [`run`] would do; changes nothing.
///
/// # Errors
/// As [`EventStore::outlines`].
pub async fn preview(store: &dyn EventStore, selection: &Selection) -> Result<Replayed, Error> {
    match selection {
        Selection::Ids(ids) => Ok(of_ids(ids, store.outlines_of(ids).await?)),
        Selection::Range(range) => Ok(Replayed {
            events: store.outlines(range.query(DESCRIBED)).await?,
            count: store.count(range.query(DESCRIBED)).await?,
            unknown: Vec::new(),
        }),
    }
}

/// What running `projections` of one event would change, a sentence each. Events are
/// read one by one: their payloads together could be large.
///
/// # Errors
/// As [`EventStore::get`].
pub async fn changes(
    store: &dyn EventStore,
    preview: &dyn Preview,
    event_id: &str,
    projections: &[Projection],
) -> Result<Vec<String>, Error> {
    if projections.is_empty() {
        return Ok(Vec::new());
    }
    let Some(event) = store.get(event_id).await? else {
        return Ok(Vec::new());
    };
    let mut changes = Vec::new();
    for projection in projections {
        changes.extend(preview.changes(&event, *projection).await?);
    }
    Ok(changes)
}

/// Makes `projections` of the selected events due at `now`.
///
/// # Errors
/// As [`EventStore::redo`].
pub async fn run(
    store: &dyn EventStore,
    selection: &Selection,
    projections: &[Projection],
    now: Timestamp,
) -> Result<Replayed, Error> {
    match selection {
        Selection::Ids(ids) => {
            let found = store.outlines_of(ids).await?;
            store.redo(&ids_of(&found), projections, now).await?;
            Ok(of_ids(ids, found))
        }
        Selection::Range(range) => run_range(store, range, projections, now).await,
    }
}

/// From the latest to the oldest, so that what arrives meanwhile is not met, and
/// no event twice although its state changes.
async fn run_range(
    store: &dyn EventStore,
    range: &Range,
    projections: &[Projection],
    now: Timestamp,
) -> Result<Replayed, Error> {
    let mut query = range.query(SLICE);
    let mut replayed = Replayed::default();
    loop {
        let slice = store.outlines(query.clone()).await?;
        let Some(last) = slice.last() else { break };
        query.before = Some(last.cursor());
        store.redo(&ids_of(&slice), projections, now).await?;
        replayed.count += slice.len() as u64;
        let missing = DESCRIBED - replayed.events.len();
        replayed.events.extend(slice.into_iter().take(missing));
    }
    Ok(replayed)
}

impl Range {
    fn query(&self, limit: usize) -> EventQuery {
        EventQuery {
            event_type: self.event_type.clone(),
            received_from: Some(self.from),
            received_until: Some(self.until),
            state: self.state,
            limit,
            ..EventQuery::default()
        }
    }
}

fn of_ids(asked: &[String], found: Vec<Outline>) -> Replayed {
    let known: std::collections::HashSet<&str> =
        found.iter().map(|outline| &outline.event_id[..]).collect();
    let unknown = asked
        .iter()
        .filter(|id| !known.contains(&id[..]))
        .cloned()
        .collect();
    Replayed {
        count: found.len() as u64,
        unknown,
        events: found,
    }
}

fn ids_of(outlines: &[Outline]) -> Vec<String> {
    outlines.iter().map(|one| one.event_id.clone()).collect()
}
