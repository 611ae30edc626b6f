//! Writes that are safe to send again: a ledger of what was intended and what came
//! of it, by the caller's request id.
//!
//! BetterMode takes no id from its clients, so a write whose answer was lost can only
//! be settled by looking for what it would have made. The order is always the same:
//! the intent is durable, then one request goes out, then the outcome is durable, and
//! only then does the caller hear of a success. Whoever comes with a known id gets the
//! first outcome; where there is none, nothing is sent before a look, and no look
//! happens before everything that was sent is over. docs/decisions/0008 has the
//! reasons and what remains.
//!
//! Nobody resolves in the background: an intent whose caller never comes back stays
//! open until it is deleted for its age.

use std::sync::Arc;
use std::time::Duration;

use bettermode::Sighting;
use jiff::Timestamp;
use prost::Message;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use tracing::Instrument as _;

use crate::error::Error;
use crate::metrics::Metrics;
use crate::stores::StoreError;

#[cfg(test)]
mod contract_tests;
mod decide;

mod flow;
mod limited;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod model_tests;
mod mongo;
mod record;
mod sqlite;
#[cfg(test)]
mod tests;

pub use mongo::MongoWrites;
pub use record::{Done, Effect, Equal, Fingerprint, Holder, Open, Record, RequestId, State};
pub use sqlite::SqliteWrites;

use flow::Flow;

/// How much longer than promised a record is kept: nothing of a request whose window
/// is nearly over may look like nobody's.
pub(crate) const LONGER: Duration = Duration::from_secs(3_600);

/// How much longer an attempt may take than its requests.
const GRACE: Duration = Duration::from_secs(2);

/// Where intents and outcomes are kept. Every change is durable when it returns.
#[async_trait::async_trait]
pub trait WriteStore: Send + Sync + std::fmt::Debug {
    /// Adds `intent`, whose state is open, unless its id is known; then what is known
    /// of it. A record that `intent`'s own holder added counts as added.
    ///
    /// # Errors
    /// [`StoreError`]; the intent may be recorded all the same.
    async fn begin(&self, intent: &Record) -> Result<Option<Record>, StoreError>;

    /// Puts `to` in the place of `from`; false when the record is not open, or in other
    /// hands.
    ///
    /// # Errors
    /// [`StoreError`]; it may have changed hands all the same.
    async fn hand_over(
        &self,
        id: RequestId,
        from: Holder,
        to: &Open,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Settles an open record, whoever holds it: who knows the outcome may tell it.
    ///
    /// # Errors
    /// [`StoreError`]; it may be settled all the same.
    async fn finish(
        &self,
        id: RequestId,
        done: &Done,
        at: Timestamp,
    ) -> Result<Finished, StoreError>;

    /// Removes an open record that is in these hands.
    ///
    /// # Errors
    /// [`StoreError`]; it may be gone all the same.
    async fn forget(&self, id: RequestId, holder: Holder) -> Result<(), StoreError>;

    /// The records whose writes would make the same in BetterMode, as far as they
    /// changed at `since` or later.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn equals(&self, effect: &Effect, since: Timestamp) -> Result<Vec<Equal>, StoreError>;

    /// Deletes what is too old, or sees to it that the database does; how many.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn prune(&self) -> Result<u64, StoreError>;
}

/// A store that is shared between tasks.
pub type SharedWriteStore = Arc<dyn WriteStore>;

/// How the settling of a record went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// The outcome is recorded.
    Recorded,
    /// There was an outcome already, and it stays.
    AlreadyDone(Done),
    /// Another request's outcome is this very object; the record is as it was.
    Claimed,
    /// There is no such record.
    Gone,
}

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long one request to BetterMode may take.
    pub request: Duration,
    /// How long after the end of an attempt BetterMode may still carry it out, and may
    /// not show yet what it carried out.
    pub settle: Duration,
}

impl Timing {
    /// After so long an attempt is given up that makes so many requests, or was not
    /// begun in time.
    fn attempt(&self, requests: u32) -> Duration {
        self.request.saturating_mul(requests) + GRACE
    }
}

/// What a write made in BetterMode.
#[derive(Debug, Clone, PartialEq)]
pub struct Made<M> {
    /// BetterMode's id of it; `None` where the write makes nothing of its own, such
    /// as a change. Two requests never get the same object.
    pub object_id: Option<String>,
    /// What the caller is told.
    pub answer: M,
    /// False when a part was not done that the next call with the same id is to do: the
    /// answer is told and not kept.
    pub is_whole: bool,
}

/// What a look upstream found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<M> {
    /// Everything there that is as the write would have made it, since the time asked
    /// for, oldest first; nothing is left out. Empty sends the write again.
    Objects(Vec<Made<M>>),
    /// This is it, by a mark that nothing else bears.
    Marked(Made<M>),
    /// It cannot be seen whether it is there.
    CannotTell,
}

impl<M> Made<M> {
    /// An object of its own.
    pub fn object(id: impl Into<String>, answer: M) -> Self {
        Self {
            object_id: Some(id.into()),
            answer,
            is_whole: true,
        }
    }

    /// A change of what was there.
    pub fn change(answer: M) -> Self {
        Self {
            object_id: None,
            answer,
            is_whole: true,
        }
    }

