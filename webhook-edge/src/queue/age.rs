//! A clock for forgetting ids that no step of the wall clock can fool.
//!
//! It counts the time that the queue has been open, by a clock that cannot be set,
//! and keeps the count on disk. Time in which the edge did not run counts by the
//! wall clock, but at most a day for each start: a wall clock that jumps makes an
//! id be remembered longer, never shorter.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The longest pause between two runs that counts.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// How old the queue is, in milliseconds of use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    at_open: u64,
    opened: Instant,
}

impl Age {
    /// Goes on from an age that was kept, and the wall clock of that moment.
    pub(super) fn resume(kept: u64, kept_at: Timestamp, now: Timestamp, opened: Instant) -> Self {
        let pause = Duration::try_from(now.duration_since(kept_at)).unwrap_or_default();
        Self {
            at_open: kept.saturating_add(millis(pause.min(LONGEST_PAUSE))),
            opened,
        }
    }

    /// The age at a moment.
    pub(super) fn at(&self, moment: Instant) -> u64 {
        let open = moment.saturating_duration_since(self.opened);
        self.at_open.saturating_add(millis(open))
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn it_advances_with_time_that_cannot_be_set() {
        let now = time("2026-01-01T00:00:00Z");
        let age = Age::resume(5, now, now, Instant::now());
        tokio::time::advance(Duration::from_millis(HOUR)).await;
        assert_eq!(age.at(Instant::now()), 5 + HOUR);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_counts_but_not_a_step_of_years_nor_one_back() {
        let kept_at = time("2026-01-01T00:00:00Z");
        let opened = Instant::now();
        let resumed = |now| Age::resume(0, kept_at, time(now), opened).at(opened);
        assert_eq!(resumed("2026-01-01T03:00:00Z"), 3 * HOUR);
        assert_eq!(resumed("2036-01-01T00:00:00Z"), 24 * HOUR);
        assert_eq!(resumed("2020-01-01T00:00:00Z"), 0);
    }
}
