//! The store of webhook events: each event once, by its id, for good.
//!
//! In MongoDB, or in one SQLite file; both keep the same names and promise the
//! same, which `contract_tests.rs` holds them to. It stores what it is given: it
//! verifies no signature and acts on no event.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

#[cfg(test)]
mod contract_tests;
mod data;
mod mongo;
mod sqlite;

pub use mongo::MongoStore;
pub use sqlite::SqliteStore;

/// A store that is shared between tasks.
pub type SharedEventStore = Arc<dyn EventStore>;

/// The shape in which a webhook arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// BetterMode's own envelope.
    BetterMode,
    /// The flat envelope: `event_type`, `timestamp`, `data`.
    Flat,
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

/// A place in the list of events. The list is ordered by the time of receipt,
/// then by the id, byte by byte; so no two events share a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    received_at: Timestamp,
    event_id: String,
}

impl Cursor {
    /// A form that [`Cursor::from_bytes`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = millis(self.received_at).to_be_bytes().to_vec();
        bytes.extend_from_slice(self.event_id.as_bytes());
        bytes
    }

    /// The cursor in `bytes`, if they hold one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (received_at, event_id) = bytes.split_first_chunk()?;
        Some(Self {
            received_at: Timestamp::from_millisecond(i64::from_be_bytes(*received_at)).ok()?,
            event_id: std::str::from_utf8(event_id).ok()?.to_owned(),
        })
    }
}

/// How many bytes of payload a page may reach; gRPC clients take 4 MiB by default.
pub const PAGE_BYTES: usize = 3 << 20;

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only events of this type, compared exactly.
    pub event_type: Option<String>,
    /// Only events after this place in the list, that is: older ones.
    pub before: Option<Cursor>,
    /// At most this many.
    pub limit: usize,
}

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting cannot be used.
    #[error("{setting} {rule}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// What it must be, to be read after the name.
        rule: &'static str,
    },
    /// The store did not answer in time, or refused.
    #[error("{store} failed while {attempted}; {advice}")]
    Unavailable {
        /// `mongodb` or `sqlite`.
        store: &'static str,
        /// What was attempted.
        attempted: &'static str,
        /// What to look at.
        advice: &'static str,
        /// What the store said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something in the store is not as this version writes it.
    #[error(
        "an event in {store} cannot be read: {what}; was it changed by hand, or by a newer version?"
    )]
    Unreadable {
        /// `mongodb` or `sqlite`.
        store: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

/// Where webhook events are kept.
#[async_trait]
pub trait EventStore: std::fmt::Debug + Send + Sync {
    /// What this is: `mongodb` or `sqlite`.
    fn kind(&self) -> &'static str;

    /// Whether it runs in this process.
    fn is_embedded(&self) -> bool;

    /// Stores the events, each once by its id, and says for each, in their
    /// order, whether this call stored it. On return they are durable.
    ///
    /// # Errors
    /// Any error means: send all of them again. Some may be stored by then;
    /// those come back as duplicates.
    async fn ingest(&self, events: &[NewEvent]) -> Result<Vec<Outcome>, Error>;

    /// The events that `query` selects, the latest received first. The list ends
    /// early with the event whose payload makes it reach [`PAGE_BYTES`].
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer, and
    /// [`Error::Unreadable`] when it holds what this version cannot read.
    async fn list(&self, query: EventQuery) -> Result<Vec<StoredEvent>, Error>;

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
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "bettermode" => Some(Self::BetterMode),
            "flat" => Some(Self::Flat),
            _ => None,
        }
    }
}
