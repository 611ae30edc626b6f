//! How fast, how much and how long Circle is asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::CircleError;

/// Four requests a second: Circle allows 2,000 in five minutes and address, which is 6.6 a
/// second, for everybody behind that address.
const INTERVAL: Duration = Duration::from_millis(250);

/// Lets requests through one by one; everybody who asks Circle shares it.
#[derive(Debug)]
pub(super) struct Pace {
    next: Mutex<Instant>,
    spent: AtomicU64,
    max_requests: Option<u64>,
    deadline: Instant,
}

impl Pace {
    pub(super) fn new(max_requests: Option<u64>, time: Duration) -> Self {
        let now = Instant::now();
        Self {
            next: Mutex::new(now),
            spent: AtomicU64::new(0),
            max_requests,
            // A time that is beyond reckoning is no deadline.
            deadline: now
                .checked_add(time)
                .unwrap_or(now + Duration::from_secs(u32::MAX.into())),
        }
    }

    /// Waits for this request's turn and takes it out of the budget.
    pub(super) async fn turn(&self) -> Result<(), CircleError> {
        let mut next = self.next.lock().await;
        let spent = self.spent.load(Ordering::Relaxed);
        if self.max_requests.is_some_and(|most| spent >= most) {
            return Err(CircleError::BudgetSpent { requests: spent });
        }
        self.pause_until(*next).await?;
        *next = Instant::now() + INTERVAL;
        self.spent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Waits, if the deadline allows.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), CircleError> {
        self.pause_until(Instant::now() + pause).await
    }

    async fn pause_until(&self, until: Instant) -> Result<(), CircleError> {
        if until > self.deadline {
            return Err(CircleError::Deadline);
        }
        tokio::time::sleep_until(until).await;
        Ok(())
    }

    /// Requests that were sent.
    pub(super) fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    /// Requests that may still be sent.
    pub(super) fn left(&self) -> Option<u64> {
        Some(self.max_requests?.saturating_sub(self.spent()))
    }
}
