//! The embedded store beside the log: remembered ids, and dead letters.
//!
//! `ids` for looking one up, `expiry` with the ids of each batch in the order of age,
//! `dead` by position, and how far ids are kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ids::{Batch, Work};
use super::tables::{Change, Table, Tables};
use super::{DeadLetter, Position};

const KEPT: &[u8] = b"kept";

/// What is kept in the tables.
pub(super) struct Store {
    tables: Arc<dyn Tables>,
    /// Ids of events up to this position are on disk.
    kept: AtomicU64,
}

impl Store {
    /// What is in the tables already.
    pub(super) fn over(tables: Arc<dyn Tables>) -> Result<Self, fjall::Error> {
        let kept = tables.get(Table::State, KEPT)?;
        let kept = kept.and_then(|bytes| bytes.first_chunk().copied());
        Ok(Self {
            kept: kept.map_or(0, u64::from_be_bytes).into(),
            tables,
        })
    }

    pub(super) fn knows(&self, id: &str) -> Result<bool, fjall::Error> {
        self.tables.contains(Table::Ids, id.as_bytes())
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
        let ids = batch.ids.iter();
        let ids = ids.map(|id| Change::Put(Table::Ids, id.as_bytes(), &[]));
        // One entry for all: they are forgotten together.
        let (key, all) = (expiry_key(batch.age, batch.last), join(&batch.ids));
        let last = batch.last.to_be_bytes();
        let others = [
            Change::Put(Table::Expiry, &key, all.as_bytes()),
            Change::Put(Table::State, KEPT, &last),
        ];
        self.tables.change(&mut ids.chain(others), true)?;
        self.kept.store(batch.last, Ordering::Release);
        Ok(())
    }

    /// Forgets the ids that were taken before an age of the queue.
    fn forget(&self, before: u64) -> Result<(), fjall::Error> {
        let (mut from, below) = (Vec::new(), key(before));
        loop {
            let next = self.tables.range(Table::Expiry, &from, Some(&below), 1)?;
            let Some((batch, ids)) = next.into_iter().next() else {
                return Ok(());
            };
            // On disk first: an id that came back after a crash could be taken anew, and then
            // be forgotten with its old entry.
            let ids = ids.split(|byte| *byte == b'\n');
            let ids = ids.map(|id| Change::Remove(Table::Ids, id));
            let entry = Change::RemoveOnce(Table::Expiry, &batch);
            self.tables.change(&mut ids.chain([entry]), true)?;
            from = batch;
            from.push(0);
        }
    }
}

/// Dead letters.
impl Store {
    /// How many there are.
    pub(super) fn count_dead(&self) -> Result<u64, fjall::Error> {
        self.tables.count(Table::Dead).map(|count| count as u64)
    }

    /// Dead letters from a position on.
    pub(super) fn dead_letters(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, fjall::Error> {
        let rows = self.tables.range(Table::Dead, &key(from), None, limit)?;
        let letters = rows.iter();
        Ok(letters
            .filter_map(|(key, bytes)| DeadLetter::from_bytes(position(key), bytes))
            .collect())
    }

    pub(super) fn dead_letter(&self, at: Position) -> Result<Option<DeadLetter>, fjall::Error> {
        let found = self.tables.get(Table::Dead, &key(at.0))?;
        Ok(found.and_then(|bytes| DeadLetter::from_bytes(at, &bytes)))
    }

    /// On disk when this returns. Says whether it is a new one.
    pub(super) fn bury(&self, at: Position, letter: &[u8]) -> Result<bool, fjall::Error> {
        let key = key(at.0);
        let is_new = !self.tables.contains(Table::Dead, &key)?;
        let letter = Change::Put(Table::Dead, &key, letter);
        self.tables.change(&mut [letter].into_iter(), true)?;
        Ok(is_new)
    }

    /// For letters that wait in the queue again, on disk there.
    pub(super) fn unbury(&self, positions: &BTreeSet<Position>) -> Result<(), fjall::Error> {
        let keys: Vec<_> = positions.iter().map(|at| key(at.0)).collect();
        let gone = keys.iter().map(|key| Change::Remove(Table::Dead, key));
        self.tables.change(&mut gone.into_iter(), false)
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
            let count = |table| self.tables.count(table).unwrap();
            (count(Table::Ids), count(Table::Expiry))
        }
    }

    #[test]
    fn positions_sort_as_numbers() {
        assert!(key(255) < key(256));
        assert_eq!(position(&key(77)), Position(77));
        assert!(expiry_key(1, 900) < expiry_key(2, 3));
    }
}
