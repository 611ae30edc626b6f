//! What is known of one write.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A caller's name for one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Reads a UUID.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl From<Uuid> for RequestId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// One run of one call: who has a record in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder(Uuid);

impl Holder {
    /// Somebody who never was.
    #[must_use]
    pub(super) fn new() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads what [`fmt::Display`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// Digest of who asked for what: method, caller and the whole request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// Digest of what BetterMode would have in the end, whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Effect([u8; 32]);

macro_rules! digest {
    ($name:ident) => {
        impl $name {
            /// Of these parts, in this order; no two lists of parts are alike.
            #[must_use]
            pub fn of<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
                Self(digest(parts))
            }

            /// As it is stored.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads what was stored; `None` for another length.
            pub(super) fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }
    };
}

digest!(Fingerprint);
digest!(Effect);

fn digest<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        // With its length, so that no two lists read the same.
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// What is known of one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The caller's name for it.
    pub request_id: RequestId,
    /// The RPC, for people who look.
    pub method: String,
    /// Who asked for what.
    pub fingerprint: Fingerprint,
    /// What it would make.
    pub effect: Effect,
    /// When it was first intended.
    pub begun_at: Timestamp,
    /// When something was last done about it.
    pub changed_at: Timestamp,
    /// Whether it is settled.
    pub state: State,
}

impl Record {
    /// What is known while it is not settled.
    pub(super) fn open(&self) -> Option<&Open> {
        match &self.state {
            State::Open(open) => Some(open),
            State::Done(_) => None,
        }
    }
}

/// Whether a write is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It may have been sent, and its outcome is not known.
    Open(Open),
    /// It happened.
    Done(Done),
}

/// A write whose outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Who has it in hand, or had it last.
    pub holder: Holder,
    /// Until when nobody else touches it.
    pub held_until: Timestamp,
    /// From when on everything that was sent is over, and shows.
    pub settled_from: Timestamp,
}

impl Open {
    /// From when on another may take it up.
    pub(super) fn free_from(&self) -> Timestamp {
        self.held_until.max(self.settled_from)
    }
}

/// The outcome of a write that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// BetterMode's id of what it made, where it made something of its own.
    pub object_id: Option<String>,
    /// What the caller is told, encoded.
    pub answer: Bytes,
}

/// A write that would make the same as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equal {
    /// Its name.
    pub request_id: RequestId,
    /// From when on what it sent is over and shows; `None` once it is settled.
    pub settled_from: Option<Timestamp>,
    /// What it made, once that is known.
    pub object_id: Option<String>,
}
