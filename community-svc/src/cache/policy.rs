//! How long a copy is good for, and what a reader may be given. Pure.
//!
//! A copy is *fresh* for a while; for as long again it is served while a newer one is
//! fetched behind the reader's back; after that, up to its last age, only where
//! BetterMode does not answer.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// Draws a factor about 1, so that copies that came together do not go together.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// How old copies may get.
#[derive(Clone)]
pub struct Policy {
    /// How long a copy is fresh.
    pub fresh_for: Duration,
    /// How old a copy may get at all; at least `fresh_for`.
    pub serve_for: Duration,
    /// How long "BetterMode has none such" is believed.
    pub not_found_for: Duration,
    /// Varies `fresh_for`.
    pub jitter: Jitter,
    /// Whether a fill has to show its lease.
    pub lease_check: LeaseCheck,
}

/// Whether what was fetched before an invalidation is kept out of memory after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LeaseCheck {
    /// It is. Nothing else is right.
    #[default]
    On,
    /// It is not: a mistake for tests, which have to find it. No setting leads here.
    Off,
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy")
            .field("fresh_for", &self.fresh_for)
            .field("serve_for", &self.serve_for)
            .field("not_found_for", &self.not_found_for)
            .finish_non_exhaustive()
    }
}

/// Where a read may look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// A good copy, else BetterMode.
    #[default]
    Default,
    /// BetterMode, whatever is cached.
    Bypass,
    /// A copy or nothing.
    Only,
}

/// What one reader asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The oldest copy that the reader takes; `None` leaves it to the policy.
    pub max_staleness: Option<Duration>,
    /// Where the read may look.
    pub mode: Mode,
}

/// Until when a copy is what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    /// When BetterMode answered.
    pub(super) fetched_at: Timestamp,
    /// Fresh before this.
    pub(super) fresh_until: Timestamp,
    /// Served while a newer one is fetched, before this.
    pub(super) refresh_until: Timestamp,
    /// Served where BetterMode does not answer, before this.
    pub(super) serve_until: Timestamp,
}

/// What may be done with a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answer with it.
    Fresh,
    /// Answer with it, and fetch a newer one meanwhile.
    Refresh,
    /// Fetch a newer one; answer with it only if that fails.
    LastResort,
    /// Too old.
    Gone,
}

impl Policy {
    /// The life of a value that BetterMode answered with at `fetched_at`.
    pub(super) fn life(&self, fetched_at: Timestamp, is_there: bool) -> Life {
        let after = |age: Duration| fetched_at.saturating_add(age).unwrap_or(Timestamp::MAX);
        if !is_there {
            let end = after(self.not_found_for);
            return Life {
                fetched_at,
                fresh_until: end,
                refresh_until: end,
                serve_until: end,
            };
        }
        let fresh = self.fresh_for.mul_f64((self.jitter)());
        Life {
            fetched_at,
            fresh_until: after(fresh.min(self.serve_for)),
            refresh_until: after((fresh * 2).min(self.serve_for)),
            serve_until: after(self.serve_for),
        }
    }
}

impl Life {
    /// What `options` and the time say about this copy.
    pub(super) fn judge(&self, now: Timestamp, options: &Options) -> Verdict {
        if let Some(limit) = options.max_staleness {
            // A copy from the future: the clock was set back, so its age is not known.
            let age = Duration::try_from(now.duration_since(self.fetched_at));
            if age.is_err() || age.is_ok_and(|age| age > limit) {
                return Verdict::Gone;
            }
        }
        if now < self.fresh_until {
            Verdict::Fresh
        } else if now < self.refresh_until {
            Verdict::Refresh
        } else if now < self.serve_until {
            Verdict::LastResort
        } else {
            Verdict::Gone
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Fresh, Gone, LastResort, Refresh};
    use super::*;

    fn policy() -> Policy {
        Policy {
            lease_check: LeaseCheck::On,
            fresh_for: Duration::from_secs(300),
            serve_for: Duration::from_secs(3600),
            not_found_for: Duration::from_secs(30),
            jitter: Arc::new(|| 1.0),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_600_000 + seconds).unwrap()
    }

    #[test]
    fn a_copy_ages_from_fresh_to_gone() {
        let life = policy().life(at(0), true);
        let verdicts =
            [0, 299, 300, 599, 600, 3599, 3600].map(|age| life.judge(at(age), &Options::default()));
        let expected = [Fresh, Fresh, Refresh, Refresh, LastResort, LastResort, Gone];
        assert_eq!(verdicts, expected);
    }

    #[test]
    fn an_absence_is_believed_for_a_short_time_and_never_stale() {
        let life = policy().life(at(0), false);
        assert_eq!(life.judge(at(29), &Options::default()), Verdict::Fresh);
        assert_eq!(life.judge(at(30), &Options::default()), Verdict::Gone);
    }

    #[test]
    fn a_reader_can_tighten_the_limit_and_not_loosen_it() {
        let life = policy().life(at(0), true);
        let within = |seconds| Options {
            max_staleness: Some(Duration::from_secs(seconds)),
            ..Options::default()
        };
        assert_eq!(life.judge(at(10), &within(10)), Verdict::Fresh);
        assert_eq!(life.judge(at(11), &within(10)), Verdict::Gone);
        assert_eq!(life.judge(at(4000), &within(9999)), Verdict::Gone);
        assert_eq!(life.judge(at(-5), &within(9999)), Verdict::Gone);
    }

    #[test]
    fn a_short_last_age_bounds_everything() {
        let mut policy = policy();
        policy.serve_for = Duration::from_secs(100);
        let life = policy.life(at(0), true);
        assert_eq!(life.judge(at(99), &Options::default()), Verdict::Fresh);
        assert_eq!(life.judge(at(100), &Options::default()), Verdict::Gone);
    }
}
