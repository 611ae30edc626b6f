//! More calls than the service can answer in time are refused at the door, quickly,
//! rather than all of them getting slow.
//!
//! Three limits, each on what a call waits for. Slots: how many calls there are at once,
//! whatever they do. Lag: how long calls wait until a thread takes them up; when no call
//! has been taken up soon for a while, those that waited too long are refused. And two
//! [`WaitingRoom`]s before the event store, of those who read and of those who write. What
//! goes first is in `methods.rs`; probes never do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::waiting_room::{Permit, WaitingRoom};
use crate::error::Error;
use crate::methods::{Method, Priority, StoreUse};

/// A call that was taken up within this was taken up soon. Well above what the runtime
/// takes when it is merely busy.
const SOON: Duration = Duration::from_millis(10);

/// Nothing is refused before calls have waited longer for so long.
const INTERVAL: Duration = Duration::from_millis(100);

/// What lets a call in, or refuses it.
#[derive(Debug)]
pub(crate) struct Door {
    slots: Semaphore,
    lag: Lag,
    reads: WaitingRoom,
    writes: WaitingRoom,
}

/// Room for one call, given back when it is dropped. A call that is answered with a
/// stream holds it until the stream is open; watchers have places of their own.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    _slot: SemaphorePermit<'a>,
    _store: Option<Permit>,
}

impl Door {
    /// Room for so many calls at once, so many of them reading from the event store and so
    /// many writing to it.
    pub(crate) fn new(calls: usize, at_the_store: usize) -> Self {
        Self {
            slots: Semaphore::new(calls.min(Semaphore::MAX_PERMITS)),
            lag: Lag::new(Instant::now()),
            reads: WaitingRoom::new(at_the_store),
            writes: WaitingRoom::new(at_the_store),
        }
    }

    /// Room for a call that came at `arrived` and is taken up now. Waits where the event
    /// store is busy, for as long as that can end well.
    pub(crate) async fn enter(
        &self,
        method: Method,
        arrived: Instant,
    ) -> Result<Option<Room<'_>>, Error> {
        let priority = method.priority();
        if priority == Priority::Never {
            return Ok(None);
        }
        let now = Instant::now();
        self.lag.admit(arrived, now, priority)?;
        let slot = self.slots.try_acquire().map_err(|_| Error::Overloaded)?;
        let store = match method.entry().and_then(|entry| entry.store) {
            Some(StoreUse::Reads) => Some(self.reads.enter(priority).await?),
            Some(StoreUse::Writes) => Some(self.writes.enter(priority).await?),
            None => None,
        };
        Ok(Some(Room {
            _slot: slot,
            _store: store,
        }))
    }
}

/// Whether calls are taken up late. Two times that many threads look at, so nothing is
/// exact; a call more or less is no harm.
#[derive(Debug)]
struct Lag {
    origin: Instant,
    /// When the present time of waiting began and when it was last seen, in microseconds
    /// since `origin`; 0 for no such time.
    since: AtomicU64,
    seen: AtomicU64,
}

impl Lag {
    fn new(origin: Instant) -> Self {
        Self {
            origin,
            since: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        }
    }

    fn admit(&self, arrived: Instant, now: Instant, priority: Priority) -> Result<(), Error> {
        let waited = now.saturating_duration_since(arrived);
        if waited < SOON {
            // Read first: a value that nobody changes is cheap to share.
            if self.since.load(Ordering::Relaxed) != 0 {
                self.since.store(0, Ordering::Relaxed);
            }
            return Ok(());
        }
        if self.lasts(now) && waited > patience(priority) {
            return Err(Error::Overloaded);
        }
        Ok(())
    }

    /// Whether calls have waited for an interval without a break.
    fn lasts(&self, now: Instant) -> bool {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let now = micros(now.saturating_duration_since(self.origin)).max(1);
        let since = self.since.load(Ordering::Relaxed);
        let seen = self.seen.swap(now, Ordering::Relaxed);
        // A time without calls is no time of waiting.
        if since == 0 || now.saturating_sub(seen) > micros(INTERVAL) {
            self.since.store(now, Ordering::Relaxed);
            return false;
        }
        now.saturating_sub(since) >= micros(INTERVAL)
    }
}

/// How long a call may have waited while too many wait.
fn patience(priority: Priority) -> Duration {
    match priority {
        Priority::Low => SOON,
        Priority::Normal => 2 * SOON,
        Priority::High | Priority::Never => 10 * SOON,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of calls of each priority that waited so long.
    fn admitted(lag: &Lag, now: Instant, waited: u64) -> [bool; 3] {
        let arrived = now - Duration::from_millis(waited);
        [Priority::Low, Priority::Normal, Priority::High]
            .map(|priority| lag.admit(arrived, now, priority).is_ok())
    }

    #[test]
    fn only_a_wait_that_lasts_refuses_and_the_least_urgent_first() {
        let start = Instant::now() + Duration::from_secs(1);
        let lag = Lag::new(start - Duration::from_secs(1));
        let at = |millis: u64| start + Duration::from_millis(millis);
        // A burst: all waited long, but not for long.
        for millis in (0..100).step_by(10) {
            assert_eq!(admitted(&lag, at(millis), 50), [true; 3], "{millis}");
        }
        assert_eq!(admitted(&lag, at(100), 11), [false, true, true]);
        assert_eq!(admitted(&lag, at(110), 50), [false, false, true]);
        assert_eq!(admitted(&lag, at(120), 150), [false; 3]);
        // One that is taken up soon ends it.
        assert_eq!(admitted(&lag, at(130), 1), [true; 3]);
        assert_eq!(admitted(&lag, at(140), 150), [true; 3]);
    }

    #[test]
    fn calls_that_come_now_and_then_are_no_crowd() {
        let start = Instant::now() + Duration::from_secs(1);
        let lag = Lag::new(start - Duration::from_secs(1));
        for second in 0..5 {
            let now = start + Duration::from_secs(second);
            assert_eq!(admitted(&lag, now, 50), [true; 3], "{second}");
        }
    }
}
