//! The pace that all requests of a client share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lets requests begin one after the other at an even pace, and holds all of them back while
/// Notion asks for a pause.
#[derive(Debug)]
pub struct Limiter {
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Limiter {
    /// So many requests a second.
    #[must_use]
    pub fn new(requests_per_second: f64) -> Self {
        Self {
            interval: Duration::from_secs_f64(1.0 / requests_per_second),
            state: Mutex::new(State::default()),
        }
    }

    /// Waits until a request may begin.
    pub async fn acquire(&self) {
        loop {
            let slot = self.reserve();
            sleep_until(slot).await;
            // A pause that came while this one slept is for this one too.
            if !self.is_paused() {
                return;
            }
        }
    }

    /// Nothing begins for so long, from now on. A shorter pause never shortens a longer one.
    pub fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.paused_until = Some(state.paused_until.map_or(until, |known| known.max(until)));
    }

    fn is_paused(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .paused_until
            .is_some_and(|until| until > Instant::now())
    }

    fn reserve(&self) -> Instant {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slot = Instant::now();
        for bound in [state.next, state.paused_until].into_iter().flatten() {
            slot = slot.max(bound);
        }
        state.next = Some(slot + self.interval);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_begin_at_an_even_pace() {
        let limiter = Limiter::new(2.5);
        let start = Instant::now();
        for _ in 0..6 {
            limiter.acquire().await;
        }
        assert_eq!(start.elapsed().as_millis(), 2_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_back_those_who_wait_already() {
        let limiter = Limiter::new(10.0);
        let start = Instant::now();
        limiter.acquire().await;
        let second = limiter.acquire();
        limiter.pause(Duration::from_secs(90));
        limiter.pause(Duration::from_secs(1));
        second.await;
        assert!(start.elapsed() >= Duration::from_secs(90));
    }
}
