//! Erasing a member's data, and deleting what is old. In slices, so that events
//! that arrive meanwhile do not wait long.

use jiff::Timestamp;
use rusqlite::Transaction;

use crate::stores::sqlite::text;

const SLICE: i64 = 500;

const EVENTS_OF_MEMBER: &str = "
SELECT event_id FROM bettermode_webhook_event_members WHERE member_id = ?1 LIMIT ?2";

const ERASE: &str = "
UPDATE bettermode_webhook_events
SET payload = x'', data = NULL, data_omitted = NULL, actor_member_id = NULL, object_id = NULL,
    state = 'done', erased_at = ?2
WHERE event_id = ?1";

const OLD: &str = "
SELECT seq, event_id
FROM bettermode_webhook_events INDEXED BY bettermode_webhook_events_by_receipt
WHERE received_at < ?1 AND state = 'done'
ORDER BY received_at, event_id LIMIT ?2";

/// Erases some events of the member and says how many; 0 when none is left.
pub(super) fn erase(
    transaction: &Transaction<'_>,
    member_id: &str,
    now: Timestamp,
) -> Result<u64, rusqlite::Error> {
    let events: Vec<String> = transaction
        .prepare_cached(EVENTS_OF_MEMBER)?
        .query_map((member_id, SLICE), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let now = text(now);
    for event_id in &events {
        transaction
            .prepare_cached(ERASE)?
            .execute((event_id, &now))?;
        // No longer an event of anybody, the other members in it included.
        forget(transaction, event_id)?;
    }
    Ok(events.len() as u64)
}

/// Deletes some events that are done and were received before that time, and says
/// how many; 0 when none is left.
pub(super) fn prune(
    transaction: &Transaction<'_>,
    before: Timestamp,
) -> Result<u64, rusqlite::Error> {
    let events: Vec<(i64, String)> = transaction
        .prepare_cached(OLD)?
        .query_map((text(before), SLICE), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, event_id) in &events {
        forget(transaction, event_id)?;
        transaction
            .prepare_cached("DELETE FROM bettermode_webhook_events WHERE seq = ?1")?
            .execute([seq])?;
    }
    if let Some(last) = events.iter().map(|(seq, _)| *seq).max() {
        transaction
            .prepare_cached(
                "UPDATE bettermode_webhook_log SET pruned_through = max(pruned_through, ?1)",
            )?
            .execute([last])?;
    }
    Ok(events.len() as u64)
}

fn forget(transaction: &Transaction<'_>, event_id: &str) -> Result<(), rusqlite::Error> {
    for table in [
        "bettermode_webhook_event_members",
        "bettermode_webhook_projections",
    ] {
        transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE event_id = ?1"))?
            .execute([event_id])?;
    }
    Ok(())
}
