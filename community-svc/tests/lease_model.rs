//! Every order in which a read, a change and its invalidation can happen, tried by a
//! model checker: no order leaves an old copy behind.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use loom::sync::{Arc, Mutex};
use loom::thread;

mod sync {
    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
    pub(super) use loom::sync::{Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

// The very file that the service is made of.
#[path = "../src/cache/lease.rs"]
mod lease;

use lease::{Lease, Leases};

/// The hash of the one key; a neighbour has the same stripe.
const KEY: u64 = 0;
const NEIGHBOUR: u64 = 2;

/// What Redis holds under the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Nothing,
    Tombstone,
    Value(u32),
}

/// BetterMode, Redis and one replica's memory.
struct World {
    upstream: Mutex<u32>,
    redis: Mutex<Entry>,
    memory: Mutex<Option<u32>>,
    leases: Leases,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            upstream: Mutex::new(1),
            redis: Mutex::new(Entry::Nothing),
            memory: Mutex::new(None),
            leases: Leases::new(2),
        })
    }

    fn keep(&self, lease: Lease, value: u32) {
        self.leases.fill(KEY, lease, || {
            *self.memory.lock().unwrap() = Some(value);
        });
    }

    /// A read as the cache does it: lease, Redis, BetterMode, Redis, memory.
    fn read(&self, lease: Lease) {
        let expected = *self.redis.lock().unwrap();
        if let Entry::Value(value) = expected {
            self.keep(lease, value);
            return;
        }
        let value = *self.upstream.lock().unwrap();
        let landed = {
            let mut redis = self.redis.lock().unwrap();
            let holds = *redis == expected;
            if holds {
                *redis = Entry::Value(value);
            }
            holds
        };
        if landed {
            self.keep(lease, value);
        }
    }

    fn drop_from_memory(&self) {
        self.leases
            .invalidate(KEY, || *self.memory.lock().unwrap() = None);
    }

    /// A change and its webhook: BetterMode first, then memory, Redis, and the message
    /// that comes back.
    fn change(&self) {
        *self.upstream.lock().unwrap() = 2;
        self.drop_from_memory();
        *self.redis.lock().unwrap() = Entry::Tombstone;
        self.drop_from_memory();
    }

    fn assert_nothing_old_is_left(&self) {
        assert_ne!(*self.memory.lock().unwrap(), Some(1), "memory is stale");
        assert_ne!(
            *self.redis.lock().unwrap(),
            Entry::Value(1),
            "redis is stale"
        );
    }
}

#[test]
fn a_read_that_began_before_a_change_leaves_no_old_copy() {
    loom::model(|| {
        let world = World::new();
        let reader = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.read(world.leases.begin(KEY)))
        };
        world.change();
        reader.join().unwrap();
        world.assert_nothing_old_is_left();
    });
}

#[test]
fn two_reads_and_a_change_leave_no_old_copy() {
    let mut model = loom::model::Builder::new();
    // Without a bound it takes hours; most races need two or three switches.
    model.preemption_bound = Some(3);
    model.check(|| {
        let world = World::new();
        let readers = [(); 2].map(|()| {
            let world = Arc::clone(&world);
            thread::spawn(move || world.read(world.leases.begin(KEY)))
        });
        world.change();
        for reader in readers {
            reader.join().unwrap();
        }
        world.assert_nothing_old_is_left();
    });
}

#[test]
fn a_read_that_learns_its_key_from_the_answer_leaves_no_old_copy() {
    loom::model(|| {
        let world = World::new();
        let reader = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.read(world.leases.begin_any()))
        };
        world.change();
        reader.join().unwrap();
        world.assert_nothing_old_is_left();
    });
}

#[test]
fn a_neighbours_change_costs_a_fill_of_memory_at_most() {
    loom::model(|| {
        let world = World::new();
        let reader = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.read(world.leases.begin(KEY)))
        };
        world.leases.invalidate(NEIGHBOUR, || {});
        reader.join().unwrap();
        assert_eq!(*world.redis.lock().unwrap(), Entry::Value(1));
    });
}

/// The model can fail: without the lease's check it finds the stale copy.
#[test]
#[should_panic(expected = "memory is stale")]
fn without_the_check_the_model_finds_a_stale_copy() {
    loom::model(|| {
        let world = World::new();
        let reader = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let value = *world.upstream.lock().unwrap();
                *world.memory.lock().unwrap() = Some(value);
            })
        };
        world.change();
        reader.join().unwrap();
        world.assert_nothing_old_is_left();
    });
}
