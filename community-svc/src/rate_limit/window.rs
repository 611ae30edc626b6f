//! The sliding window as a pure algorithm, in milliseconds of any clock.
//!
//! What passed at `t` counts until `t + 10 000` inclusive. `acquire.lua` is the
//! same algorithm inside Redis; a property test holds the two together.

use std::collections::VecDeque;
use std::time::Duration;

use super::Limits;

/// BetterMode's burst window (developers.bettermode.com, rate limits).
pub(super) const WINDOW: u64 = 10_000;

/// How much later than our permission BetterMode may have counted a request.
/// What BetterMode says it counted is held against our log of that much more.
pub(super) const LAG: u64 = 1_000;

/// Requests and points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) requests: u64,
    pub(super) complexity: u64,
}

/// Somebody counted this much in the window that ended `age` ago. What our log
/// lacks of it was used by others, and counts from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) age: u64,
    pub(super) used: Usage,
}

/// So many points more than were taken `age` ago were charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Correction {
    /// Whoever counts it remembers it by this name, and counts it once.
    pub(super) id: String,
    pub(super) age: u64,
    pub(super) points: u64,
}

/// The answer to one request for budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    Refused {
        /// When it would be allowed, if nobody else comes first.
        retry_after: Duration,
    },
}

/// What passed lately, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    log: VecDeque<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: u64,
    used: Usage,
    /// Whether it is what a claim knew and we did not.
    claimed: bool,
}

impl Window {
    /// Takes one request and `complexity` points, or says when to come back.
    /// `room` is how far a request of its class may fill the window. One with more
    /// points than that needs the window for itself; whether it is too complex is
    /// BetterMode's to say.
    pub(super) fn acquire(
        &mut self,
        now: u64,
        room: Limits,
        complexity: u32,
        claims: &[Claim],
    ) -> Decision {
        self.prune(now);
        for claim in claims.iter().filter(|claim| claim.age <= WINDOW) {
            self.believe(now, *claim);
        }
        let cost = Usage::of(complexity);
        let mut used = self.used(now);
        if fits(used, cost, room) {
            self.log.push_back(Entry::of(now, cost));
            return Decision::Allowed;
        }
        let mut free_at = now;
        for entry in self.log.iter().filter(|entry| entry.at + WINDOW >= now) {
            used = used.minus(entry.used);
            free_at = entry.at + WINDOW + 1;
            if fits(used, cost, room) {
                break;
            }
        }
        Decision::Refused {
            retry_after: Duration::from_millis(free_at - now),
        }
    }

    /// Counts what passed with somebody else's permission.
    pub(super) fn record(&mut self, now: u64, complexity: u32) {
        self.prune(now);
        self.log.push_back(Entry::of(now, Usage::of(complexity)));
    }

    /// Counts points that were charged above what was taken. What claims brought
    /// since then may be these very points: it counts once. (Where it was somebody
    /// else's after all, the next claim brings it again.)
    pub(super) fn correct(&mut self, now: u64, age: u64, points: u64) {
        self.prune(now);
        let at = now.saturating_sub(age);
        let mut rest = points;
        let later = self.log.iter_mut().filter(|entry| entry.at >= at);
        for entry in later.filter(|entry| entry.claimed) {
            let part = entry.used.complexity.min(rest);
            entry.used.complexity -= part;
            rest -= part;
        }
        let used = Usage {
            requests: 0,
            complexity: points,
        };
        self.insert(Entry::of(at, used));
    }

    /// What counts now.
    pub(super) fn used(&self, now: u64) -> Usage {
        self.used_between(now.saturating_sub(WINDOW), now)
    }

    fn used_between(&self, from: u64, to: u64) -> Usage {
        self.log
            .iter()
            .filter(|entry| (from..=to).contains(&entry.at))
            .fold(Usage::default(), |sum, entry| sum.plus(entry.used))
    }

    fn believe(&mut self, now: u64, claim: Claim) {
        let at = now.saturating_sub(claim.age);
        let known = self.used_between(at.saturating_sub(WINDOW + LAG), at);
        let unknown = claim.used.minus(known);
        if unknown != Usage::default() {
            self.insert(Entry {
                at,
                used: unknown,
                claimed: true,
            });
        }
    }

    fn insert(&mut self, new: Entry) {
        let index = self.log.partition_point(|entry| entry.at <= new.at);
        self.log.insert(index, new);
    }

    /// Forgets what no claim can be held against, and lets no entry lie in the
    /// future: after a step back of the clock it would count too long.
    fn prune(&mut self, now: u64) {
        for entry in self.log.iter_mut().rev().take_while(|entry| entry.at > now) {
            entry.at = now;
        }
        let oldest = now.saturating_sub(2 * WINDOW + LAG);
        while self.log.front().is_some_and(|entry| entry.at < oldest) {
            self.log.pop_front();
        }
    }
}

impl Entry {
    fn of(at: u64, used: Usage) -> Self {
        Self {
            at,
            used,
            claimed: false,
        }
    }
}

impl Usage {
    /// One request's.
    fn of(complexity: u32) -> Self {
        Self {
            requests: 1,
            complexity: u64::from(complexity),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            complexity: self.complexity + other.complexity,
        }
    }

    /// At least nothing.
    fn minus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            complexity: self.complexity.saturating_sub(other.complexity),
        }
    }
}

fn fits(used: Usage, cost: Usage, room: Limits) -> bool {
    let most = u64::from(room.complexity);
    used.requests + cost.requests <= u64::from(room.requests)
        && used.complexity + cost.complexity.min(most) <= most
}
