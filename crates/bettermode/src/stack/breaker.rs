//! The circuit breaker: while BetterMode is down, nothing is sent to it but one
//! probe at a time.
//!
//! Closed, it counts failures in a row. After [`FAILURES`] of them it is open for a
//! second or less; then one call goes through as a probe. Its success closes the
//! breaker, its failure opens it again for twice as long, up to half a minute. A
//! probe that ends without an answer, because its caller left or the budget had no
//! room, leaves its place to the next call.
//! Knows nothing of HTTP; the time and the chance are its callers'.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How many failures in a row open it: more than one read's attempts, so that a
/// single poor request does not stop the others.
const FAILURES: u32 = 5;
/// The longest that it is open for the first time.
const FIRST: Duration = Duration::from_secs(1);
/// The longest that it is ever open.
const LONGEST: Duration = Duration::from_secs(30);

/// Whether calls go out to BetterMode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// They do.
    Closed,
    /// They fail at once: BetterMode was found to be down.
    Open {
        /// When the next call may go out, to find out how it is.
        retry_after: Duration,
    },
    /// One may go out, or is on its way; the others fail at once.
    HalfOpen,
}

/// Lets calls through, or does not.
#[derive(Default)]
pub(crate) struct Breaker {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// In a row, while closed.
    failures: u32,
    /// `None` while closed.
    open: Option<Open>,
    /// Grows with every change between open and closed, so that what calls of
    /// another epoch find out late is not believed.
    epoch: u64,
}

struct Open {
    until: Instant,
    /// How often it opened again since it was closed.
    again: u32,
    probing: bool,
}

/// The permission for one attempt. Dropping it says nothing about BetterMode.
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    epoch: u64,
    probe: bool,
}

impl Breaker {
    /// Asks to send something at `now`.
    ///
    /// # Errors
    /// The time until the next probe may go. While one is on its way, nobody knows
    /// when it ends: then it is [`FIRST`].
    pub(crate) fn enter(&self, now: Instant) -> Result<Pass<'_>, Duration> {
        let mut inner = self.lock();
        let epoch = inner.epoch;
        let probe = match &mut inner.open {
            None => false,
            Some(open) if now < open.until => return Err(open.until - now),
            Some(open) if open.probing => return Err(FIRST),
            Some(open) => {
                open.probing = true;
                true
            }
        };
        Ok(Pass {
            breaker: self,
            epoch,
            probe,
        })
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match &self.lock().open {
            None => BreakerState::Closed,
            Some(open) if now < open.until => BreakerState::Open {
                retry_after: open.until - now,
            },
            Some(_) => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// BetterMode answered, whatever it said.
    pub(crate) fn answered(self) {
        let mut inner = self.breaker.lock();
        if inner.epoch != self.epoch {
            return;
        }
        inner.failures = 0;
        if inner.open.take().is_some() {
            inner.epoch += 1;
            tracing::info!("BetterMode answers again; calls go out again");
        }
    }

    /// BetterMode is down, as it seems at `now`. `share` is how much of the longest
    /// time it is open, from 0 to 1, so that replicas do not probe together.
    pub(crate) fn failed(self, now: Instant, share: f64) {
        let mut inner = self.breaker.lock();
        if inner.epoch != self.epoch {
            return;
        }
        let again = if let Some(open) = &inner.open {
            open.again.saturating_add(1)
        } else {
            inner.failures += 1;
            if inner.failures < FAILURES {
                return;
            }
            0
        };
        let longest = FIRST
            .saturating_mul(2_u32.saturating_pow(again))
            .min(LONGEST);
        let wait = longest.mul_f64(share);
        tracing::warn!(?wait, "BetterMode is down; nothing is sent to it for now");
        inner.failures = 0;
        inner.epoch += 1;
        inner.open = Some(Open {
            until: now + wait,
            again,
            probing: false,
        });
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.probe {
            return;
        }
        let mut inner = self.breaker.lock();
        if inner.epoch == self.epoch
            && let Some(open) = &mut inner.open
        {
            open.probing = false;
        }
    }
}

#[cfg(test)]
mod tests;
