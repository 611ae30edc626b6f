//! Which events to list, and places in the lists.

use jiff::Timestamp;

use super::{EventState, Projection, millis};

/// A place in the list of events. The list is ordered by the time of receipt,
/// then by the id, byte by byte; so no two events share a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(super) received_at: Timestamp,
    pub(super) event_id: String,
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

/// Which events to list. Filters that are set must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only events of this type, compared exactly.
    pub event_type: Option<String>,
    /// Only events that this member did or that are about this member.
    pub member_id: Option<String>,
    /// Only events received at this time or later.
    pub received_from: Option<Timestamp>,
    /// Only events received before this time.
    pub received_until: Option<Timestamp>,
    /// Only events in this state.
    pub state: Option<EventState>,
    /// Only events after this place in the list, that is: older ones.
    pub before: Option<Cursor>,
    /// At most this many.
    pub limit: usize,
}

/// What a list without payloads knows of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// When the edge received it.
    pub received_at: Timestamp,
    /// How far it has taken effect.
    pub state: EventState,
    /// Whether a member's data in it was erased.
    pub is_erased: bool,
}

impl Outline {
    /// The place of this event in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            received_at: self.received_at,
            event_id: self.event_id.clone(),
        }
    }
}

/// A projection of an event that was given up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// When the edge received the event.
    pub received_at: Timestamp,
    /// The projection that failed.
    pub projection: Projection,
    /// Why the last attempt failed.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up on.
    pub failed_at: Timestamp,
}

impl DeadLetter {
    /// The place of this dead letter in the list.
    #[must_use]
    pub fn cursor(&self) -> DeadCursor {
        DeadCursor {
            failed_at: self.failed_at,
            projection: self.projection,
            event_id: self.event_id.clone(),
        }
    }
}

/// A place in the list of dead letters, which is ordered by the time of failure,
/// then by the event's id, then by the projection's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadCursor {
    pub(super) failed_at: Timestamp,
    pub(super) projection: Projection,
    pub(super) event_id: String,
}

impl DeadCursor {
    /// A form that [`DeadCursor::from_bytes`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = format!("{} {}", self.projection.name(), self.event_id);
        let mut bytes = millis(self.failed_at).to_be_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    /// The cursor in `bytes`, if they hold one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (failed_at, text) = bytes.split_first_chunk()?;
        let (projection, event_id) = std::str::from_utf8(text).ok()?.split_once(' ')?;
        Some(Self {
            failed_at: Timestamp::from_millisecond(i64::from_be_bytes(*failed_at)).ok()?,
            projection: Projection::from_name(projection)?,
            event_id: event_id.to_owned(),
        })
    }
}

/// Which dead letters to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterQuery {
    /// Only those of this projection.
    pub projection: Option<Projection>,
    /// Only those after this place in the list, that is: older ones.
    pub before: Option<DeadCursor>,
    /// At most this many.
    pub limit: usize,
}
