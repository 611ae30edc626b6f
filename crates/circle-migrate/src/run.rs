//! What every step of a run needs, and the one way in which a change is made.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use service_kit::clock::SharedClock;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Intent, Ledger, Outcome, State, Target as TargetId};
use crate::links::Linker;
use crate::options::MoveArgs;
use crate::progress::Progress;
use crate::target::{Refusal, Sent, Target};

/// So often is something sent whose answers stay away, before it counts as failed.
const MOST_TRIES: u32 = 3;

/// A run.
#[derive(Debug)]
pub struct Run {
    /// BetterMode.
    pub target: Target,
    /// What was done.
    pub ledger: Ledger,
    /// What is wanted.
    pub options: MoveArgs,
    /// The time.
    pub clock: SharedClock,
    /// Cancelled when the run is to end after the record in hand.
    pub stop: CancellationToken,
    /// What is shown meanwhile.
    pub progress: Progress,
    /// Who keeps pairs of members.
    pub linker: Box<dyn Linker>,
    /// New things of each kind in this run, for the canary.
    pub(crate) spent: RefCell<BTreeMap<Subject, u64>>,
}

/// A change to one record.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) subject: Subject,
    pub(crate) id: u64,
    pub(crate) payload_hash: String,
    pub(crate) outcome: Outcome,
}

impl Run {
    /// A run that has done nothing yet.
    #[must_use]
    pub fn new(
        target: Target,
        ledger: Ledger,
        options: MoveArgs,
        clock: SharedClock,
        stop: CancellationToken,
        progress: Progress,
        linker: Box<dyn Linker>,
    ) -> Self {
        Self {
            target,
            ledger,
            options,
            clock,
            stop,
            progress,
            linker,
            spent: RefCell::default(),
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the run is to end.
    ///
    /// # Errors
    /// [`Error::Stopped`] when it is.
    pub fn go_on(&self) -> Result<(), Error> {
        if self.stop.is_cancelled() {
            return Err(Error::Stopped);
        }
        Ok(())
    }

    /// Takes one of the canary's steps; false when there is none left.
    pub(crate) fn may_begin(&self, subject: Subject) -> bool {
        let Some(limit) = self.options.limit else {
            return true;
        };
        let mut spent = self.spent.borrow_mut();
        let spent = spent.entry(subject).or_default();
        if *spent >= limit {
            return false;
        }
        *spent += 1;
        true
    }

    /// Waits until what was just sent can be seen.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(self.options.settle()).await;
    }

    /// Makes one change: intent, sending, outcome. Where no answer comes, it is looked
    /// for before it is sent again. `None` when it is refused or stays unanswered, which
    /// the ledger then says.
    ///
    /// # Errors
    /// What stops the run.
    pub(crate) async fn make(
        &self,
        change: &Change,
        send: impl AsyncFn(&bettermode::Client) -> Result<TargetId, bettermode::Error>,
        find: impl AsyncFn() -> Result<Option<TargetId>, Error>,
    ) -> Result<Option<TargetId>, Error> {
        for _ in 0..MOST_TRIES {
            self.begin(change)?;
            service_kit::failpoints::reached("migrate.begun");
            let result = self.target.write(&send).await;
            service_kit::failpoints::reached("migrate.sent");
            let found = match result {
                Ok(Sent::Done(target)) => Some(target),
                Ok(Sent::Refused(refusal)) => {
                    self.refused(change, &refusal)?;
                    return Ok(None);
                }
                Ok(Sent::Unknown) => {
                    self.settle().await;
                    find().await?
                }
                Err(error) => {
                    // Refused as a whole: nothing happened.
                    self.planned(change, None)?;
                    return Err(error);
                }
            };
            if let Some(target) = found {
                self.done(change, &target)?;
                return Ok(Some(target));
            }
        }
        let refusal = Refusal {
            code: "unanswered".to_owned(),
            message: "no answer came, and it was not found".to_owned(),
        };
        self.refused(change, &refusal)?;
        Ok(None)
    }

    fn begin(&self, change: &Change) -> Result<(), Error> {
        let intent = Intent {
            id: change.id,
            email: None,
            payload_hash: &change.payload_hash,
        };
        Ok(self.ledger.begin(change.subject, &[intent], self.now())?)
    }

    /// Notes that a change was made.
    pub(crate) fn done(&self, change: &Change, target: &TargetId) -> Result<(), Error> {
        let entry = Entry {
            state: State::Done,
            outcome: Some(change.outcome),
            target: Some(target.clone()),
            ..self.current(change)?
        };
        Ok(self.ledger.write(&[entry], self.now())?)
    }

    /// Notes that a change is still to be made, and why it waits.
    pub(crate) fn planned(&self, change: &Change, reason: Option<&str>) -> Result<(), Error> {
        let entry = Entry {
            state: State::Planned,
            reason: reason.map(str::to_owned),
            ..self.current(change)?
        };
        Ok(self.ledger.write(&[entry], self.now())?)
    }

    fn refused(&self, change: &Change, refusal: &Refusal) -> Result<(), Error> {
        tracing::warn!(
            subject = %change.subject, id = change.id, code = refusal.code,
            "BetterMode refuses it: {}", refusal.message
        );
        let entry = Entry {
            state: State::Failed,
            reason: Some(refusal.message.clone()),
            error_code: Some(refusal.code.clone()),
            ..self.current(change)?
        };
        Ok(self.ledger.write(&[entry], self.now())?)
    }

    fn current(&self, change: &Change) -> Result<Entry, Error> {
        let known = self.ledger.entry(change.subject, change.id)?;
        let known = known.unwrap_or_else(|| fresh(change.subject, change.id));
        Ok(Entry {
            payload_hash: Some(change.payload_hash.clone()),
            reason: None,
            error_code: None,
            ..known
        })
    }

    /// Writes rows that differ from those that are there.
    ///
    /// # Errors
    /// [`Error::Ledger`].
    pub(crate) fn settle_rows(&self, rows: Vec<Entry>) -> Result<(), Error> {
        let mut changed = Vec::new();
        for row in rows {
            let known = self.ledger.entry(row.subject, row.id)?;
            let same = known.is_some_and(|known| {
                known.state == row.state
                    && known.reason == row.reason
                    && known.target == row.target
                    && known.outcome == row.outcome
            });
            if !same {
                changed.push(row);
            }
        }
        for part in changed.chunks(1_000) {
            self.ledger.write(part, self.now())?;
        }
        Ok(())
    }
}

/// A row that says nothing yet.
pub(crate) fn fresh(subject: Subject, id: u64) -> Entry {
    Entry {
        subject,
        id,
        email: None,
        state: State::Planned,
        outcome: None,
        reason: None,
        target: None,
        attempts: 0,
        error_code: None,
        payload_hash: None,
        updated_at: String::new(),
    }
}

/// What is sent, in a form that only says whether it is the same.
pub(crate) fn hash(payload: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(payload).unwrap_or_default();
    hex::encode(Sha256::digest(bytes))
}
