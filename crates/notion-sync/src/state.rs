//! What this program remembers between runs: one SQLite file.
//!
//! Where it stands in the stream of events, which row belongs to which key and with which
//! hash, what has still to be written. All of it can be made anew from the community and
//! Notion; what must not be lost is in one transaction with what depends on it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

mod activities;
mod inbox;
mod members;
mod pages;
#[cfg(test)]
mod tests;

pub use activities::{Backlog, Meaning};
pub use inbox::Waiting;
pub use members::DueMember;
pub use pages::{Known, Source};

const FILE: &str = "notion-sync.sqlite";
const VERSION: i64 = 1;
/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// Columns: `page` is NULL while a row is being made (`since` when) and nobody knows the outcome; `body` is
/// NULL once an activity's row is written.
const TABLES: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE pages (
        source INTEGER NOT NULL, key TEXT NOT NULL, page TEXT, hash TEXT NOT NULL,
        since INTEGER NOT NULL, PRIMARY KEY (source, key)
    ) WITHOUT ROWID;
    CREATE TABLE unkeyed (
        email TEXT NOT NULL, page TEXT NOT NULL, PRIMARY KEY (email, page)
    ) WITHOUT ROWID;
    CREATE TABLE inbox (
        event_id TEXT PRIMARY KEY, event_type TEXT NOT NULL, object_id TEXT NOT NULL,
        occurred INTEGER NOT NULL, received INTEGER NOT NULL, arrived INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX inbox_by_arrival ON inbox (arrived);
    CREATE TABLE activities (
        event_id TEXT NOT NULL, member_id TEXT NOT NULL, kind TEXT NOT NULL,
        occurred INTEGER NOT NULL, body TEXT,
        PRIMARY KEY (event_id, member_id)
    ) WITHOUT ROWID;
    CREATE INDEX activities_by_member ON activities (member_id, kind, occurred);
    CREATE INDEX activities_to_write ON activities (occurred, event_id) WHERE body IS NOT NULL;
    CREATE TABLE dirty (
        member_id TEXT PRIMARY KEY, since INTEGER NOT NULL, newer_than INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX dirty_by_age ON dirty (since);
";

/// Names in `meta`.
pub mod meta {
    /// The network, which the file is bound to.
    pub const NETWORK: &str = "network";
    /// The data source of the members, which the file is bound to.
    pub const MEMBERS: &str = "members";
    /// The data source of the activities.
    pub const ACTIVITIES: &str = "activities";
    /// Where to go on in the stream.
    pub const TOKEN: &str = "resume_token";
    /// When everything was last compared.
    pub const RECONCILED: &str = "reconciled_at";
    /// How the columns of activities were when everything was last compared.
    pub const LAYOUT: &str = "activities_layout";
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite says no.
    #[error("{attempted} in {FILE}: {source}")]
    Sqlite {
        /// What was attempted.
        attempted: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The folder or the file cannot be made ours.
    #[error("making {FILE} in DATA_DIR: {0}")]
    Folder(#[from] std::io::Error),
    /// Another version made it.
    #[error("{FILE} was made by another version of notion-sync; move it away to begin anew")]
    Version,
    /// It belongs to another community or another data source.
    #[error(
        "{FILE} belongs to another {what}; use another DATA_DIR for this one, or move the file away to begin anew"
    )]
    Bound {
        /// What differs.
        what: &'static str,
    },
    /// What it holds makes no sense.
    #[error("{FILE} holds a value that cannot be read: {0}; move it away to begin anew")]
    Value(String),
    /// The program is ending.
    #[error("the work on {FILE} was cut off")]
    Cut,
}

/// The file, open; cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Mutex<Connection>>);

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State")
    }
}

impl State {
    /// Opens the file in this folder; makes both where they are missing.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder)?;
        let open = || -> Result<(Connection, i64), rusqlite::Error> {
            let connection = Connection::open(folder.join(FILE))?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // A row that was made must be remembered, or it would be made again.
            connection.pragma_update(None, "synchronous", "FULL")?;
            let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((connection, version))
        };
        let (mut connection, version) = open().map_err(sqlite("opening the file"))?;
        match version {
            VERSION => {}
            0 => make_tables(&mut connection).map_err(sqlite("making the tables"))?,
            _ => return Err(Error::Version),
        }
        // It holds personal data.
        std::fs::set_permissions(folder.join(FILE), Permissions::from_mode(0o600))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Makes the file this network's and these data sources', or refuses when it is another's.
    ///
    /// # Errors
    /// [`Error::Bound`] and others.
    pub async fn bind(&self, bindings: Vec<(&'static str, String)>) -> Result<(), Error> {
        let known = self
            .run("binding the file", move |transaction| {
                for (name, value) in &bindings {
                    transaction.execute(
                        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                        params![name, value],
                    )?;
                    let known: String = transaction.query_row(
                        "SELECT value FROM meta WHERE name = ?1",
                        [name],
                        |row| row.get(0),
                    )?;
                    if known != *value {
                        return Ok(Some(*name));
                    }
                }
                Ok(None)
            })
            .await?;
        match known {
            None => Ok(()),
            Some(meta::NETWORK) => Err(Error::Bound { what: "network" }),
            Some(_) => Err(Error::Bound {
                what: "data source",
            }),
        }
    }

    /// A remembered value.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn meta(&self, name: &'static str) -> Result<Option<String>, Error> {
        self.run("reading a value", move |transaction| {
            transaction
                .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
                    row.get(0)
                })
                .optional()
        })
        .await
    }

    /// Remembers a value.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn set_meta(&self, name: &'static str, value: String) -> Result<(), Error> {
        self.run("keeping a value", move |transaction| {
            set_meta(transaction, name, &value)
        })
        .await
    }

    /// Runs `work` as one transaction, off the runtime's threads, to its end.
    async fn run<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        done.await
            .map_err(|_| Error::Cut)?
            .map_err(sqlite(attempted))
    }
}

fn make_tables(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn set_meta(transaction: &Transaction<'_>, name: &str, value: &str) -> Result<(), rusqlite::Error> {
    let statement = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
    transaction
        .execute(statement, params![name, value])
        .map(|_| ())
}

fn sqlite(attempted: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |source| Error::Sqlite { attempted, source }
}

fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}
