//! The windows: so many requests, so many points, per 10 seconds and per 24 hours.
//!
//! developers.bettermode.com, rate limits: the daily cycle counts from its first
//! request, and a request that the burst window refuses still counts for the day.
//! That the burst window is a fixed one too is our reading; the page does not say.

use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::time::iso;

const BURST: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What each window allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests in 10 seconds.
    pub burst_requests: u64,
    /// Complexity points in 10 seconds.
    pub burst_complexity: u64,
    /// Requests in 24 hours.
    pub daily_requests: u64,
    /// Complexity points in 24 hours.
    pub daily_complexity: u64,
    /// Points that one document may cost. The vendor announces 1,000 as a maximum
    /// and says that it is not enforced, so it is `None` unless asked for.
    pub per_document: Option<u64>,
}

impl Default for Limits {
    /// The free plan of the rate limit page; its daily numbers are those of the page's
    /// older version, since the newer one is not known.
    fn default() -> Self {
        Self {
            burst_requests: 20,
            burst_complexity: 2_000,
            daily_requests: 50_000,
            daily_complexity: 5_000_000,
            per_document: None,
        }
    }
}

impl Limits {
    /// So much that nobody reaches it, for tests that are about something else.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            burst_requests: u64::from(u32::MAX),
            burst_complexity: u64::from(u32::MAX),
            daily_requests: u64::from(u32::MAX),
            daily_complexity: u64::from(u32::MAX),
            per_document: None,
        }
    }
}

/// One count in one window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    kind: &'static str,
    duration: Duration,
    limit: u64,
    used: u64,
    opened: Option<Timestamp>,
}

/// A window that has no room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exceeded {
    quota: Quota,
    now: Timestamp,
}

/// The four counts of a network.
#[derive(Debug, Clone)]
pub(crate) struct Windows {
    burst: [Quota; 2],
    daily: [Quota; 2],
    per_document: Option<u64>,
}

impl Windows {
    pub(crate) fn new(limits: Limits) -> Self {
        let quota = |kind, duration, limit| Quota {
            kind,
            duration,
            limit,
            used: 0,
            opened: None,
        };
        Self {
            burst: [
                quota("Request", BURST, limits.burst_requests),
                quota("Complexity", BURST, limits.burst_complexity),
            ],
            daily: [
                quota("Request", DAY, limits.daily_requests),
                quota("Complexity", DAY, limits.daily_complexity),
            ],
            per_document: limits.per_document,
        }
    }

    /// Counts one request. A refused one costs no points, but counts for the day.
    pub(crate) fn take(&mut self, complexity: u64, now: Timestamp) -> Result<(), Exceeded> {
        for quota in self.burst.iter_mut().chain(&mut self.daily) {
            quota.roll(now);
        }
        let cost = [1, complexity];
        let full = |quotas: &[Quota; 2]| {
            let mut both = quotas.iter().zip(cost);
            both.find(|(quota, cost)| quota.used + cost > quota.limit)
                .map(|(quota, _)| Exceeded { quota: *quota, now })
        };
        if let Some(exceeded) = full(&self.daily) {
            return Err(exceeded);
        }
        if let Some(exceeded) = full(&self.burst) {
            self.daily[0].used += 1;
            return Err(exceeded);
        }
        for quotas in [&mut self.burst, &mut self.daily] {
            for (quota, cost) in quotas.iter_mut().zip(cost) {
                quota.used += cost;
            }
        }
        Ok(())
    }

    /// The points that one document may cost, where that is limited.
    pub(crate) fn per_document(&self) -> Option<u64> {
        self.per_document
    }

    /// One `X-Quota-*` line per count of the burst window. The names are known, the
    /// form of the values is not; seconds and ISO 8601 are our choice.
    pub(crate) fn headers(&self, now: Timestamp, headers: &mut HeaderMap) {
        for quota in &self.burst {
            quota.headers(now, headers);
        }
    }

    /// What the query `apiRateLimitStats` answers.
    pub(crate) fn stats(&self, now: Timestamp) -> Value {
        let quotas = self.burst.iter().chain(&self.daily);
        quotas.map(|quota| quota.stat(now)).collect()
    }
}

impl Exceeded {
    pub(crate) fn message(&self) -> String {
        format!(
            "{} limit of {} per {} seconds reached",
            self.quota.kind,
            self.quota.limit,
            self.quota.duration.as_secs()
        )
    }

    /// `Retry-After` in whole seconds, rounded up, and the count that is used up.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        let wait = self.quota.resets_at(self.now).duration_since(self.now);
        let seconds = wait.as_millis().max(1).unsigned_abs().div_ceil(1000);
        headers.insert(
            RETRY_AFTER,
            number(u64::try_from(seconds).unwrap_or(u64::MAX)),
        );
        self.quota.headers(self.now, headers);
    }
}

impl Quota {
    fn roll(&mut self, now: Timestamp) {
        let over = self
            .opened
            .is_none_or(|opened| now < opened || now >= opened + self.duration);
        if over {
            self.opened = Some(now);
            self.used = 0;
        }
    }

    fn resets_at(&self, now: Timestamp) -> Timestamp {
        self.opened.unwrap_or(now) + self.duration
    }

    fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    fn headers(&self, now: Timestamp, headers: &mut HeaderMap) {
        let resets = HeaderValue::from_str(&iso(self.resets_at(now)))
            .unwrap_or_else(|_| HeaderValue::from_static("unknown"));
        let lines = [
            ("x-quota-type", HeaderValue::from_static(self.kind)),
            ("x-quota-duration", number(self.duration.as_secs())),
            ("x-quota-limit", number(self.limit)),
            ("x-quota-remaining", number(self.remaining())),
            ("x-quota-resets-at", resets),
        ];
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), value);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the schema's Float; no limit comes near 2^52"
    )]
    fn stat(&self, now: Timestamp) -> Value {
        let mut rolled = *self;
        rolled.roll(now);
        json!({
            "consumableType": rolled.kind,
            "consumedPoints": rolled.used as f64,
            "remainingPoints": rolled.remaining() as f64,
            "limit": rolled.limit as f64,
            "duration": rolled.duration.as_secs_f64(),
            "resetsAt": iso(rolled.resets_at(now)),
        })
    }
}

fn number(value: u64) -> HeaderValue {
    HeaderValue::from(value)
}
