//! How fast batches leave: at once while there is plenty of the upstream budget, then
//! spread over its window, so that reads wait a little and go together rather than be
//! refused for the rest of it. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The budget's window.
const WINDOW: Duration = Duration::from_secs(10);

/// Batches of one process that left lately.
#[derive(Debug, Default)]
pub(super) struct Pace {
    sent: VecDeque<Instant>,
    /// Nothing passes before: the budget said so.
    closed_until: Option<Instant>,
}

impl Pace {
    /// When the next batch should leave, where `limit` requests fit into the window: a quarter
    /// of them at any time, the others evenly.
    pub(super) fn next(&mut self, now: Instant, limit: u32) -> Instant {
        while self.sent.front().is_some_and(|at| *at + WINDOW <= now) {
            self.sent.pop_front();
        }
        let at_once = usize::try_from(limit / 4).unwrap_or(usize::MAX).max(1);
        let evenly = match self.sent.back() {
            Some(last) if self.sent.len() >= at_once => {
                let others = (limit - limit / 4).max(1);
                *last + WINDOW / others
            }
            _ => now,
        };
        evenly.max(now)
    }

    /// Nothing passes before this.
    pub(super) fn opens_at(&self, now: Instant) -> Instant {
        self.closed_until.map_or(now, |until| until.max(now))
    }

    /// One has left.
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent.push_back(now);
    }

    /// One was refused; another can pass after `wait`.
    pub(super) fn refused(&mut self, now: Instant, wait: Duration) {
        self.closed_until = self.closed_until.max(Some(now + wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_leaves_at_once_and_the_others_evenly() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut now = start;
        for _ in 0..5 {
            assert_eq!(pace.next(now, 20), now);
            pace.sent(now);
        }
        for _ in 0..15 {
            let next = pace.next(now, 20);
            assert_eq!(next, now + WINDOW / 15);
            now = next;
            pace.sent(now);
        }
        assert_eq!(now, start + WINDOW / 15 * 15);
    }

    #[test]
    fn after_a_quiet_window_everything_is_as_at_first() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..25 {
            pace.sent(start);
        }
        let later = start + WINDOW;
        assert_eq!(pace.next(later, 100), later);
    }

    #[test]
    fn a_refusal_keeps_all_back() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.refused(start, Duration::from_secs(2));
        pace.refused(start, Duration::from_secs(1));
        let until = start + Duration::from_secs(2);
        assert_eq!(pace.opens_at(start), until);
        assert_eq!(pace.opens_at(until + WINDOW), until + WINDOW);
    }
}
