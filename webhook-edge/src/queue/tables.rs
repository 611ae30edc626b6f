//! The embedded store beside the log, as an argument: a few tables of bytes, sorted by
//! key, changed in groups that count as a whole or not at all.

use std::path::Path;

use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::OpenError;

/// Ids go to tables in large pieces, which costs the least work for each.
const IDS_IN_MEMORY: u64 = 32 * 1024 * 1024;
const OTHERS_IN_MEMORY: u64 = 8 * 1024 * 1024;
/// The filters that say of a new id that it is in no table.
const CACHE: u64 = 16 * 1024 * 1024;

/// The tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Ids of events that were taken.
    Ids,
    /// The ids of each batch, in the order of age.
    Expiry,
    /// Dead letters, by position.
    Dead,
    /// How far ids are kept.
    State,
}

/// A change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// It holds this from now on.
    Put(Table, &'a [u8], &'a [u8]),
    /// It is gone.
    Remove(Table, &'a [u8]),
    /// It is gone; it was put once and never since.
    RemoveOnce(Table, &'a [u8]),
}

/// A key and what it holds.
pub type Row = (Vec<u8>, Vec<u8>);

/// Tables that outlive the process.
pub trait Tables: Send + Sync {
    /// Whether there is an entry.
    ///
    /// # Errors
    /// What the store says.
    fn contains(&self, table: Table, key: &[u8]) -> Result<bool, fjall::Error>;

    /// An entry.
    ///
    /// # Errors
    /// What the store says.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, fjall::Error>;

    /// The first entries from a key on, below another one.
    ///
    /// # Errors
    /// What the store says.
    fn range(
        &self,
        table: Table,
        from: &[u8],
        below: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, fjall::Error>;

    /// How many entries there are.
    ///
    /// # Errors
    /// What the store says.
    fn count(&self, table: Table) -> Result<usize, fjall::Error>;

    /// Makes all changes or none. Where `durable` says so they are on disk when this
    /// returns, and all that were made before.
    ///
    /// # Errors
    /// What the store says.
    fn change(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        durable: bool,
    ) -> Result<(), fjall::Error>;
}

/// Tables in a directory of the operating system.
pub(super) struct Embedded {
    database: Database,
    ids: Keyspace,
    expiry: Keyspace,
    dead: Keyspace,
    state: Keyspace,
}

impl Embedded {
    /// Opens them in a directory, and makes them where there are none.
    pub(super) fn open(directory: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Store {
            directory: directory.to_owned(),
            source,
        };
        let database = Database::builder(directory)
            .cache_size(CACHE)
            .worker_threads(1)
            // Ids are random: compressing them costs and saves nothing.
            .journal_compression(CompressionType::None)
            .open()
            .map_err(unusable)?;
        let keyspace = |name: &str, in_memory: u64| {
            let options = || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(in_memory)
                    .data_block_compression_policy(CompressionPolicy::disabled())
            };
            database.keyspace(name, options).map_err(unusable)
        };
        Ok(Self {
            state: keyspace("state", OTHERS_IN_MEMORY)?,
            ids: keyspace("ids", IDS_IN_MEMORY)?,
            expiry: keyspace("expiry", OTHERS_IN_MEMORY)?,
            dead: keyspace("dead", OTHERS_IN_MEMORY)?,
            database,
        })
    }

    fn of(&self, table: Table) -> &Keyspace {
        match table {
            Table::Ids => &self.ids,
            Table::Expiry => &self.expiry,
            Table::Dead => &self.dead,
            Table::State => &self.state,
        }
    }
}

impl Tables for Embedded {
    fn contains(&self, table: Table, key: &[u8]) -> Result<bool, fjall::Error> {
        self.of(table).contains_key(key)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, fjall::Error> {
        Ok(self.of(table).get(key)?.map(|bytes| bytes.to_vec()))
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        below: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, fjall::Error> {
        let mut rows = Vec::new();
        for entry in self.of(table).range(from.to_vec()..).take(limit) {
            let (key, bytes) = entry.into_inner()?;
            if below.is_some_and(|below| *key >= *below) {
                break;
            }
            rows.push((key.to_vec(), bytes.to_vec()));
        }
        Ok(rows)
    }

    fn count(&self, table: Table) -> Result<usize, fjall::Error> {
        self.of(table).len()
    }

    fn change(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        durable: bool,
    ) -> Result<(), fjall::Error> {
        let mode = if durable {
            PersistMode::SyncData
        } else {
            PersistMode::Buffer
        };
        let mut group = self.database.batch().durability(Some(mode));
        for change in changes {
            match change {
                Change::Put(table, key, bytes) => group.insert(self.of(table), key, bytes),
                Change::Remove(table, key) => group.remove(self.of(table), key),
                Change::RemoveOnce(table, key) => group.remove_weak(self.of(table), key),
            }
        }
        group.commit()
    }
}
