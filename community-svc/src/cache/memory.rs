//! Entries in this process, bounded in bytes. Tombstones are kept apart from
//! the entries, because one that was evicted for space would let an old fill
//! land; they cost about 200 bytes for each invalidation of the last minute.

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};
use service_kit::clock::SharedClock;

use super::{Expected, TOMBSTONE_TTL};

/// What an entry costs besides its key and value, estimated.
const OVERHEAD_BYTES: usize = 128;

#[derive(Debug, Clone)]
pub(super) struct MemoryStore {
    entries: Cache<String, Entry>,
    tombstones: Arc<Mutex<Tombstones>>,
    clock: SharedClock,
}

#[derive(Debug, Clone)]
struct Entry {
    raw: Bytes,
    expires_at: Timestamp,
    /// The tombstone that stood when this was filled.
    over: Option<Bytes>,
}

#[derive(Debug, Default)]
struct Tombstones {
    by_key: HashMap<String, Tombstone>,
    /// In the order in which they expire.
    queue: VecDeque<(Timestamp, String)>,
}

#[derive(Debug)]
struct Tombstone {
    raw: Bytes,
    expires_at: Timestamp,
}

impl MemoryStore {
    pub(super) fn new(max_bytes: u64, clock: SharedClock) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|key: &String, entry: &Entry| {
                let bytes = key.len() + entry.raw.len() + OVERHEAD_BYTES;
                u32::try_from(bytes).unwrap_or(u32::MAX)
            })
            .build();
        Self {
            entries,
            tombstones: Arc::default(),
            clock,
        }
    }

    pub(super) async fn get(&self, key: &str) -> Option<Bytes> {
        let entry = self.entries.get(key).await;
        self.current(key, entry)
    }

    pub(super) async fn fill(
        &self,
        key: String,
        expected: Expected,
        raw: Bytes,
        ttl: Duration,
    ) -> bool {
        let expires_at = after(self.clock.now(), ttl);
        // moka lets one computation at a time run for a key.
        let done = self
            .entries
            .entry_by_ref(&key)
            .and_compute_with(|entry| {
                let current = self.current(&key, entry.map(moka::Entry::into_value));
                let wanted = match expected {
                    Expected::Absent => None,
                    Expected::Exactly(old) => Some(old),
                };
                ready(if current == wanted {
                    Op::Put(Entry {
                        raw,
                        expires_at,
                        over: self.tombstones().get(&key, self.clock.now()),
                    })
                } else {
                    Op::Nop
                })
            })
            .await;
        matches!(done, CompResult::Inserted(_) | CompResult::ReplacedWith(_))
    }

    pub(super) async fn bury(&self, key: String, tombstone: Bytes) {
        self.entries
            .entry_by_ref(&key)
            .and_compute_with(|_| {
                self.tombstones().put(&key, tombstone, self.clock.now());
                ready(Op::Remove)
            })
            .await;
    }

    /// What a reader of `key` sees, as the one value that Redis would hold.
    fn current(&self, key: &str, entry: Option<Entry>) -> Option<Bytes> {
        let now = self.clock.now();
        let tombstone = self.tombstones().get(key, now);
        let live = entry.filter(|entry| {
            entry.expires_at > now && (tombstone.is_none() || entry.over == tombstone)
        });
        live.map(|entry| entry.raw).or(tombstone)
    }

    fn tombstones(&self) -> MutexGuard<'_, Tombstones> {
        self.tombstones
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) async fn put_raw(&self, key: String, raw: Bytes) {
        let entry = Entry {
            raw,
            expires_at: self.clock.now() + Duration::from_secs(60),
            over: None,
        };
        self.entries.insert(key, entry).await;
    }

    #[cfg(test)]
    pub(super) async fn weight(&self) -> u64 {
        self.entries.run_pending_tasks().await;
        self.entries.weighted_size()
    }

    #[cfg(test)]
    pub(super) fn tombstone_count(&self) -> usize {
        self.tombstones().by_key.len()
    }
}

impl Tombstones {
    fn get(&self, key: &str, now: Timestamp) -> Option<Bytes> {
        let tombstone = self.by_key.get(key)?;
        (tombstone.expires_at > now).then(|| tombstone.raw.clone())
    }

    fn put(&mut self, key: &str, raw: Bytes, now: Timestamp) {
        self.remove_expired(now);
        let expires_at = after(now, TOMBSTONE_TTL);
        self.queue.push_back((expires_at, key.to_owned()));
        self.by_key
            .insert(key.to_owned(), Tombstone { raw, expires_at });
    }

    fn remove_expired(&mut self, now: Timestamp) {
        while self.queue.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, key)) = self.queue.pop_front() else {
                return;
            };
            // A later invalidation of the same key is further back in the queue.
            if self.get(&key, now).is_none() {
                self.by_key.remove(&key);
            }
        }
    }
}

fn after(now: Timestamp, duration: Duration) -> Timestamp {
    now.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
