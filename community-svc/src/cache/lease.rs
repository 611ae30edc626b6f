//! Which fills may land in this process's memory: the core of its coherence.
//!
//! A reader takes a lease before it looks anywhere, and shows it when it brings what
//! it found. An invalidation in between makes the lease worthless. Leases count in
//! stripes, many keys to a stripe: a neighbour's invalidation can cost a fill, and
//! never lets one land that should not. A reader who learns the key only from the answer
//! takes a lease on any entry, which every invalidation makes worthless. Nothing here
//! waits, allocates or expires.
//! `tests/lease_model.rs` has a model checker try every order of threads.

use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// The right to fill an entry, until it is invalidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lease {
    /// The entry that it was taken for, and its stripe's version.
    One(u64),
    /// Any entry, and how many invalidations there had been.
    Any(u64),
}

/// A version for each stripe; an invalidation makes a new one.
#[derive(Debug)]
pub(crate) struct Leases {
    stripes: Box<[Mutex<u64>]>,
    /// Of all stripes; changes under the lock of the stripe concerned.
    invalidations: AtomicU64,
}

impl Leases {
    /// With so many stripes, at least 1.
    pub(crate) fn new(stripes: usize) -> Self {
        Self {
            stripes: (0..stripes.max(1)).map(|_| Mutex::new(0)).collect(),
            invalidations: AtomicU64::new(0),
        }
    }

    /// A lease on the entry whose key has this hash.
    pub(crate) fn begin(&self, hash: u64) -> Lease {
        Lease::One(*self.lock(hash))
    }

    /// A lease on any entry.
    pub(crate) fn begin_any(&self) -> Lease {
        Lease::Any(self.invalidations.load(Ordering::SeqCst))
    }

    /// Calls `store` if nobody has invalidated the entry with this hash since the lease
    /// was taken, and says whether. No invalidation comes in between.
    pub(crate) fn fill(&self, hash: u64, lease: Lease, store: impl FnOnce()) -> bool {
        let version = self.lock(hash);
        let holds = match lease {
            Lease::One(then) => *version == then,
            Lease::Any(then) => self.invalidations.load(Ordering::SeqCst) == then,
        };
        if holds {
            store();
        }
        holds
    }

    /// Calls `remove` and shuts out every fill that has begun. No fill comes in between.
    pub(crate) fn invalidate(&self, hash: u64, remove: impl FnOnce()) {
        let mut version = self.lock(hash);
        self.invalidations.fetch_add(1, Ordering::SeqCst);
        *version += 1;
        remove();
    }

    fn lock(&self, hash: u64) -> MutexGuard<'_, u64> {
        let stripes = self.stripes.len() as u64;
        let stripe = usize::try_from(hash % stripes).unwrap_or(0);
        self.stripes[stripe]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
