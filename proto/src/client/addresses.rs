//! Which address a call goes to.
//!
//! The one with the fewest open calls of those that could be reached; of equal ones the
//! next in turn. An address that could not be reached rests, ever longer, and then one
//! call tries it, not all of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long an address rests that could not be reached once, and at most.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// All addresses of the service.
#[derive(Debug)]
pub(super) struct Addresses<C> {
    all: Vec<Address<C>>,
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Address<C> {
    channel: C,
    open: AtomicUsize,
    rest: Mutex<Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    /// Nobody goes there before this.
    until: Option<Instant>,
    failures: u32,
}

/// The address of one attempt, which counts as open until this is dropped.
#[derive(Debug)]
pub(super) struct Pick<'a, C> {
    address: &'a Address<C>,
    /// Which one it is.
    pub(super) index: usize,
}

impl<C: Clone> Addresses<C> {
    /// None of them rests yet. There must be one.
    pub(super) fn new(channels: Vec<C>) -> Self {
        let address = |channel| Address {
            channel,
            open: AtomicUsize::new(0),
            rest: Mutex::default(),
        };
        Self {
            all: channels.into_iter().map(address).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// An address that is not in `tried`, or any when all were.
    pub(super) fn pick(&self, tried: &[usize]) -> Pick<'_, C> {
        let now = Instant::now();
        let count = self.all.len();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..count).map(|step| first.wrapping_add(step) % count);
        let index = in_turn
            .min_by_key(|index| {
                let address = &self.all[*index];
                let until = address.rest().until.filter(|until| *until > now);
                let open = address.open.load(Ordering::Relaxed);
                (tried.contains(index), until, open)
            })
            .unwrap_or_default();
        let address = &self.all[index];
        address.claim(now);
        address.open.fetch_add(1, Ordering::Relaxed);
        Pick { address, index }
    }
}

impl<C> Address<C> {
    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After its rest the first call tries the address while others still keep away.
    fn claim(&self, now: Instant) {
        let mut rest = self.rest();
        if rest.until.is_some_and(|until| until <= now) {
            rest.until = Some(now + pause(rest.failures));
        }
    }
}

impl<C: Clone> Pick<'_, C> {
    /// The way there.
    pub(super) fn channel(&self) -> C {
        self.address.channel.clone()
    }

    /// There was a server.
    pub(super) fn reached(&self) {
        *self.address.rest() = Rest::default();
    }

    /// There was none.
    pub(super) fn not_reached(&self) {
        let mut rest = self.address.rest();
        rest.until = Some(Instant::now() + pause(rest.failures));
        rest.failures = rest.failures.saturating_add(1);
    }
}

impl<C> Drop for Pick<'_, C> {
    fn drop(&mut self) {
        self.address.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn pause(failures: u32) -> Duration {
    let (first, longest) = REST;
    first
        .saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX))
        .min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(addresses: &Addresses<&'static str>, count: usize) -> Vec<&'static str> {
        (0..count).map(|_| addresses.pick(&[]).channel()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_go_to_all_addresses_in_turn() {
        let addresses = Addresses::new(vec!["a", "b", "c"]);
        assert_eq!(picks(&addresses, 4), ["a", "b", "c", "a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_with_the_fewest_open_calls_is_next() {
        let addresses = Addresses::new(vec!["a", "b"]);
        let slow = addresses.pick(&[]);
        assert_eq!(slow.channel(), "a");
        assert_eq!(picks(&addresses, 3), ["b", "b", "b"]);
        drop(slow);
        assert!(picks(&addresses, 2).contains(&"a"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_was_not_reached_rests_and_then_one_call_tries_it() {
        let addresses = Addresses::new(vec!["a", "b"]);
        addresses.pick(&[]).not_reached();
        assert_eq!(picks(&addresses, 3), ["b", "b", "b"]);
        tokio::time::advance(Duration::from_millis(101)).await;
        let few = picks(&addresses, 4);
        assert_eq!(
            few.iter().filter(|name| **name == "a").count(),
            1,
            "{few:?}"
        );

        tokio::time::advance(Duration::from_millis(300)).await;
        let probe = [addresses.pick(&[]), addresses.pick(&[])]
            .into_iter()
            .find(|pick| pick.channel() == "a")
            .unwrap();
        probe.reached();
        drop(probe);
        assert!(
            picks(&addresses, 4)
                .iter()
                .filter(|name| **name == "a")
                .count()
                == 2
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_tries_each_address_before_it_comes_back_to_one() {
        let addresses = Addresses::new(vec!["a", "b"]);
        assert_eq!(addresses.pick(&[0]).index, 1);
        assert_eq!(addresses.pick(&[0]).index, 1);
        addresses.pick(&[0]).not_reached();
        assert_eq!(addresses.pick(&[1]).index, 0);
        // Where all were tried or rest, it is the one that can be tried soonest.
        assert_eq!(addresses.pick(&[0, 1]).index, 0);
    }

    #[test]
    fn a_rest_gets_longer_up_to_its_limit() {
        assert_eq!(pause(0), Duration::from_millis(100));
        assert_eq!(pause(3), Duration::from_millis(800));
        assert_eq!(pause(6), Duration::from_secs(5));
        assert_eq!(pause(u32::MAX), Duration::from_secs(5));
    }
}
