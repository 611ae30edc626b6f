//! The window in Redis, for every replica that uses the same Redis. One script
//! on one key, by the clock of Redis, so replicas need not agree on the time.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{RedisResult, Script};

use super::Limits;
use super::window::{Claim, Correction, Decision, Usage};
use crate::redis_link::RedisLink;

static ACQUIRE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("acquire.lua")));

#[derive(Debug)]
pub(super) struct SharedWindow {
    link: RedisLink,
    key: String,
}

/// What the window may not know yet.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) corrections: Vec<Correction>,
    pub(super) claims: Vec<Claim>,
}

/// What the script answers.
type Answer = (u8, u64, u64, u64);

impl SharedWindow {
    pub(super) fn new(link: RedisLink, key: String) -> Self {
        Self { link, key }
    }

    /// As [`super::window::Window::acquire`], for all replicas, after
    /// [`super::window::Window::correct`] for each correction that it does not know.
    /// It is repeated when the connection breaks, so it can count one request twice,
    /// but no correction.
    pub(super) async fn acquire(
        &self,
        room: Limits,
        complexity: u32,
        learned: &Learned,
    ) -> RedisResult<Decision> {
        self.acquire_at("", room, complexity, learned).await
    }

    /// What counts now.
    pub(super) async fn used(&self) -> RedisResult<Usage> {
        let any = Limits {
            requests: 1,
            complexity: 1,
        };
        let (_, _, requests, complexity) = self.run("", any, -1, &Learned::default()).await?;
        Ok(Usage {
            requests,
            complexity,
        })
    }

    /// At a time of the caller's choice, in ms; empty for Redis's own.
    pub(super) async fn acquire_at(
        &self,
        now: &str,
        room: Limits,
        complexity: u32,
        learned: &Learned,
    ) -> RedisResult<Decision> {
        let cost = i64::from(complexity);
        let (allowed, retry_after, _, _) = self.run(now, room, cost, learned).await?;
        Ok(if allowed == 1 {
            Decision::Allowed
        } else {
            Decision::Refused {
                retry_after: Duration::from_millis(retry_after),
            }
        })
    }

    async fn run(
        &self,
        now: &str,
        room: Limits,
        cost: i64,
        learned: &Learned,
    ) -> RedisResult<Answer> {
        let mut script = ACQUIRE.key(&self.key);
        script.arg(now).arg(room.requests).arg(room.complexity);
        script.arg(cost).arg(learned.corrections.len());
        for correction in &learned.corrections {
            script.arg(correction.age).arg(correction.points);
            script.arg(&correction.id);
        }
        for claim in &learned.claims {
            script.arg(claim.age);
            script.arg(claim.used.requests).arg(claim.used.complexity);
        }
        self.link.script(&script).await
    }
}
