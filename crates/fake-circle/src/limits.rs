//! The quotas: so many requests in five minutes, so many in a month.
//!
//! Circle's page on rate limits: 2,000 requests in five minutes and address; a month's count
//! of 5,000, 30,000 or 250,000 by plan, which every answer counts for but 5xx and 429. That
//! the window is a fixed one is our reading.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const WINDOW: Duration = Duration::from_secs(300);

/// What each quota allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests in five minutes.
    pub window_requests: u64,
    /// Requests in the month; the fake's month does not end.
    pub month_requests: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window_requests: 2_000,
            month_requests: 30_000,
        }
    }
}

/// What is used of both.
#[derive(Debug)]
pub(crate) struct Used {
    limits: Limits,
    opened: Option<Timestamp>,
    in_window: u64,
    in_month: u64,
}

impl Used {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            opened: None,
            in_window: 0,
            in_month: 0,
        }
    }

    /// Whether there is room for another request, which is then counted in the window.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let is_over = self.opened.is_none_or(|opened| {
            Duration::try_from(now.duration_since(opened)).is_ok_and(|age| age >= WINDOW)
        });
        if is_over {
            self.opened = Some(now);
            self.in_window = 0;
        }
        if self.in_window >= self.limits.window_requests
            || self.in_month >= self.limits.month_requests
        {
            return false;
        }
        self.in_window += 1;
        true
    }

    /// Counts an answer for the month, if answers like it count.
    pub(crate) fn answered(&mut self, status: u16) {
        if status < 500 && status != 429 {
            self.in_month += 1;
        }
    }

    pub(crate) fn in_month(&self) -> u64 {
        self.in_month
    }
}
