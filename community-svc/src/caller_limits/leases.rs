//! Parts of a second's calls, from Redis or made up here.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::Script;
use tokio::time::timeout;

use crate::redis_link::RedisLink;

static LEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease.lua")));

/// In so many leases a second's calls are given out.
const PARTS: u32 = 20;

/// A replica's part of a second, while it cannot see what the others give.
const SHARE_WITHOUT_REDIS: u32 = 4;

/// How long callers wait for Redis. A Redis that hangs must not hang reads from memory.
const PATIENCE: Duration = Duration::from_millis(100);

const SECOND: Duration = Duration::from_secs(1);

/// Calls that may be made until their second ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) calls: u32,
    pub(super) ends_in: Duration,
    /// Whether no more can be had before it ends. True for a lease without calls.
    pub(super) is_last: bool,
}

/// Where leases come from.
#[derive(Debug)]
pub(super) struct Leases {
    in_a_second: u32,
    redis: Option<RedisLink>,
    redis_is_away: AtomicBool,
}

impl Leases {
    /// So many calls in a second; without Redis in this process alone.
    pub(super) fn new(in_a_second: u32, redis: Option<RedisLink>) -> Self {
        Self {
            in_a_second,
            redis,
            redis_is_away: AtomicBool::new(false),
        }
    }

    /// The next lease of the caller with this name.
    pub(super) async fn next(&self, name: &str) -> Lease {
        let Some(redis) = &self.redis else {
            return alone(self.in_a_second);
        };
        let asked = timeout(PATIENCE, self.ask(redis, name)).await;
        let answer = asked.map_err(|_| "no answer in time".to_owned());
        let answer = answer.and_then(|answer| answer.map_err(|error| error.to_string()));
        self.note_redis(answer.as_ref().err());
        answer.unwrap_or_else(|_| alone((self.in_a_second / SHARE_WITHOUT_REDIS).max(1)))
    }

    async fn ask(&self, redis: &RedisLink, name: &str) -> redis::RedisResult<Lease> {
        let wanted = (self.in_a_second / PARTS).max(1);
        let mut script = LEASE.key(format!("community:callers:{name}"));
        let script = script.arg(self.in_a_second).arg(wanted);
        let (calls, millis): (u32, u64) = redis.script(script).await?;
        Ok(Lease {
            calls,
            ends_in: Duration::from_millis(millis),
            is_last: calls < wanted,
        })
    }

    /// Says once that Redis is away, and once that it is back.
    fn note_redis(&self, error: Option<&String>) {
        let was_away = self.redis_is_away.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_away => tracing::warn!(
                error,
                "redis is away: this replica gives each caller a quarter of its calls until it is back"
            ),
            None if was_away => {
                tracing::info!("redis is back: replicas share the callers' limits again");
            }
            _ => {}
        }
    }
}

/// A whole second's calls, from now on.
fn alone(calls: u32) -> Lease {
    Lease {
        calls,
        ends_in: SECOND,
        is_last: true,
    }
}
