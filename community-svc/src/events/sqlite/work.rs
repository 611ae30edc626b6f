//! Projections that are due: taking them, and what became of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Transaction;

use super::rows::{self, EventRow};
use crate::events::projection::kept;
use crate::events::{CLAIM, Due, Error, Projection, Settled, Verdict, Work};
use crate::stores::sqlite::text;

/// The projections of one event are stored at one time under one number, so they
/// come together.
pub(super) const DUE: &str = "
SELECT event_id, projection, attempts
FROM bettermode_webhook_projections INDEXED BY bettermode_webhook_projections_due
WHERE failed_at IS NULL AND next_attempt_at <= ?1
ORDER BY next_attempt_at, seq";

const LEND: &str = "
UPDATE bettermode_webhook_projections SET next_attempt_at = ?3
WHERE event_id = ?1 AND projection = ?2";

const DONE: &str = "
DELETE FROM bettermode_webhook_projections
WHERE event_id = ?1 AND projection = ?2 AND failed_at IS NULL";

const RETRY: &str = "
UPDATE bettermode_webhook_projections
SET attempts = attempts + 1, reason = ?3, next_attempt_at = ?4
WHERE event_id = ?1 AND projection = ?2 AND failed_at IS NULL";

const LATER: &str = "
UPDATE bettermode_webhook_projections SET next_attempt_at = ?3
WHERE event_id = ?1 AND projection = ?2 AND failed_at IS NULL";

const DEAD: &str = "
UPDATE bettermode_webhook_projections
SET attempts = attempts + 1, reason = ?3, next_attempt_at = NULL, failed_at = ?4
WHERE event_id = ?1 AND projection = ?2 AND failed_at IS NULL";

const REDO: &str = "
INSERT OR REPLACE INTO bettermode_webhook_projections (event_id, projection, seq, next_attempt_at)
SELECT event_id, ?2, seq, ?3 FROM bettermode_webhook_events
WHERE event_id = ?1 AND erased_at IS NULL";

/// What the projections of an event add up to.
const ADD_UP: &str = "
UPDATE bettermode_webhook_events SET state = CASE
    WHEN EXISTS (SELECT 1 FROM bettermode_webhook_projections
                 WHERE event_id = ?1 AND failed_at IS NULL) THEN 'pending'
    WHEN EXISTS (SELECT 1 FROM bettermode_webhook_projections
                 WHERE event_id = ?1) THEN 'dead'
    ELSE 'done' END
WHERE event_id = ?1";

/// An event and what is due of it, as it is in the file.
pub(super) struct Claimed {
    event: EventRow,
    due: Vec<(String, u32)>,
}

impl Claimed {
    pub(super) fn into_work(self) -> Result<Work, Error> {
        let mut due = self
            .due
            .into_iter()
            .map(|(name, attempts)| {
                let projection = rows::projection(&name)?;
                Ok(Due {
                    projection,
                    attempts,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        due.sort_by_key(|due| due.projection);
        Ok(Work {
            event: self.event.into_event()?,
            due,
        })
    }
}

/// Takes what is due of at most `limit` events.
pub(super) fn claim(
    transaction: &Transaction<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Claimed>, rusqlite::Error> {
    let until = text(now.checked_add(CLAIM).unwrap_or(Timestamp::MAX));
    let mut taken: Vec<(String, Vec<(String, u32)>)> = Vec::new();
    let mut statement = transaction.prepare_cached(DUE)?;
    let mut found = statement.query([text(now)])?;
    while let Some(row) = found.next()? {
        let event_id: String = row.get("event_id")?;
        let due = (row.get("projection")?, row.get("attempts")?);
        if let Some((_, all)) = taken.iter_mut().find(|(id, _)| *id == event_id) {
            all.push(due);
        } else if taken.len() < limit {
            taken.push((event_id, vec![due]));
        } else {
            break;
        }
    }
    drop(found);
    let mut lend = transaction.prepare_cached(LEND)?;
    let mut claimed = Vec::with_capacity(taken.len());
    for (event_id, due) in taken {
        for (projection, _) in &due {
            lend.execute((&event_id, projection, &until))?;
        }
        if let Some(event) = rows::get(transaction, &event_id)? {
            claimed.push(Claimed { event, due });
        }
    }
    Ok(claimed)
}

/// Records what became of each.
pub(super) fn settle(
    transaction: &Transaction<'_>,
    settled: &[Settled],
) -> Result<(), rusqlite::Error> {
    for one in settled {
        let (id, name) = (&one.event_id, one.projection.name());
        match &one.verdict {
            Verdict::Done => transaction.prepare_cached(DONE)?.execute((id, name))?,
            Verdict::Retry { reason, at } => {
                transaction
                    .prepare_cached(RETRY)?
                    .execute((id, name, kept(reason), text(*at)))?
            }
            Verdict::Later { at } => {
                transaction
                    .prepare_cached(LATER)?
                    .execute((id, name, text(*at)))?
            }
            Verdict::Dead { reason, at } => {
                transaction
                    .prepare_cached(DEAD)?
                    .execute((id, name, kept(reason), text(*at)))?
            }
        };
    }
    let events: BTreeSet<&str> = settled.iter().map(|one| &one.event_id[..]).collect();
    add_up(transaction, events)
}

/// Makes the projections due again.
pub(super) fn redo(
    transaction: &Transaction<'_>,
    event_ids: &[String],
    projections: &[Projection],
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let now = text(now);
    let mut statement = transaction.prepare_cached(REDO)?;
    for event_id in event_ids {
        for projection in projections {
            statement.execute((event_id, projection.name(), &now))?;
        }
    }
    add_up(transaction, event_ids.iter().map(String::as_str))
}

fn add_up<'a>(
    transaction: &Transaction<'_>,
    event_ids: impl IntoIterator<Item = &'a str>,
) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare_cached(ADD_UP)?;
    for event_id in event_ids {
        statement.execute([event_id])?;
    }
    Ok(())
}
