//! The embedded store beside the log: remembered ids, and dead letters.
//!
//! `ids` for looking one up, `expiry` with the ids of each batch in the order of age,
//! `dead` by position, and how far ids are kept.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::ids::{Batch, Work};
use super::{DeadLetter, OpenError, Position};

const KEPT: &[u8] = b"kept";
/// Ids go to tables in large pieces, which costs the least work for each.
const IDS_IN_MEMORY: u64 = 32 * 1024 * 1024;
const OTHERS_IN_MEMORY: u64 = 8 * 1024 * 1024;
/// The filters that say of a new id that it is in no table.
const CACHE: u64 = 16 * 1024 * 1024;

/// The keyspaces.
pub(super) struct Store {
    database: Database,
    ids: Keyspace,
    expiry: Keyspace,
    dead: Keyspace,
    state: Keyspace,
    /// Ids of events up to this position are on disk.
    kept: AtomicU64,
}

impl Store {
    /// Opens the store in a directory, and makes it where there is none.
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
        let state = keyspace("state", OTHERS_IN_MEMORY)?;
        let kept = state.get(KEPT).map_err(unusable)?;
        let kept = kept.and_then(|bytes| bytes.first_chunk().copied());
        Ok(Self {
            ids: keyspace("ids", IDS_IN_MEMORY)?,
            expiry: keyspace("expiry", OTHERS_IN_MEMORY)?,
            dead: keyspace("dead", OTHERS_IN_MEMORY)?,
            kept: kept.map_or(0, u64::from_be_bytes).into(),
            state,
            database,
        })
    }

    pub(super) fn knows(&self, id: &str) -> Result<bool, fjall::Error> {
        self.ids.contains_key(id)
    }

    /// Ids of events up to this position are on disk.
    pub(super) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Acquire)
    }

    pub(super) fn perform(&self, work: &Work) -> Result<(), fjall::Error> {
        match work {
            Work::Keep(batch) => self.keep(batch),
            Work::Forget(before) => self.forget(*before),
        }
    }

    /// On disk when this returns.
    fn keep(&self, batch: &Batch) -> Result<(), fjall::Error> {
        let mut group = self
            .database
            .batch()
            .durability(Some(PersistMode::SyncData));
        for id in &batch.ids {
            group.insert(&self.ids, id.as_bytes(), []);
        }
        // One entry for all: they are forgotten together.
        let key = expiry_key(batch.age, batch.last);
        group.insert(&self.expiry, key, join(&batch.ids));
        group.insert(&self.state, KEPT, batch.last.to_be_bytes());
        group.commit()?;
        self.kept.store(batch.last, Ordering::Release);
        Ok(())
    }

    /// Forgets the ids that were taken before an age of the queue.
    fn forget(&self, before: u64) -> Result<(), fjall::Error> {
        for entry in self.expiry.range(..key(before).to_vec()) {
            let (key, ids) = entry.into_inner()?;
            // On disk first: an id that came back after a crash could be taken anew, and then
            // be forgotten with its old entry.
            let mut group = self
                .database
                .batch()
                .durability(Some(PersistMode::SyncData));
            for id in ids.split(|byte| *byte == b'\n') {
                group.remove(&self.ids, id);
            }
            group.remove_weak(&self.expiry, key);
            group.commit()?;
        }
        Ok(())
    }
}

/// Dead letters.
impl Store {
    /// How many there are.
    pub(super) fn count_dead(&self) -> Result<u64, fjall::Error> {
        self.dead.len().map(|count| count as u64)
    }

    /// Dead letters from a position on.
    pub(super) fn dead_letters(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, fjall::Error> {
        let mut letters = Vec::new();
        for entry in self.dead.range(key(from)..).take(limit) {
            let (key, bytes) = entry.into_inner()?;
            letters.extend(DeadLetter::from_bytes(position(&key), &bytes));
        }
        Ok(letters)
    }

    pub(super) fn dead_letter(&self, at: Position) -> Result<Option<DeadLetter>, fjall::Error> {
        let found = self.dead.get(key(at.0))?;
        Ok(found.and_then(|bytes| DeadLetter::from_bytes(at, &bytes)))
    }

    /// On disk when this returns. Says whether it is a new one.
    pub(super) fn bury(&self, at: Position, letter: Vec<u8>) -> Result<bool, fjall::Error> {
        let is_new = !self.dead.contains_key(key(at.0))?;
        self.dead.insert(key(at.0), letter)?;
        self.database.persist(PersistMode::SyncData)?;
        Ok(is_new)
    }

    /// For letters that wait in the queue again, on disk there.
    pub(super) fn unbury(&self, positions: &BTreeSet<Position>) -> Result<(), fjall::Error> {
        let mut group = self.database.batch().durability(Some(PersistMode::Buffer));
        for position in positions {
            group.remove(&self.dead, key(position.0));
        }
        group.commit()
    }
}

/// Positions and ages sort as their numbers do.
fn key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The position that a key stands for.
fn position(key: &[u8]) -> Position {
    let number = key.first_chunk().copied();
    Position(number.map_or(0, u64::from_be_bytes))
}

/// Where a batch's ids stand in the order of forgetting; no two batches end at the
/// same position.
fn expiry_key(age: u64, last: u64) -> Vec<u8> {
    [key(age), key(last)].concat()
}

/// Ids are visible ASCII, so a line holds one.
fn join<'a>(ids: impl IntoIterator<Item = &'a Box<str>>) -> String {
    let ids: Vec<&str> = ids.into_iter().map(|id| &**id).collect();
    ids.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Store {
        /// How many ids are remembered, in how many batches.
        pub(in crate::queue) fn count_ids(&self) -> (usize, usize) {
            (self.ids.len().unwrap(), self.expiry.len().unwrap())
        }
    }

    #[test]
    fn positions_sort_as_numbers() {
        assert!(key(255) < key(256));
        assert_eq!(position(&key(77)), Position(77));
        assert!(expiry_key(1, 900) < expiry_key(2, 3));
    }
}
