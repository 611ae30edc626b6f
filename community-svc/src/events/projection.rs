//! What an event is turned into once it is stored, and how far that has come.

use std::time::Duration;

use jiff::Timestamp;

use super::StoredEvent;

/// How long claimed work is left to the one who claimed it. Whoever needs longer
/// may see it done by somebody else as well, which is why projections are
/// idempotent.
pub const CLAIM: Duration = Duration::from_secs(30);

/// The longest reason that is kept, in characters.
pub const MAX_REASON: usize = 1_000;

/// One effect of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Projection {
    /// Cached copies of what changed are dropped.
    Cache,
    /// The record of members.
    Members,
    /// The record of what members do.
    Activities,
}

impl Projection {
    /// Every projection, in the order in which they run.
    pub const ALL: [Self; 3] = [Self::Cache, Self::Members, Self::Activities];

    /// The name in the store: `cache`, `members` or `activities`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Members => "members",
            Self::Activities => "activities",
        }
    }

    /// The projection of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// How far an event has taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// Some projection has not run yet, or is retried.
    Pending,
    /// Every projection has run.
    Done,
    /// No projection is due, and at least one was given up on.
    Dead,
}

impl EventState {
    /// The name in the store: `pending`, `done` or `dead`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Dead]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// Where a projection that has not succeeded stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Due at this time.
    Due(Timestamp),
    /// Given up on at this time.
    Dead(Timestamp),
}

/// A projection of an event that has not run yet or was given up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionStatus {
    /// The projection.
    pub projection: Projection,
    /// How often it was tried and failed.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// Whether it is tried again.
    pub standing: Standing,
}

/// An event of which something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The event.
    pub event: StoredEvent,
    /// The projections that are due, in the order of [`Projection::ALL`].
    pub due: Vec<Due>,
}

/// A projection that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The projection.
    pub projection: Projection,
    /// How often it was tried and failed before.
    pub attempts: u32,
}

/// What became of one projection of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The event.
    pub event_id: String,
    /// The projection.
    pub projection: Projection,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of an attempt. A reason is for people, holds no personal data, and
/// is cut to [`MAX_REASON`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It took effect.
    Done,
    /// It failed and is due again later.
    Retry {
        /// Why it failed.
        reason: String,
        /// When it is due again.
        at: Timestamp,
    },
    /// It could not be tried, through no fault of its own: due again later, at no
    /// attempt's cost.
    Later {
        /// When it is due again.
        at: Timestamp,
    },
    /// It is given up on.
    Dead {
        /// Why the last attempt failed.
        reason: String,
        /// When it was given up on.
        at: Timestamp,
    },
}

/// The part of a reason that is kept.
pub(super) fn kept(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
}
