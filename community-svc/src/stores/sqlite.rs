//! One SQLite file, `community.sqlite` in `DATA_DIR`, for all embedded stores of
//! one process.
//!
//! One connection writes and one reads, each one statement at a time, on a thread
//! of its own: a read does not wait for a write's sync. A write returns
//! when it is synced to disk (WAL, synchronous FULL).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use service_kit::blocking::Blocking;

use super::StoreError;

mod migrations;
mod own_thread;
mod place;

use place::Place;

const FILE: &str = "community.sqlite";

/// How long another process may hold the file before a call fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many statements a connection keeps prepared.
const PREPARED: usize = 64;

/// The file, open; cheap to clone.
#[derive(Clone)]
pub struct SqliteFile {
    writer: Arc<Place>,
    reader: Arc<Place>,
}

impl std::fmt::Debug for SqliteFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteFile")
    }
}

impl SqliteFile {
    /// Opens the file in `directory`, makes both where they are missing, and
    /// brings the tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be used,
    /// [`StoreError::Unreadable`] when a newer version made it.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Self::open_on(directory, &Blocking::Pool)
    }

    /// As [`open`](Self::open), with statements where `blocking` says.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(directory: &Path, blocking: &Blocking) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(|error| failed("making DATA_DIR", error))?;
        let file = directory.join(FILE);
        let mut writer = Connection::open(&file)
            .and_then(configured)
            .map_err(|error| failed("opening community.sqlite", error))?;
        migrations::run(&mut writer)?;
        let reading = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&file, reading)
            .and_then(with_patience)
            .map_err(|error| failed("opening community.sqlite to read", error))?;
        log_statements(&reader);
        let place = |name, connection| {
            Place::new(name, connection, blocking)
                .map(Arc::new)
                .map_err(|error| failed("starting a thread for community.sqlite", error))
        };
        Ok(Self {
            writer: place("sqlite writes", writer)?,
            reader: place("sqlite reads", reader)?,
        })
    }

    /// Runs `work` on the connection that writes, to its end even if the caller
    /// goes away.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with what `work` failed with.
    pub async fn run<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        on(&self.writer, attempted, work).await
    }

    /// Runs `work` as one transaction: all of it is synced to disk, or nothing.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn write<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(attempted, move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    /// Runs `work` on one consistent view of the file; it cannot write.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn read<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        on(&self.reader, attempted, move |connection| {
            let view = connection.transaction()?;
            work(&view)
        })
        .await
    }
}

/// A time as the tables have it, text that sorts by time: `2026-03-04T05:06:07.089Z`.
pub(crate) fn text(at: Timestamp) -> String {
    let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    format!("{at:.3}")
}

/// The time in a text that [`text`] wrote.
pub(crate) fn time(text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable {
        store: "sqlite",
        what: "a time is not RFC 3339".to_owned(),
    })
}

async fn on<T: Send + 'static>(
    place: &Place,
    attempted: &'static str,
    work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
) -> Result<T, StoreError> {
    place
        .run(work)
        .await
        .map_err(|error| failed(attempted, error))?
        .map_err(|error| failed(attempted, error))
}

fn configured(connection: Connection) -> Result<Connection, rusqlite::Error> {
    let connection = with_patience(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn with_patience(connection: Connection) -> Result<Connection, rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

/// Writes each statement that reads to the log, without its values, where the log's
/// level asks for it: whoever looks for a slow one can have SQLite explain it.
fn log_statements(reader: &Connection) {
    if tracing::enabled!(tracing::Level::TRACE) {
        let log = |event: TraceEvent<'_>| {
            if let TraceEvent::Stmt(_, statement) = event {
                tracing::trace!(statement, "reading");
            }
        };
        reader.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(log));
    }
}

fn failed(
    attempted: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable {
        store: "sqlite",
        attempted,
        advice: "check that DATA_DIR can be written and has space left",
        source: source.into(),
    }
}
