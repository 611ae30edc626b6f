//! The store of webhook events: each event once, by its id, for good.
//!
//! In MongoDB, or in one SQLite file; both keep the same names and promise the
//! same, which `contract_tests.rs` holds them to. It stores what it is given: it
//! verifies no signature and acts on no event.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;
use trace_kit::TraceParent;

#[cfg(test)]
mod contract_tests;
mod data;
mod follow;
mod mongo;
mod projection;
mod query;
pub mod replay;
mod sqlite;

pub use follow::{FollowError, ResumeToken, Step, Steps, WatchFilter};
pub use mongo::MongoStore;
pub use projection::{
    CLAIM, Due, EventState, MAX_REASON, Projection, ProjectionStatus, Settled, Standing, Verdict,
    Work,
};
pub use query::{Cursor, DeadCursor, DeadLetter, DeadLetterQuery, EventQuery, Outline};
pub use sqlite::SqliteStore;

pub use crate::stores::StoreError as Error;

/// How many watchers one process serves at once.
pub const MAX_WATCHERS: u32 = 256;

/// A store that is shared between tasks.
pub type SharedEventStore = Arc<dyn EventStore>;

/// The shape in which a webhook arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// BetterMode's own envelope.
    BetterMode,
    /// The flat envelope: `event_type`, `timestamp`, `data`.
    Flat,
    /// What Circle sends; the whole body is the data.
    Circle,
}

/// One verified webhook. What is not known is `None`.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Identity for deduplication, 1 to 128 characters.
    pub event_id: String,
    /// What happened, for example `post.published`.
    pub event_type: String,
    /// The thing it happened to, as BetterMode spells it, for example `POST`.
    pub noun: Option<String>,
    /// What happened to it, as BetterMode spells it, for example `PUBLISHED`.
    pub verb: Option<String>,
    /// BetterMode's id of the community's network.
    pub network_id: Option<String>,
    /// BetterMode's id of the member who did it.
    pub actor_member_id: Option<String>,
    /// BetterMode's id of the thing it happened to.
    pub object_id: Option<String>,
    /// When it happened, by the sender's clock; kept to the millisecond.
    pub occurred_at: Option<Timestamp>,
    /// When the edge received it; kept to the millisecond.
    pub received_at: Timestamp,
    /// The shape in which it arrived.
    pub format: Format,
    /// The path on which it arrived.
    pub path: String,
    /// The body, byte for byte, at most 1 MiB. It holds personal data.
    pub payload: Bytes,
    /// The span that what is done for it belongs under; `None` when nobody traces.
    pub trace_parent: Option<TraceParent>,
}

impl std::fmt::Debug for NewEvent {
    /// Without the payload, which holds personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewEvent")
            .field("event_id", &self.event_id)
            .field("event_type", &self.event_type)
            .field("received_at", &self.received_at)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// An event in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The event as it was ingested.
    pub event: NewEvent,
    /// When it was stored.
    pub stored_at: Timestamp,
    /// How far it has taken effect.
    pub state: EventState,
    /// Each projection that has not run yet or was given up on, in the order of
    /// [`Projection::ALL`].
    pub projections: Vec<ProjectionStatus>,
    /// When a member's data in it was erased: its payload and ids are empty since.
    pub erased_at: Option<Timestamp>,
}

impl StoredEvent {
    /// The place of this event in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            received_at: self.event.received_at,
            event_id: self.event.event_id.clone(),
        }
    }
}

/// What became of one event of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stored by this call.
    Stored,
    /// Was stored before; the earlier copy stays as it is.
    Duplicate,
}

/// How many bytes of payload a page may reach; gRPC clients take 4 MiB by default.
pub const PAGE_BYTES: usize = 3 << 20;

/// Where webhook events are kept.
#[async_trait]
pub trait EventStore: std::fmt::Debug + Send + Sync {
    /// What this is: `mongodb` or `sqlite`.
    fn kind(&self) -> &'static str;

    /// Whether it runs in this process.
    fn is_embedded(&self) -> bool;

