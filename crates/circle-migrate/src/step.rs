//! What is to happen to a record: decided the same way for a plan and for a run.

use crate::ledger::{Entry, Outcome, State, Target};

/// What is to happen to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is done.
    Settled(Entry),
    /// It is there already.
    Match(Outcome, Target),
    /// Nothing, for a reason that stays.
    Skip(String),
    /// Nothing yet, for a reason that may go.
    Hold(String),
    /// It was begun, and has to be looked for.
    Look(Entry),
    /// It is done, with this outcome.
    Do(Outcome),
    /// Not in this run, which is limited.
    Later,
}

impl Step {
    /// What the ledger alone decides.
    #[must_use]
    pub fn known(entry: Option<&Entry>) -> Option<Self> {
        let entry = entry?;
        match entry.state {
            State::Done => Some(Self::Settled(entry.clone())),
            State::InFlight => Some(Self::Look(entry.clone())),
            State::Planned | State::Skipped | State::Failed => None,
        }
    }
}
