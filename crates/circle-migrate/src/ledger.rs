//! The ledger: what was begun, what became of it, and nothing twice.
//!
//! One SQLite file, bound to one pair of communities, readable by its owner alone since
//! it tells who was in the community. The intent of every change is committed to disk
//! before the change is sent, its outcome after; what is found between the two has to be
//! looked for in BetterMode before anything is sent again.

mod entry;
mod error;
mod rows;

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

pub use entry::{Entry, Outcome, State, Target, TargetKind};
pub use error::LedgerError;
pub use rows::Intent;

use crate::key::{Key, Subject};

const FILE: &str = "ledger.sqlite";
const LOCK: &str = "ledger.lock";
const FORMAT: &str = "1";
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS binding (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS entry (
        subject TEXT NOT NULL,
        id INTEGER NOT NULL,
        email_norm TEXT,
        state TEXT NOT NULL,
        outcome TEXT,
        reason TEXT,
        target_kind TEXT,
        target_id TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        last_error_code TEXT,
        payload_hash TEXT,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (subject, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS entry_target ON entry (target_id);";

/// Which two communities a ledger is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Circle's id of the one that is left.
    pub community: u64,
    /// BetterMode's id of the one that is moved to.
    pub network: String,
}

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    database: Connection,
    pair: Pair,
    path: PathBuf,
    /// Keeps a second run out; none for one who only reads.
    _lock: Option<File>,
}

impl Ledger {
    /// Opens the ledger in `directory` to write, and makes it when there is none.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] while another run has it; [`LedgerError::OfAnother`] when
    /// it is about two other communities; any of [`LedgerError`].
    pub fn open(directory: &Path, pair: Pair) -> Result<Self, LedgerError> {
        std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::set_permissions(directory, Permissions::from_mode(0o700)))
            .map_err(LedgerError::io("make", directory))?;
        let lock = lock(&directory.join(LOCK))?;
        let path = directory.join(FILE);
        // SQLite would make it for everybody to read.
        private(&path)?;
        let database = Connection::open(&path)?;
        // Every commit reaches the disk before anything is sent.
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute_batch(SCHEMA)?;
        let ledger = Self {
            database,
            pair,
            path,
            _lock: Some(lock),
        };
        ledger.bind()?;
        Ok(ledger)
    }

    /// Opens the ledger to read, beside whoever writes it; an empty one when there is
    /// none. Never writes to disk.
    ///
    /// # Errors
    /// [`LedgerError::OfAnother`] when it is about two other communities; any of
    /// [`LedgerError`].
    pub fn read(directory: &Path, pair: Pair) -> Result<Self, LedgerError> {
        let path = directory.join(FILE);
        let database = if path.exists() {
            let database = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            database.busy_timeout(std::time::Duration::from_secs(5))?;
            database
        } else {
            let database = Connection::open_in_memory()?;
            database.execute_batch(SCHEMA)?;
            database
        };
        let ledger = Self {
            database,
            pair,
            path,
            _lock: None,
        };
        if ledger.bound("format")?.is_some() {
            ledger.check()?;
        }
        Ok(ledger)
    }

    /// The two communities.
    #[must_use]
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// The key of a record.
    #[must_use]
    pub fn key(&self, subject: Subject, id: u64) -> Key {
        Key {
            community: self.pair.community,
            subject,
            id,
        }
    }

    /// Keeps a text under a name, such as the options of the run.
    ///
    /// # Errors
    /// [`LedgerError::Sql`].
    pub fn remember(&self, name: &str, value: &str) -> Result<(), LedgerError> {
        let sql = "INSERT INTO binding VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.database.execute(sql, (name, value))?;
        Ok(())
    }

    /// The text under a name.
    ///
    /// # Errors
    /// [`LedgerError::Sql`].
    pub fn bound(&self, name: &str) -> Result<Option<String>, LedgerError> {
        let sql = "SELECT value FROM binding WHERE name = ?1";
        let value = self.database.query_row(sql, [name], |row| row.get(0));
        Ok(value.optional()?)
    }

    fn bind(&self) -> Result<(), LedgerError> {
        if self.bound("format")?.is_some() {
            return self.check();
        }
        let transaction = self.database.unchecked_transaction()?;
        self.remember("community", &self.pair.community.to_string())?;
        self.remember("network", &self.pair.network)?;
        self.remember("format", FORMAT)?;
        Ok(transaction.commit()?)
    }

    fn check(&self) -> Result<(), LedgerError> {
        if self.bound("format")?.as_deref() != Some(FORMAT) {
            return Err(LedgerError::Format {
                path: self.path.clone(),
            });
        }
        let community = self.bound("community")?.unwrap_or_default();
        let network = self.bound("network")?.unwrap_or_default();
        if community == self.pair.community.to_string() && network == self.pair.network {
            return Ok(());
        }
        Err(LedgerError::OfAnother {
            path: self.path.clone(),
            community,
            network,
        })
    }
}

fn private(path: &Path) -> Result<File, LedgerError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(LedgerError::io("open", path))
}

fn lock(path: &Path) -> Result<File, LedgerError> {
    let file = private(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::Locked {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(LedgerError::io("lock", path)(source)),
    }
}

/// The moment that rows are stamped with, to the millisecond.
pub(crate) fn stamp(now: Timestamp) -> String {
    format!("{now:.3}")
}

#[cfg(test)]
mod tests;
