//! The window in Redis, for every replica that uses the same Redis. One script
//! on one key, by the clock of Redis, so replicas need not agree on the time.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{RedisResult, Script};

use super::Limits;
use super::window::{Claim, Decision, Usage};
use crate::redis_link::RedisLink;

static ACQUIRE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("acquire.lua")));

#[derive(Debug)]
pub(super) struct SharedWindow {
    link: RedisLink,
    key: String,
}

/// What the script answers.
type Answer = (u8, u64, u64, u64);

impl SharedWindow {
    pub(super) fn new(link: RedisLink, key: String) -> Self {
        Self { link, key }
    }

    /// As [`super::window::Window::acquire`], for all replicas. It is repeated
    /// when the connection breaks, so it can count one request twice.
    pub(super) async fn acquire(
        &self,
        room: Limits,
        complexity: u32,
        claims: &[Claim],
    ) -> RedisResult<Decision> {
        self.acquire_at("", room, complexity, claims).await
    }

    /// What counts now.
    pub(super) async fn used(&self) -> RedisResult<Usage> {
        let any = Limits {
            requests: 1,
            complexity: 1,
        };
        let (_, _, requests, complexity) = self.run("", any, -1, &[]).await?;
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
        claims: &[Claim],
    ) -> RedisResult<Decision> {
        let cost = i64::from(complexity);
        let (allowed, retry_after, _, _) = self.run(now, room, cost, claims).await?;
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
        claims: &[Claim],
    ) -> RedisResult<Answer> {
        let mut script = ACQUIRE.key(&self.key);
        script.arg(now).arg(room.requests).arg(room.complexity);
        script.arg(cost);
        for claim in claims {
            script.arg(claim.age);
            script.arg(claim.used.requests).arg(claim.used.complexity);
        }
        self.link.script(&script).await
    }
}