    /// Stores the events, each once by its id, and says for each, in their
    /// order, whether this call stored it. On return they are durable, every
    /// projection of each due: one atomic write per event.
    ///
    /// # Errors
    /// Any error means: send all of them again. Some may be stored by then;
    /// those come back as duplicates.
    async fn ingest(&self, events: &[NewEvent]) -> Result<Vec<Outcome>, Error>;

    /// The event with this id.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn get(&self, event_id: &str) -> Result<Option<StoredEvent>, Error>;

    /// The events that `query` selects, the latest received first. The list ends
    /// early with the event whose payload makes it reach [`PAGE_BYTES`].
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer, and
    /// [`Error::Unreadable`] when it holds what this version cannot read.
    async fn list(&self, query: EventQuery) -> Result<Vec<StoredEvent>, Error>;

    /// As [`list`](Self::list), without payloads and so never ending early.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn outlines(&self, query: EventQuery) -> Result<Vec<Outline>, Error>;

    /// The events with these ids that the store has, the latest received first.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn outlines_of(&self, event_ids: &[String]) -> Result<Vec<Outline>, Error>;

    /// How many events `query` selects; its place and limit do not count.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    async fn count(&self, query: EventQuery) -> Result<u64, Error>;

    /// The projections that were given up on, the latest failure first.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn dead_letters(&self, query: DeadLetterQuery) -> Result<Vec<DeadLetter>, Error>;

    /// Takes work that is due at `now`, at most `limit` events, the oldest first.
    /// Nobody else is given it for [`CLAIM`]; it is due again then unless it was
    /// settled.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn claim(&self, now: Timestamp, limit: usize) -> Result<Vec<Work>, Error>;

    /// Records what became of work, each event and projection by itself. What is
    /// no longer due, such as after an erasure, stays as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: some of it may be recorded; call again.
    async fn settle(&self, settled: &[Settled]) -> Result<(), Error>;

    /// Makes the projections of these events due at `now`, with no attempts on
    /// their account, whether they have run, are due or were given up on. Leaves
    /// erased events alone.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: some of it may be recorded; call again.
    async fn redo(
        &self,
        event_ids: &[String],
        projections: &[Projection],
        now: Timestamp,
    ) -> Result<(), Error>;

    /// Empties the payload, the data and the ids of every event that this member
    /// did or that is about this member, drops what is due of them, and says how
    /// many events that were. Their event ids stay, so that none comes back.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: some of them may be erased; call again.
    async fn erase(&self, member_id: &str) -> Result<u64, Error>;

    /// Deletes events that are done and were received longer ago than `age`;
    /// keeps all without one. Never deletes what is pending or dead. SQLite
    /// deletes now and says how many; MongoDB is told the age and deletes by
    /// itself, so 0. To be called at the start and every now and then.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: some may be deleted; call again.
    async fn retain(&self, age: Option<Duration>) -> Result<u64, Error>;

    /// Follows the store from `after`, or from now on without one.
    ///
    /// # Errors
    /// [`FollowError`], as does the stream, which ends with it.
    async fn follow(
        &self,
        after: Option<ResumeToken>,
        filter: WatchFilter,
    ) -> Result<Steps, FollowError>;

    /// Changes whenever this process has stored an event or made one due again;
    /// other processes on the same store are not heard.
    fn stored_signal(&self) -> watch::Receiver<()>;

    /// Asks the store whether it is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is not.
    async fn ping(&self) -> Result<(), Error>;
}

/// Times are kept to the millisecond, as MongoDB has it.
fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::BetterMode => "bettermode",
            Self::Flat => "flat",
            Self::Circle => "circle",
        }
    }

    /// Where what it tells of happened.
    #[must_use]
    pub fn platform(self) -> &'static str {
        match self {
            Self::BetterMode | Self::Flat => "bettermode",
            Self::Circle => "circle",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "bettermode" => Some(Self::BetterMode),
            "flat" => Some(Self::Flat),
            "circle" => Some(Self::Circle),
            _ => None,
        }
    }
}
