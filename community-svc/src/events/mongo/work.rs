//! Projections that are due: taking them, and what became of them.

use std::collections::{BTreeMap, HashMap};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::Hint;
use serde::Deserialize;

use super::document::{EventDocument, date};
use super::{WORK_TIMEOUT, indexes};
use crate::events::projection::kept;
use crate::events::{CLAIM, Due, Error, EventState, Projection, Settled, Verdict, Work};

type Events = Collection<EventDocument>;

/// An event and what is due of it.
pub(super) struct Claimed {
    event: EventDocument,
    due: Vec<(Projection, u32)>,
}

impl Claimed {
    pub(super) fn into_work(self) -> Result<Work, Error> {
        let due = self.due.into_iter().map(|(projection, attempts)| Due {
            projection,
            attempts,
        });
        Ok(Work {
            due: due.collect(),
            event: self.event.into_event()?,
        })
    }
}

#[derive(Deserialize)]
struct Id {
    #[serde(rename = "_id")]
    id: String,
}

/// Takes what is due of at most `limit` events. Who looks at the same time finds
/// the same events; each is given to the one whose update comes first.
pub(super) async fn claim(
    events: &Events,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Claimed>, DriverError> {
    let due =
        doc! { "state": EventState::Pending.name(), "next_attempt_at": { "$lte": date(now) } };
    let found: Vec<Id> = events
        .clone_with_type::<Id>()
        .find(due.clone())
        .sort(indexes::due())
        .hint(Hint::Keys(indexes::due()))
        .projection(doc! { "_id": 1 })
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .max_time(WORK_TIMEOUT)
        .await?
        .try_collect()
        .await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = found.into_iter().map(|found| found.id).collect();
    let claim = ObjectId::new();
    let mut free = due;
    free.insert("_id", doc! { "$in": &ids });
    events.update_many(free, lend(now, claim)).await?;
    let lent: Vec<EventDocument> = events
        .find(doc! { "_id": { "$in": &ids } })
        .projection(doc! { "data": 0 })
        .max_time(WORK_TIMEOUT)
        .await?
        .try_collect()
        .await?;
    let mut lent: HashMap<String, EventDocument> = lent
        .into_iter()
        .map(|document| (document.id().to_owned(), document))
        .collect();
    let in_order = ids.iter().filter_map(|id| lent.remove(id));
    Ok(in_order
        .map(|event| Claimed {
            due: event.taken_by(claim),
            event,
        })
        .filter(|claimed| !claimed.due.is_empty())
        .collect())
}

/// Records what became of each. Events with the same outcome, which is nearly all
/// of them, are one update.
pub(super) async fn settle(events: &Events, settled: &[Settled]) -> Result<(), DriverError> {
    let mut by_event: BTreeMap<&str, Vec<(Projection, &Verdict)>> = BTreeMap::new();
    for one in settled {
        let verdicts = by_event.entry(&one.event_id).or_default();
        verdicts.push((one.projection, &one.verdict));
    }
    let mut by_verdicts: HashMap<Vec<(Projection, &Verdict)>, Vec<&str>> = HashMap::new();
    for (event_id, verdicts) in by_event {
        by_verdicts.entry(verdicts).or_default().push(event_id);
    }
    for (verdicts, event_ids) in by_verdicts {
        let changes = verdicts.into_iter().map(|(projection, verdict)| {
            let path = path(projection);
            let changed = match verdict {
                Verdict::Done => Bson::from("$$REMOVE"),
                Verdict::Retry { reason, at } => failed_once_more(projection, reason, "at", *at),
                Verdict::Later { at } => {
                    let kept = format!("${path}");
                    Bson::from(doc! { "$mergeObjects": [kept, { "at": date(*at) }] })
                }
                Verdict::Dead { reason, at } => {
                    failed_once_more(projection, reason, "failed_at", *at)
                }
            };
            let kept = format!("${path}");
            let change = doc! { "$cond": [is_due(projection), changed, kept] };
            (path, Bson::from(change))
        });
        let update = with_sum(changes.collect());
        let ids = doc! { "_id": { "$in": event_ids } };
        events.update_many(ids, update).await?;
    }
    Ok(())
}

/// Makes the projections due again.
pub(super) async fn redo(
    events: &Events,
    event_ids: &[String],
    projections: &[Projection],
    now: Timestamp,
) -> Result<(), DriverError> {
    let due = doc! { "$literal": { "attempts": 0, "at": date(now) } };
    let changes = projections
        .iter()
        .map(|projection| (path(*projection), Bson::from(due.clone())));
    let update = with_sum(changes.collect());
    let which = doc! { "_id": { "$in": event_ids }, "erased_at": { "$exists": false } };
    events.update_many(which, update).await?;
    Ok(())
}

/// What is due is due again when the claim ends.
fn lend(now: Timestamp, claim: ObjectId) -> Vec<Document> {
    let until = date(now.checked_add(CLAIM).unwrap_or(Timestamp::MAX));
    let changes = Projection::ALL.map(|projection| {
        let path = path(projection);
        let (kept, at) = (format!("${path}"), format!("${path}.at"));
        // A projection without a time counts as earlier than any time.
        let is_due = doc! { "$and": [is_due(projection), { "$lte": [at, date(now)] }] };
        let lent = doc! { "$mergeObjects": [&kept, { "at": until, "claim": claim }] };
        (path, Bson::from(doc! { "$cond": [is_due, lent, kept] }))
    });
    with_sum(Document::from_iter(changes))
}

/// The update that makes these changes, and what they add up to.
fn with_sum(changes: Document) -> Vec<Document> {
    let times = |field: &str| {
        let times = Projection::ALL.map(|one| format!("${}.{field}", path(one)));
        doc! { "$min": times.to_vec() }
    };
    let sum = doc! { "next_attempt_at": times("at"), "state": times("failed_at") };
    let is_dead = doc! { "$cond": [
        { "$ne": ["$state", Bson::Null] }, EventState::Dead.name(), EventState::Done.name(),
    ] };
    let state = doc! { "$cond": [
        { "$ne": ["$next_attempt_at", Bson::Null] }, EventState::Pending.name(), is_dead,
    ] };
    let next = doc! { "$ifNull": ["$next_attempt_at", "$$REMOVE"] };
    vec![
        doc! { "$set": changes },
        doc! { "$set": sum },
        doc! { "$set": { "state": state, "next_attempt_at": next } },
    ]
}

fn failed_once_more(projection: Projection, reason: &str, when: &str, at: Timestamp) -> Bson {
    let attempts = format!("${}.attempts", path(projection));
    Bson::from(doc! {
        "attempts": { "$add": [attempts, 1] },
        "reason": { "$literal": kept(reason) },
        when: date(at),
    })
}

fn is_due(projection: Projection) -> Document {
    let at = format!("${}.at", path(projection));
    doc! { "$ne": [{ "$type": at }, "missing"] }
}

fn path(projection: Projection) -> String {
    format!("projections.{}", projection.name())
}
