//! Writes in memory: for tests of the flow, held to the contract like the others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Done, Effect, Equal, Finished, Holder, Open, Record, RequestId, State, WriteStore};
use crate::stores::StoreError;

/// Writes in memory; nothing is deleted for its age.
#[derive(Debug, Default)]
pub(super) struct MemoryWrites {
    records: Mutex<BTreeMap<RequestId, Record>>,
    failures: AtomicU32,
}

impl MemoryWrites {
    /// So many outcomes cannot be recorded from now on.
    pub(super) fn fail(&self, outcomes: u32) {
        self.failures.store(outcomes, Ordering::Relaxed);
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<RequestId, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl WriteStore for MemoryWrites {
    async fn begin(&self, intent: &Record) -> Result<Option<Record>, StoreError> {
        let mut records = self.records();
        let known = records.get(&intent.request_id).cloned();
        if known.is_none() {
            records.insert(intent.request_id, intent.clone());
        }
        let holder = intent.open().map(|open| open.holder);
        Ok(known.filter(|known| known.open().map(|open| open.holder) != holder))
    }

    async fn hand_over(
        &self,
        id: RequestId,
        from: Holder,
        to: &Open,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut records = self.records();
        let record = records.get_mut(&id);
        let held = |record: &&mut Record| record.open().is_some_and(|open| open.holder == from);
        Ok(record.filter(held).is_some_and(|record| {
            record.state = State::Open(*to);
            record.changed_at = at;
            true
        }))
    }

    async fn finish(
        &self,
        id: RequestId,
        done: &Done,
        at: Timestamp,
    ) -> Result<Finished, StoreError> {
        let left = self.failures.load(Ordering::Relaxed);
        if left > 0 {
            self.failures.store(left - 1, Ordering::Relaxed);
            return Err(StoreError::Unavailable {
                store: "memory",
                attempted: "recording an outcome",
                advice: "none",
                source: "the test says so".into(),
            });
        }
        let mut records = self.records();
        let is_taken = records.values().any(|other| match &other.state {
            State::Done(other_done) => {
                other.request_id != id
                    && done.object_id.is_some()
                    && other_done.object_id == done.object_id
            }
            State::Open(_) => false,
        });
        if is_taken {
            return Ok(Finished::Claimed);
        }
        let Some(record) = records.get_mut(&id) else {
            return Ok(Finished::Gone);
        };
        if let State::Done(first) = &record.state {
            return Ok(Finished::AlreadyDone(first.clone()));
        }
        record.state = State::Done(done.clone());
        record.changed_at = at;
        Ok(Finished::Recorded)
    }

    async fn forget(&self, id: RequestId, holder: Holder) -> Result<(), StoreError> {
        let mut records = self.records();
        let record = records.get(&id);
        if record
            .and_then(Record::open)
            .is_some_and(|open| open.holder == holder)
        {
            records.remove(&id);
        }
        Ok(())
    }

    async fn equals(&self, effect: &Effect, since: Timestamp) -> Result<Vec<Equal>, StoreError> {
        let records = self.records();
        let equal = records
            .values()
            .filter(|record| record.effect == *effect && record.changed_at >= since);
        Ok(equal
            .map(|record| Equal {
                request_id: record.request_id,
                settled_from: record.open().map(|open| open.settled_from),
                object_id: match &record.state {
                    State::Done(done) => done.object_id.clone(),
                    State::Open(_) => None,
                },
            })
            .collect())
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
