//! Copies in this process, bounded in bytes. A hit takes no await and no round trip.

use std::any::Any;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use jiff::Timestamp;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::held::Held;
use super::lease::{Lease, Leases};

/// What an entry costs besides its key and value: the two tables that find it, its
/// place in the queues, counters; estimated, and held against a real process by
/// `cargo xtask bench reads`.
const OVERHEAD_BYTES: usize = 320;

/// For sizing the tables before anything is known.
const TYPICAL_BYTES: u64 = 2048;

/// Keys that share a version; see [`Leases`].
const STRIPES: usize = 4096;

/// The copies of this process.
#[derive(Debug)]
pub(super) struct Memory {
    /// None where memory is switched off.
    entries: Option<Cache<Box<str>, Slot, Weigher>>,
    leases: Leases,
    hasher: std::collections::hash_map::RandomState,
}

/// A copy of any kind.
#[derive(Debug, Clone)]
struct Slot {
    held: Arc<dyn Any + Send + Sync>,
    fetched_at: Timestamp,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Weigher;

impl Weighter<Box<str>, Slot> for Weigher {
    fn weight(&self, _: &Box<str>, slot: &Slot) -> u64 {
        slot.bytes
    }
}

impl Memory {
    /// Of about `max_bytes` bytes; 0 keeps nothing.
    pub(super) fn new(max_bytes: u64) -> Self {
        let items = usize::try_from(max_bytes / TYPICAL_BYTES).unwrap_or(usize::MAX);
        let cache = || Cache::with_weighter(items.max(64), max_bytes, Weigher);
        Self {
            entries: (max_bytes > 0).then(cache),
            leases: Leases::new(STRIPES),
            hasher: std::collections::hash_map::RandomState::new(),
        }
    }

    pub(super) fn get<V: Send + Sync + 'static>(&self, name: &str) -> Option<Arc<Held<V>>> {
        self.entries.as_ref()?.get(name)?.held.downcast().ok()
    }

    pub(super) fn begin(&self, name: &str) -> Lease {
        self.leases.begin(self.hasher.hash_one(name))
    }

    /// For an entry whose name only the answer tells.
    pub(super) fn begin_any(&self) -> Lease {
        self.leases.begin_any()
    }

    /// Keeps a copy unless the entry was invalidated since `lease` was taken. `encoded` is
    /// the size of the value as JSON: about what its texts take, and about what its
    /// answer takes that is kept beside it.
    pub(super) fn fill<V: Send + Sync + 'static>(
        &self,
        name: &str,
        lease: Lease,
        held: &Arc<Held<V>>,
        encoded: usize,
    ) -> bool {
        let bytes = 2 * name.len() + 2 * encoded + size_of::<Held<V>>() + OVERHEAD_BYTES;
        let slot = Slot {
            held: Arc::clone(held) as Arc<dyn Any + Send + Sync>,
            fetched_at: held.life.fetched_at,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        };
        self.leases.fill(self.hasher.hash_one(name), lease, || {
            if let Some(entries) = &self.entries {
                entries.insert(name.into(), slot);
            }
        })
    }

    /// Drops a copy and shuts out every fill that has begun.
    pub(super) fn invalidate(&self, name: &str) {
        self.leases.invalidate(self.hasher.hash_one(name), || {
            if let Some(entries) = &self.entries {
                entries.remove(name);
            }
        });
    }

    /// Drops a copy from before `than`; fills that have begun may land.
    pub(super) fn remove_older(&self, name: &str, than: Timestamp) {
        if let Some(entries) = &self.entries {
            entries.remove_if(name, |slot| slot.fetched_at < than);
        }
    }

    /// How many copies there are, and their bytes as they are counted.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, u64) {
        let entries = self.entries.as_ref();
        entries.map_or((0, 0), |entries| (entries.len(), entries.weight()))
    }
}
