//! The upstream budget: how many requests and complexity points may still go to
//! BetterMode, counted together with every replica that shares our Redis.
//!
//! It is an exact sliding window: in no 10 s do more requests or points leave
//! than the limits say. (A token bucket would let up to twice the limit pass in
//! some 10 s: a full bucket at once, then all that drips in.) Without Redis the
//! same algorithm counts in this process; while a configured Redis is away, each
//! replica keeps to a quarter of the limits, at least one request.
//!
//! Whatever passed counts for all, and less urgent calls may fill the window less
//! far: a refresh three quarters of it, a backfill half. So they never take the
//! last room from somebody who waits.
//!
//! What BetterMode charged above what was taken counts from when it was taken. What
//! it charged less is not given back: it only makes the next ones wait a little, the
//! client's next prediction is lower, and an answer that tells too little would
//! otherwise let too much pass.
//! It never waits and never calls BetterMode.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bettermode::{Budget, Class, Cost, Exhausted, Quota};
use tokio::time::Instant;
use uuid::Uuid;

use crate::redis_link::RedisLink;

#[cfg(test)]
mod contract_tests;
mod corrections;
mod quotas;
mod shared_window;
#[cfg(test)]
mod tests;
mod window;

use corrections::Corrections;
use quotas::Quotas;
pub use quotas::Settings;
use shared_window::{Learned, SharedWindow};
use window::{Claim, Decision, Usage, Window};

/// A replica's share of the limits, while it cannot see what the others use.
const SHARE_WITHOUT_REDIS: u32 = 4;

/// What may pass in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests; at least 1.
    pub requests: u32,
    /// Complexity points; at least 1.
    pub complexity: u32,
}

/// What is left of the current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// What may pass in a window.
    pub limits: Limits,
    /// Requests left.
    pub requests_left: u32,
    /// Complexity points left.
    pub complexity_left: u32,
}

/// Counts what goes to BetterMode and refuses what would be too much.
#[derive(Debug)]
pub struct Limiter {
    quotas: Mutex<Quotas>,
    /// What this process let pass; without Redis also what BetterMode says that
    /// others used.
    local: Mutex<Window>,
    shared: Option<SharedWindow>,
    corrections: Mutex<Corrections>,
    redis_is_away: AtomicBool,
    started: Instant,
}

impl Limiter {
    /// A limiter that counts in this process.
    #[must_use]
    pub fn memory(settings: Settings) -> Self {
        Self::new(settings, None)
    }

    /// A limiter that counts in Redis, under `bettermode:ratelimit:{endpoint}`;
    /// BetterMode has one endpoint, `graphql`.
    #[must_use]
    pub fn redis(settings: Settings, link: RedisLink, endpoint: &str) -> Self {
        let key = format!("bettermode:ratelimit:{endpoint}");
        Self::new(settings, Some(SharedWindow::new(link, key)))
    }

    fn new(settings: Settings, shared: Option<SharedWindow>) -> Self {
        Self {
            quotas: Mutex::new(Quotas::new(settings)),
            local: Mutex::default(),
            shared,
            corrections: Mutex::new(Corrections::new(Uuid::new_v4())),
            redis_is_away: AtomicBool::new(false),
            started: Instant::now(),
        }
    }

    /// What may pass in a window, as far as is known now. Asks nobody.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.quotas().limits()
    }

    /// What is left of the current window. It takes nothing.
    pub async fn snapshot(&self) -> Snapshot {
        let now = self.now();
        let limits = self.quotas().limits();
        if let Some(shared) = &self.shared {
            if let Ok(used) = shared.used().await {
                return Snapshot::new(limits, used);
            }
            return Snapshot::new(limits.divided(SHARE_WITHOUT_REDIS), self.local().used(now));
        }
        Snapshot::new(limits, self.local().used(now))
    }

    async fn decide(&self, complexity: u32, class: Class) -> Decision {
        let now = self.now();
        let (limits, mut claims) = {
            let mut quotas = self.quotas();
            (quotas.limits(), quotas.take_claims(now))
        };
        let Some(shared) = &self.shared else {
            let room = limits.room_of(class);
            return self.local().acquire(now, room, complexity, &claims);
        };
        // What we know that we used: a Redis that came back empty learns it.
        claims.push(Claim {
            age: 0,
            used: self.local().used(now),
        });
        let room = limits.room_of(class);
        let learned = Learned {
            corrections: self.corrections().waiting(now),
            claims,
        };
        match shared.acquire(room, complexity, &learned).await {
            Ok(decision) => {
                self.note_redis(None);
                self.corrections().counted(&learned.corrections);
                if decision == Decision::Allowed {
                    self.local().record(self.now(), complexity);
                }
                decision
            }
            Err(error) => {
                self.note_redis(Some(&error));
                let room = limits.divided(SHARE_WITHOUT_REDIS).room_of(class);
                self.local().acquire(self.now(), room, complexity, &[])
            }
        }
    }

    /// Says once that Redis is away, and once that it is back.
    fn note_redis(&self, error: Option<&redis::RedisError>) {
        let was_away = self.redis_is_away.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_away => {
                tracing::warn!(
                    %error,
                    "redis is away: this replica keeps to a quarter of the upstream limits \
                     until it is back"
                );
            }
            None if was_away => {
                tracing::info!("redis is back: replicas share the upstream limits again");
            }
            _ => {}
        }
    }

    /// Milliseconds since this limiter was made; never steps back.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn quotas(&self) -> MutexGuard<'_, Quotas> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn corrections(&self) -> MutexGuard<'_, Corrections> {
        self.corrections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn local(&self) -> MutexGuard<'_, Window> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Budget for Limiter {
    async fn acquire(&self, cost: Cost, class: Class) -> Result<(), Exhausted> {
        match self.decide(cost.complexity, class).await {
            Decision::Allowed => Ok(()),
            Decision::Refused { retry_after } => Err(Exhausted { retry_after }),
        }
    }

    fn observe(&self, quota: Quota) {
        let now = self.now();
        self.quotas().observe(quota, now);
    }

    fn settle(&self, taken: Cost, charged: Cost, ago: Duration) {
        let points = u64::from(charged.complexity.saturating_sub(taken.complexity));
        if points == 0 {
            return;
        }
        let now = self.now();
        let age = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX).min(now);
        self.local().correct(now, age, points);
        if self.shared.is_some() {
            self.corrections().note(now - age, points);
        }
    }
}

impl Limits {
    /// How far calls of a class may fill the window, at least 1 of each.
    fn room_of(self, class: Class) -> Self {
        let quarters = match class {
            Class::Interactive => return self,
            Class::Refresh => 3,
            Class::Backfill => 2,
        };
        let part = |limit: u32| {
            let part = u64::from(limit) * quarters / 4;
            u32::try_from(part).unwrap_or(limit).max(1)
        };
        Self {
            requests: part(self.requests),
            complexity: part(self.complexity),
        }
    }

    /// A replica's part, at least 1 of each.
    fn divided(self, by: u32) -> Self {
        Self {
            requests: (self.requests / by).max(1),
            complexity: (self.complexity / by).max(1),
        }
    }
}

impl Snapshot {
    fn new(limits: Limits, used: Usage) -> Self {
        let left = |limit: u32, used: u64| {
            u32::try_from(u64::from(limit).saturating_sub(used)).unwrap_or(limit)
        };
        Self {
            limits,
            requests_left: left(limits.requests, used.requests),
            complexity_left: left(limits.complexity, used.complexity),
        }
    }
}
