//! The versions of the file, in order. A change of the tables is a new step: add
//! one at the end, never edit one that was released.

use rusqlite::{Connection, TransactionBehavior};

use super::failed;
use crate::stores::StoreError;

/// What brings a file from one version to the next; the first makes the tables of
/// an empty file.
const STEPS: &[&str] = &[
    include_str!("steps/0001_first.sql"),
    include_str!("steps/0002_webhook_effects.sql"),
    include_str!("steps/0003_members_and_activities.sql"),
    include_str!("steps/0004_writes.sql"),
    include_str!("steps/0005_platforms.sql"),
    include_str!("steps/0006_traces.sql"),
];

/// Brings the file to the version of this program. A newer file is left alone.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    let newest = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let version =
        migrate(connection).map_err(|error| failed("preparing community.sqlite", error))?;
    if version > newest {
        return Err(StoreError::Unreadable {
            store: "sqlite",
            what: format!("community.sqlite has schema version {version}, newer than {newest}"),
        });
    }
    Ok(())
}

/// Runs the missing steps, all or none, and returns the version found before.
fn migrate(connection: &mut Connection) -> Result<i64, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (version, step) in (1_i64..).zip(STEPS) {
        if version > found {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
    }
    transaction.commit()?;
    Ok(found)
}
