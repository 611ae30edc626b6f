//! What is in the service's file, read past the service.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// The file, to read.
pub struct Records(Connection);

/// An event that the service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the order of storing.
    pub seq: i64,
    /// `pending`, `done` or `dead`.
    pub state: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

impl Records {
    /// Opens it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(directory: &Path) -> rusqlite::Result<Self> {
        let file = directory.join("community.sqlite");
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map(Self)
    }

    /// Ids and states of events after a place, in the order of storing.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn states_after(&self, seq: i64) -> rusqlite::Result<Vec<(i64, String, String)>> {
        let query = "SELECT seq, event_id, state FROM bettermode_webhook_events \
                     WHERE seq > ?1 ORDER BY seq";
        let mut query = self.0.prepare_cached(query)?;
        let rows = query.query_map([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect()
    }

    /// Every event by its id.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn events(&self) -> rusqlite::Result<BTreeMap<String, Stored>> {
        let query = "SELECT event_id, seq, state, payload FROM bettermode_webhook_events";
        let mut query = self.0.prepare(query)?;
        let rows = query.query_map([], |row| {
            let stored = Stored {
                seq: row.get(1)?,
                state: row.get(2)?,
                payload: row.get(3)?,
            };
            Ok((row.get(0)?, stored))
        })?;
        rows.collect()
    }

    /// The name that the record of each member holds.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn names(&self) -> rusqlite::Result<BTreeMap<String, String>> {
        let query = "SELECT bettermode_member_id, name FROM community_members \
                     WHERE bettermode_member_id IS NOT NULL AND name IS NOT NULL";
        let mut query = self.0.prepare(query)?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }

    /// Members and kinds whose count of activities is not the number of activities that
    /// are kept, with both numbers.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn miscounted(&self) -> rusqlite::Result<Vec<(String, String, i64, i64)>> {
        let query = "SELECT member_id, kind, count, \
                       (SELECT count(*) FROM bettermode_member_activities AS kept \
                        WHERE kept.member_id = counted.member_id AND kept.kind = counted.kind) \
                     FROM bettermode_activity_counts AS counted \
                     WHERE period = '' AND kind <> '' AND member_id <> ''";
        let mut query = self.0.prepare(query)?;
        let rows = query.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        let rows: Vec<(String, String, i64, i64)> = rows.collect::<Result<_, _>>()?;
        Ok(rows.into_iter().filter(|row| row.2 != row.3).collect())
    }

    /// How many counts and how many activities there are.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn activities(&self) -> rusqlite::Result<i64> {
        let query = "SELECT count(*) FROM bettermode_member_activities";
        self.0.query_row(query, [], |row| row.get(0))
    }
}
