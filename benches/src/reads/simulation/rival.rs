//! What is usually written: ask for each read, or keep each answer for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::world::{Vendor, World};
use super::{Hour, SEED};

/// Until when each answer is kept.
type Kept = Arc<Mutex<HashMap<String, Instant>>>;

/// A reader without rationing.
pub(super) struct Rival {
    vendor: Vendor,
    time_to_live: Duration,
    kept: Kept,
}

impl Rival {
    pub(super) fn without_a_cache(vendor: Vendor) -> Self {
        Self::with_time_to_live(vendor, Duration::ZERO)
    }

    pub(super) fn with_time_to_live(vendor: Vendor, time_to_live: Duration) -> Self {
        Self {
            vendor,
            time_to_live,
            kept: Kept::default(),
        }
    }

    /// Reads at random for so long.
    pub(super) async fn live(&self, world: &mut World, rate: f64, length: Duration) -> Hour {
        let end = Instant::now() + length;
        let mut random = StdRng::seed_from_u64(SEED + 1);
        let mut reads = JoinSet::new();
        loop {
            let pause = Duration::from_secs_f64(-random.random::<f64>().max(1e-12).ln() / rate);
            let next = Instant::now() + pause;
            if next >= end {
                break;
            }
            tokio::time::sleep_until(next).await;
            let (vendor, kept) = (self.vendor.clone(), Arc::clone(&self.kept));
            let (id, time_to_live) = (world.pick(), self.time_to_live);
            reads.spawn(async move {
                let asked = Instant::now();
                let answered = is_kept(&kept, &id) || vendor.ask_for(&id).await;
                if answered {
                    let until = asked + time_to_live;
                    lock(&kept).entry(id).or_insert(until);
                }
                let took = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
                answered.then_some(took)
            });
        }
        let mut hour = Hour::default();
        while let Some(read) = reads.join_next().await {
            hour.reads += 1;
            match read.expect("a read does not panic") {
                Some(took) => hour.latencies.push(took),
                None => hour.failed += 1,
            }
        }
        hour
    }
}

/// Whether an answer is kept; one that is too old goes.
fn is_kept(kept: &Kept, id: &str) -> bool {
    let mut kept = lock(kept);
    if kept.get(id).is_some_and(|until| *until > Instant::now()) {
        return true;
    }
    kept.remove(id);
    false
}

fn lock(kept: &Kept) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
