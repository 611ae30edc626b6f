//! Chance, from the seed. Each user has a stream of its own, so that one who draws more
//! does not change what the others draw.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// A stream of draws; clones share it.
#[derive(Clone)]
pub struct Chance(Arc<Mutex<StdRng>>);

impl Chance {
    /// The stream of one user in the run of a seed.
    #[must_use]
    pub fn of(seed: u64, user: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(seed.to_le_bytes())
            .chain_update(user)
            .finalize();
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&digest);
        Self(Arc::new(Mutex::new(StdRng::from_seed(bytes))))
    }

    /// From `from` up to below `to`; `from` when nothing is between.
    #[must_use]
    pub fn between(&self, from: u64, to: u64) -> u64 {
        if to <= from {
            return from;
        }
        self.with(|random| random.random_range(from..to))
    }

    /// A place in a list of so many.
    #[must_use]
    pub fn place(&self, count: usize) -> usize {
        usize::try_from(self.between(0, count as u64)).unwrap_or(0)
    }

    /// True in so many of a thousand cases.
    #[must_use]
    pub fn happens(&self, in_a_thousand: u64) -> bool {
        self.between(0, 1000) < in_a_thousand
    }

    /// A time between two others, in whole microseconds.
    #[must_use]
    pub fn time(&self, from: Duration, to: Duration) -> Duration {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.between(micros(from), micros(to)))
    }

    /// Seconds between two others.
    #[must_use]
    pub fn seconds(&self, from: u64, to: u64) -> Duration {
        self.time(Duration::from_secs(from), Duration::from_secs(to))
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