    /// The same with another answer.
    pub fn map<N>(self, convert: impl FnOnce(M) -> N) -> Made<N> {
        Made {
            object_id: self.object_id,
            answer: convert(self.answer),
            is_whole: self.is_whole,
        }
    }
}

impl<M> Found<M> {
    /// Of a change: what the caller is told if all is as it wants it.
    pub fn change(answer: Option<M>) -> Self {
        Self::Objects(answer.map(Made::change).into_iter().collect())
    }

    /// What the client saw.
    pub fn sighting<T>(seen: Sighting<T>, made: impl Fn(T) -> Made<M>) -> Self {
        match seen {
            Sighting::Seen(seen) => Self::Objects(seen.into_iter().map(made).collect()),
            Sighting::CannotTell => Self::CannotTell,
        }
    }

    /// The same with other answers.
    pub fn map<N>(self, convert: impl Fn(M) -> N) -> Found<N> {
        match self {
            Self::Objects(found) => {
                Found::Objects(found.into_iter().map(|made| made.map(&convert)).collect())
            }
            Self::Marked(made) => Found::Marked(made.map(convert)),
            Self::CannotTell => Found::CannotTell,
        }
    }
}

/// One write of a caller who named it.
#[derive(Debug, Clone)]
pub struct Write {
    /// The caller's name for it.
    pub request_id: RequestId,
    /// The RPC.
    pub method: &'static str,
    /// What is being done, to be read after "confirm": "sending a direct message".
    pub attempted: &'static str,
    /// How many requests to BetterMode an attempt, or a look, may need.
    pub requests: u32,
    /// Who asks for what: tells another write under the same id.
    pub fingerprint: Fingerprint,
    /// What BetterMode would have in the end: tells equal writes under other ids.
    pub effect: Effect,
}

/// Carries out writes once; cheap to clone.
#[derive(Debug, Clone)]
pub struct Writes {
    store: SharedWriteStore,
    clock: SharedClock,
    tasks: Tasks,
    timing: Timing,
    metrics: Metrics,
}

impl Writes {
    /// Over this store.
    #[must_use]
    pub fn new(
        store: SharedWriteStore,
        clock: SharedClock,
        tasks: Tasks,
        timing: Timing,
        metrics: Metrics,
    ) -> Self {
        Self {
            store,
            clock,
            tasks,
            timing,
            metrics,
        }
    }

    /// Carries out `attempt`, once for each request id however often it is called, or
    /// tells the first outcome again. Without a `write` (no request id) it is
    /// `attempt` and nothing else.
    ///
    /// `attempt` may send one request that changes something, as its last step, and
    /// every error of it must be true: an error that is not
    /// [`may_have_happened`](Error::may_have_happened) says that nothing changed.
    /// `lookup` only reads, what was made since a time; it is called at most once, and
    /// before a second attempt. A write that does no harm when it is done twice looks
    /// for nothing: [`repeatable`].
    ///
    /// With a request id it goes on when the caller leaves, so that the outcome is
    /// known to whoever comes next.
    ///
    /// # Errors
    /// What `attempt` failed with, when nothing was changed by it: the id is free
    /// again. [`Error::RequestIdReused`]; [`Error::RequestInProgress`] while it is not
    /// settled; [`Error::OutcomeUnknown`] when it cannot be known whether it happened;
    /// [`Error::WriteStoreUnavailable`] when this call sent nothing for want of the
    /// store.
    pub async fn run<M, A, L, F>(
        &self,
        write: Option<Write>,
        attempt: A,
        lookup: L,
    ) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        A: Future<Output = Result<Made<M>, Error>> + Send + 'static,
        L: FnOnce(Timestamp) -> F + Send + 'static,
        F: Future<Output = Result<Found<M>, Error>> + Send + 'static,
    {
        let Some(write) = write else {
            return attempt.await.map(|made| made.answer);
        };
        let writes = self.clone();
        let work = async move { writes.settle(&write, attempt, lookup).await };
        // Its log lines stay those of the call.
        let done = self.tasks.spawn("write", work.in_current_span()).await;
        done.unwrap_or_else(|ended| {
            tracing::error!(error = &ended as &dyn std::error::Error, "a write ended");
            Err(Error::Internal)
        })
    }

    async fn settle<M, A, L, F>(&self, write: &Write, attempt: A, lookup: L) -> Result<M, Error>
    where
        M: Message + Default,
        A: Future<Output = Result<Made<M>, Error>> + Send,
        L: FnOnce(Timestamp) -> F + Send,
        F: Future<Output = Result<Found<M>, Error>> + Send,
    {
        let flow = Flow::new(&*self.store, &*self.clock, self.timing, write);
        let (outcome, course) = flow.settle(attempt, lookup).await;
        self.metrics.write(course.name());
        if let Err(error) = &outcome
            && error.reason() == community_proto::v1::ErrorReason::OutcomeUnknown
        {
            let (request_id, method) = (write.request_id, write.method);
            tracing::warn!(%request_id, method, "it cannot be known whether a write happened");
        }
        outcome
    }
}

/// The look of a write that does no harm when it is done twice.
///
/// # Errors
/// None.
pub async fn repeatable<M>(_: Timestamp) -> Result<Found<M>, Error> {
    Ok(Found::Objects(Vec::new()))
}
