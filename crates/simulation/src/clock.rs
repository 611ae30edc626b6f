//! Wall clocks over the one simulated time. Each host has its own, which can be wrong.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use service_kit::clock::Clock;
use tokio::time::Instant;

/// What every clock shows when a run begins: 2026-05-06T07:08:09Z.
const BEGINNING: i64 = 1_778_051_289;

/// The wall clock of one host.
#[derive(Debug)]
pub struct HostClock {
    begun: Instant,
    wrong_by: AtomicI64,
}

impl HostClock {
    /// A clock that is right, of a run that began then.
    #[must_use]
    pub fn new(begun: Instant) -> Self {
        Self {
            begun,
            wrong_by: AtomicI64::new(0),
        }
    }

    /// From now on the clock is wrong by so many seconds.
    pub fn step(&self, seconds: i64) {
        self.wrong_by.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        let beginning = Timestamp::from_second(BEGINNING).unwrap_or_default();
        let elapsed = SignedDuration::try_from(self.begun.elapsed()).unwrap_or_default();
        let wrong_by = SignedDuration::from_secs(self.wrong_by.load(Ordering::Relaxed));
        beginning
            .checked_add(elapsed)
            .and_then(|now| now.checked_add(wrong_by))
            .unwrap_or(beginning)
    }
}

/// How far into the run it is.
#[must_use]
pub fn since(begun: Instant) -> Duration {
    begun.elapsed()
}
