//! Events in one SQLite file, `community.sqlite` in `DATA_DIR`; for one process.
//!
//! One connection, one statement at a time, off the runtime's threads. A write
//! returns when it is synced to disk (WAL, synchronous FULL).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, TransactionBehavior};
use service_kit::clock::SharedClock;
use tokio::sync::Mutex;

use super::{Error, EventQuery, EventStore, NewEvent, Outcome, StoredEvent};

mod rows;
mod schema;

const FILE: &str = "community.sqlite";

/// How long another process may hold the file before a call fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Events in SQLite.
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    clock: SharedClock,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

impl SqliteStore {
    /// Opens the file in `directory`, and makes both where they are missing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the file cannot be used,
    /// [`Error::Unreadable`] when a newer version made it.
    pub fn open(directory: &Path, clock: SharedClock) -> Result<Self, Error> {
        std::fs::create_dir_all(directory).map_err(|error| failed("making DATA_DIR", error))?;
        let mut connection = Connection::open(directory.join(FILE))
            .map_err(|error| failed("opening community.sqlite", error))?;
        prepare(&mut connection)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            clock,
        })
    }

    /// Runs `work` on the connection, to its end even if the caller goes away.
    async fn run<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let mut connection = Arc::clone(&self.connection).lock_owned().await;
        tokio::task::spawn_blocking(move || work(&mut connection))
            .await
            .map_err(|error| failed(attempted, error))?
            .map_err(|error| failed(attempted, error))
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn is_embedded(&self) -> bool {
        true
    }

    async fn ingest(&self, events: &[NewEvent]) -> Result<Vec<Outcome>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let events = events.to_vec();
        let stored_at = self.clock.now();
        self.run("storing events", move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let outcomes = rows::insert(&transaction, &events, stored_at)?;
            transaction.commit()?;
            Ok(outcomes)
        })
        .await
    }

    async fn list(&self, query: EventQuery) -> Result<Vec<StoredEvent>, Error> {
        self.run("listing events", move |connection| {
            rows::select(connection, &query)
        })
        .await?
        .into_iter()
        .map(rows::EventRow::into_event)
        .collect()
    }

    async fn ping(&self) -> Result<(), Error> {
        self.run("asking for a sign of life", |connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM bettermode_webhook_events)",
                [],
                |_| Ok(()),
            )
        })
        .await
    }
}

fn prepare(connection: &mut Connection) -> Result<(), Error> {
    let attempted = "preparing community.sqlite";
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        .map_err(|error| failed(attempted, error))?;
    let version = schema::migrate(connection).map_err(|error| failed(attempted, error))?;
    if version > schema::VERSION {
        return Err(Error::Unreadable {
            store: "sqlite",
            what: format!("community.sqlite has schema version {version}"),
        });
    }
    Ok(())
}

fn failed(
    attempted: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::Unavailable {
        store: "sqlite",
        attempted,
        advice: "check that DATA_DIR can be written and has space left",
        source: source.into(),
    }
}
