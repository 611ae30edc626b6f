//! Which limits hold, and what BetterMode says about them.
//!
//! A configured limit wins; else the one that BetterMode's quota headers name;
//! else what its smallest documented plan allows. Where BetterMode counted more
//! than we did, somebody else uses the same network: that becomes a claim on
//! the next decision. Quotas of other windows than the 10 s one are left to
//! BetterMode to enforce.

use std::time::Duration;

use bettermode::{Quota, QuotaKind};

use super::Limits;
use super::window::{Claim, Usage, WINDOW};

/// The smallest plan's (developers.bettermode.com, rate limits).
const DEFAULT_REQUESTS: u32 = 20;
const DEFAULT_COMPLEXITY: u32 = 2_000;

/// Limits that the operator sets; `None` learns them from BetterMode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// Requests in 10 s.
    pub requests: Option<u32>,
    /// Complexity points in 10 s.
    pub complexity: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Quotas {
    requests: Line,
    complexity: Line,
}

/// One of the two quotas.
#[derive(Debug)]
struct Line {
    configured: Option<u32>,
    learned: Option<u32>,
    default: u32,
    /// The highest count of BetterMode's since the last decision, and when it
    /// was heard.
    counted: Option<(u64, u64)>,
}

impl Quotas {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            requests: Line::new(settings.requests, DEFAULT_REQUESTS),
            complexity: Line::new(settings.complexity, DEFAULT_COMPLEXITY),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            requests: self.requests.limit(),
            complexity: self.complexity.limit(),
        }
    }

    /// Takes note of what BetterMode said at `now`, in ms.
    pub(super) fn observe(&mut self, quota: Quota, now: u64) {
        let (line, name) = match quota.kind {
            QuotaKind::Requests => (&mut self.requests, "requests"),
            QuotaKind::Complexity => (&mut self.complexity, "complexity"),
        };
        let burst = Duration::from_millis(WINDOW);
        if quota.window.is_some_and(|window| window != burst) {
            return;
        }
        // A limit without its window could be the day's.
        if let (Some(limit), Some(_)) = (quota.limit, quota.window) {
            line.learn(limit, name);
        }
        if let Some(remaining) = quota.remaining {
            let limit = quota.limit.unwrap_or(line.limit());
            let used = u64::from(limit.saturating_sub(remaining));
            if line.counted.is_none_or(|(most, _)| used >= most) {
                line.counted = Some((used, now));
            }
        }
    }

    /// What was observed since the last call, for one decision to believe.
    pub(super) fn take_claims(&mut self, now: u64) -> Vec<Claim> {
        let requests = self.requests.counted.take().map(|(requests, at)| {
            let used = Usage {
                requests,
                complexity: 0,
            };
            (used, at)
        });
        let complexity = self.complexity.counted.take().map(|(complexity, at)| {
            let used = Usage {
                requests: 0,
                complexity,
            };
            (used, at)
        });
        let claim = |(used, at)| Claim {
            age: now.saturating_sub(at),
            used,
        };
        requests.into_iter().chain(complexity).map(claim).collect()
    }
}

impl Line {
    fn new(configured: Option<u32>, default: u32) -> Self {
        Self {
            configured,
            learned: None,
            default,
            counted: None,
        }
    }

    fn limit(&self) -> u32 {
        self.configured
            .or(self.learned)
            .unwrap_or(self.default)
            .max(1)
    }

    fn learn(&mut self, limit: u32, name: &'static str) {
        if self.learned == Some(limit) {
            return;
        }
        self.learned = Some(limit);
        if let Some(configured) = self.configured {
            if configured != limit {
                tracing::warn!(
                    configured,
                    said = limit,
                    "BetterMode says another limit of {name} in 10 s than the configured one"
                );
            }
        } else {
            tracing::info!(limit, "learned from BetterMode the limit of {name} in 10 s");
        }
    }
}
