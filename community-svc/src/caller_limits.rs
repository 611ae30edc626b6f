//! How much one caller may call, so that one that runs wild leaves the others their room.
//!
//! Calls at once are counted in this process. Calls in a second are counted over all
//! replicas in Redis, by leases: a replica takes a twentieth of the second's calls at a
//! time and hands them out by itself, so that a call costs no round trip. While Redis does
//! not answer, or without one, each replica counts alone; with Redis away it gives a
//! quarter, because it cannot see what others give.
//!
//! A second is a second of the clock: around its end a caller can get two seconds' calls
//! at once. What was leased and not used by its end is lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::redis_link::RedisLink;

mod leases;

use leases::{Lease, Leases};

/// When to come again after being refused for too many calls at once.
const SHORTLY: Duration = Duration::from_millis(100);

/// The limits of one caller; 0 for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// Calls at once in each replica.
    pub at_once: usize,
    /// Calls in a second in all replicas together.
    pub in_a_second: u32,
}

/// Counts for every caller.
#[derive(Debug)]
pub struct CallerLimits {
    settings: Settings,
    leases: Leases,
    callers: Mutex<HashMap<String, Arc<Count>>>,
}

/// What one caller has.
#[derive(Debug, Default)]
struct Count {
    open: Mutex<usize>,
    second: Mutex<Second>,
    /// Held by whoever fetches the next lease, so that the others wait for that one.
    fetching: tokio::sync::Mutex<()>,
}

/// What is left of a lease.
#[derive(Debug, Default)]
struct Second {
    left: u32,
    ends: Option<Instant>,
    /// Whether no other lease can be had before it ends.
    is_last: bool,
}

/// A call of a caller, counted until it is dropped.
#[derive(Debug)]
pub struct Share(Arc<Count>);

impl CallerLimits {
    /// These limits; `None` where there are none. Without Redis replicas count apart.
    #[must_use]
    pub fn new(settings: Settings, redis: Option<RedisLink>) -> Option<Self> {
        (settings != Settings::default()).then(|| Self {
            settings,
            leases: Leases::new(settings.in_a_second, redis),
            callers: Mutex::default(),
        })
    }

    /// Counts one call of the caller with this name.
    ///
    /// # Errors
    /// [`Error::CallerLimited`] when it is one too many.
    pub async fn admit(&self, name: &str) -> Result<Option<Share>, Error> {
        let count = self.count(name);
        // First what costs nothing: calls that are refused here use up no second.
        let share = self.one_more(name, &count)?;
        if self.settings.in_a_second > 0 {
            self.take(name, &count).await?;
        }
        Ok(share)
    }

    fn one_more(&self, name: &str, count: &Arc<Count>) -> Result<Option<Share>, Error> {
        if self.settings.at_once == 0 {
            return Ok(None);
        }
        let mut open = lock(&count.open);
        if *open >= self.settings.at_once {
            return Err(limited(name, "calls at once", SHORTLY));
        }
        *open += 1;
        Ok(Some(Share(Arc::clone(count))))
    }

    /// Takes one call out of this second.
    async fn take(&self, name: &str, count: &Count) -> Result<(), Error> {
        let is_given = |given: Result<(), Duration>| {
            given.map_err(|wait| limited(name, "calls in a second", wait))
        };
        if let Some(given) = lock(&count.second).take(Instant::now()) {
            return is_given(given);
        }
        let _only_one = count.fetching.lock().await;
        loop {
            if let Some(given) = lock(&count.second).take(Instant::now()) {
                return is_given(given);
            }
            let lease = self.leases.next(name).await;
            lock(&count.second).begin(lease, Instant::now());
        }
    }

    fn count(&self, name: &str) -> Arc<Count> {
        let mut callers = lock(&self.callers);
        if let Some(count) = callers.get(name) {
            return Arc::clone(count);
        }
        // Names come from the settings, so there are few.
        let count = Arc::<Count>::default();
        callers.insert(name.to_owned(), Arc::clone(&count));
        count
    }
}

impl Second {
    /// One call out of what is left; how long to wait when the second has no more;
    /// `None` when the next lease is due.
    fn take(&mut self, now: Instant) -> Option<Result<(), Duration>> {
        let left_of_it = self.ends?.checked_duration_since(now)?;
        if self.left > 0 {
            self.left -= 1;
            return Some(Ok(()));
        }
        self.is_last.then_some(Err(left_of_it))
    }

    fn begin(&mut self, lease: Lease, now: Instant) {
        self.left = lease.calls;
        self.is_last = lease.is_last;
        self.ends = Some(now + lease.ends_in);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *lock(&self.0.open) -= 1;
    }
}

fn limited(name: &str, limit: &'static str, retry_after: Duration) -> Error {
    Error::CallerLimited {
        caller: name.to_owned(),
        limit,
        retry_after,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
