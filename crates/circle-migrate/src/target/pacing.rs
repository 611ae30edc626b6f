//! The budget: no more than BetterMode allows, with room left for others.
//!
//! A sliding window of ten seconds, so that no window of theirs, wherever it begins, sees
//! more than it allows. Until BetterMode's headers say what the plan allows, the smallest
//! one is assumed: 20 requests and 2,000 points.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bettermode::{Budget, Class, Cost, Exhausted, Quota, QuotaKind};
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(10);
/// How much of what is allowed is used: services of the same network share the rest.
const SHARE: f64 = 0.8;
const SMALLEST: Allowance = Allowance {
    requests: 20,
    points: 2_000,
};

#[derive(Debug, Clone, Copy)]
struct Allowance {
    requests: u32,
    points: u32,
}

#[derive(Debug)]
struct Window {
    allowed: Allowance,
    spent: VecDeque<(Instant, u32)>,
    points: u32,
    /// Others have used up what there was.
    closed_until: Option<Instant>,
}

/// Waits its turn, for as long as that takes.
#[derive(Debug)]
pub struct Pacer(Mutex<Window>);

impl Default for Pacer {
    fn default() -> Self {
        Self::new()
    }
}

impl Pacer {
    /// A budget of the smallest plan, until BetterMode says otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Window {
            allowed: SMALLEST,
            spent: VecDeque::new(),
            points: 0,
            closed_until: None,
        }))
    }

    fn window(&self) -> std::sync::MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// Takes the cost, or says until when there is no room.
    fn take(&mut self, points: u32, now: Instant) -> Result<(), Instant> {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Err(until);
        }
        while let Some((at, points)) = self.spent.front().copied() {
            if at + WINDOW > now {
                break;
            }
            self.points -= points;
            self.spent.pop_front();
        }
        let requests = part(self.allowed.requests);
        let allowed = part(self.allowed.points);
        let full = self.spent.len() >= requests as usize || self.points + points > allowed;
        match self.spent.front() {
            // One that costs more than a whole window goes when nothing else does.
            Some((oldest, _)) if full => Err(*oldest + WINDOW),
            _ => {
                self.spent.push_back((now, points));
                self.points += points;
                Ok(())
            }
        }
    }
}

/// The share of an allowance that is ours, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a u32 is a u32"
)]
fn part(allowed: u32) -> u32 {
    ((f64::from(allowed) * SHARE) as u32).max(1)
}

#[async_trait]
impl Budget for Pacer {
    async fn acquire(&self, cost: Cost, _class: Class) -> Result<(), Exhausted> {
        loop {
            let taken = self.window().take(cost.complexity, Instant::now());
            match taken {
                Ok(()) => return Ok(()),
                Err(until) => tokio::time::sleep_until(until).await,
            }
        }
    }

    fn observe(&self, quota: Quota) {
        if quota.window.is_some_and(|window| window != WINDOW) {
            return;
        }
        let mut window = self.window();
        if let Some(limit) = quota.limit.filter(|limit| *limit > 0) {
            match quota.kind {
                QuotaKind::Requests => window.allowed.requests = limit,
                QuotaKind::Complexity => window.allowed.points = limit,
            }
        }
        if quota.remaining == Some(0) {
            window.closed_until = Some(Instant::now() + WINDOW);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spend(pacer: &Pacer, complexity: u32, times: u32) -> Duration {
        let begin = Instant::now();
        for _ in 0..times {
            let cost = Cost { complexity };
            pacer.acquire(cost, Class::Backfill).await.unwrap();
        }
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn no_ten_seconds_see_more_than_our_share_of_the_smallest_plan() {
        let pacer = Pacer::new();
        assert_eq!(spend(&pacer, 1, 16).await, Duration::ZERO);
        assert!(spend(&pacer, 1, 1).await >= Duration::from_secs(10));
        let pacer = Pacer::new();
        // Two pages of 602 points fit into 1,600, the third waits.
        assert_eq!(spend(&pacer, 602, 2).await, Duration::ZERO);
        assert!(spend(&pacer, 602, 1).await >= Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_larger_plan_is_learned_from_what_the_vendor_says() {
        let pacer = Pacer::new();
        pacer.observe(Quota {
            kind: QuotaKind::Requests,
            window: Some(WINDOW),
            limit: Some(100),
            remaining: Some(99),
        });
        assert_eq!(spend(&pacer, 1, 80).await, Duration::ZERO);
        assert!(spend(&pacer, 1, 1).await >= Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_used_up_is_waited_for_and_what_costs_more_than_all_still_goes() {
        let pacer = Pacer::new();
        assert_eq!(spend(&pacer, 5_000, 1).await, Duration::ZERO);
        assert!(spend(&pacer, 5_000, 1).await >= Duration::from_secs(10));
        pacer.observe(Quota {
            kind: QuotaKind::Requests,
            window: Some(WINDOW),
            limit: Some(20),
            remaining: Some(0),
        });
        assert!(spend(&pacer, 1, 1).await >= Duration::from_secs(10));
    }
}
