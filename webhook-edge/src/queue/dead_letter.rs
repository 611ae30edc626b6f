//! An event that the service refuses, kept with the reason.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Position, record};
use crate::payload::Event;

/// An event that the service refuses, or a record that cannot be read.
pub struct DeadLetter {
    /// The place it had in the queue.
    pub position: Position,
    /// When it was given up on.
    pub buried_at: Timestamp,
    /// Why.
    pub reason: String,
    /// Its record, byte for byte.
    pub record: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    buried_at_ms: i64,
    reason: &'a str,
    #[serde(with = "serde_bytes")]
    record: &'a [u8],
}

impl DeadLetter {
    /// The event, if its record can be read.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        Some(record::decode(&self.record).ok()?.0)
    }

    pub(super) fn to_bytes(buried_at: Timestamp, reason: &str, record: &[u8]) -> Vec<u8> {
        let fields = Fields {
            buried_at_ms: buried_at.as_millisecond(),
            reason,
            record,
        };
        // Writing plain fields to memory has no way to fail.
        postcard::to_allocvec(&fields).unwrap_or_default()
    }

    pub(super) fn from_bytes(position: Position, bytes: &[u8]) -> Option<Self> {
        let fields: Fields<'_> = postcard::from_bytes(bytes).ok()?;
        Some(Self {
            position,
            buried_at: Timestamp::from_millisecond(fields.buried_at_ms).ok()?,
            reason: fields.reason.to_owned(),
            record: fields.record.to_vec(),
        })
    }
}
