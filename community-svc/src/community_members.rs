//! The record of members, as webhooks tell of them: who is there, and in which
//! state.
//!
//! Each field keeps the version (time and id) of the event that set it, and only a
//! later version sets it again: whatever the order in which events come, and
//! however often, the record ends the same. E-mail addresses are not kept: who
//! needs one asks `GetMember`, which BetterMode answers as far as it may.

use std::sync::Arc;

use async_trait::async_trait;
use bettermode::MemberId;
use jiff::Timestamp;

use crate::activities::{Payload, member_of, occurred_at, to_millisecond};
use crate::events::NewEvent;
use crate::stores::StoreError;

#[cfg(test)]
mod contract_tests;
mod mongo;
mod sqlite;

pub use mongo::MongoCommunityMembers;
pub use sqlite::SqliteCommunityMembers;

/// A store that is shared between tasks.
pub type SharedMemberStore = Arc<dyn MemberStore>;

/// Longest name or user name that is kept, in characters.
const MAX_NAME: usize = 256;

/// What one event says about a member. What it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberChange {
    /// The member.
    pub member_id: MemberId,
    /// The event; settles between events of the same time.
    pub event_id: String,
    /// When it happened; kept to the millisecond.
    pub occurred_at: Timestamp,
    /// The display name.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// BetterMode's word, such as `VERIFIED`, `SUSPENDED` or `DELETED`.
    pub status: Option<String>,
    /// When the member's address was verified.
    pub joined_at: Option<Timestamp>,
}

impl MemberChange {
    /// What the event says, when it is about a member. The name of the event
    /// weighs more than the row in it, which may have been read earlier.
    #[must_use]
    pub fn read(event: &NewEvent) -> Option<Self> {
        let payload = Payload::read(event)?;
        let text = |pointers: &[&str]| {
            let text: String = payload.text(pointers)?.chars().take(MAX_NAME).collect();
            (!text.contains('\0')).then_some(text)
        };
        let occurred_at = occurred_at(event);
        let row_status = text(&["/object/status"]);
        let (status, joined_at) = match event.event_type.as_str() {
            "member.verified" => (
                Some("VERIFIED".to_owned()),
                payload.time(&["/object/verifiedAt"]).or(Some(occurred_at)),
            ),
            "member.suspended" => (Some("SUSPENDED".to_owned()), None),
            "member.unsuspended" => (
                row_status
                    .filter(|status| status != "SUSPENDED")
                    .or_else(|| Some("VERIFIED".to_owned())),
                None,
            ),
            "member.deleted" => (Some("DELETED".to_owned()), None),
            _ => (row_status, None),
        };
        Some(Self {
            member_id: member_of(event, &payload)?,
            event_id: event.event_id.clone(),
            occurred_at,
            name: text(&["/object/name", "/name"]),
            username: text(&["/object/username", "/username"]),
            status,
            joined_at: joined_at
                .or_else(|| payload.time(&["/object/verifiedAt"]))
                .map(to_millisecond),
        })
    }

    /// Sorts by time, then by event.
    fn version(&self) -> String {
        format!("{:.3} {}", self.occurred_at, self.event_id)
    }
}

/// A value, and the version that set it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Versioned {
    /// The value.
    pub value: String,
    /// Time and id of the event that set it.
    pub version: String,
}

/// One person in both communities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleLink {
    /// BetterMode's id of the member.
    pub member_id: MemberId,
    /// Circle's id of the same person.
    pub circle_member_id: String,
}

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOutcome {
    /// The record has it, from now on or from before.
    Linked,
    /// The member has another id of Circle, or the id belongs to another member; nothing
    /// was changed.
    Conflict,
}

/// A member's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRecord {
    /// BetterMode's id of the member.
    pub member_id: MemberId,
    /// Circle's id of the same person, where a migration brought it.
    pub circle_member_id: Option<String>,
    /// Where the member is at home: `BetterMode` unless said otherwise.
    pub primary_platform: String,
    /// The display name.
    pub name: Option<Versioned>,
    /// The user name.
    pub username: Option<Versioned>,
    /// BetterMode's word for the state.
    pub status: Option<Versioned>,
    /// When the member's address was verified, by the earliest word on it.
    pub joined_at: Option<Timestamp>,
    /// When the last event about the member happened.
    pub last_event_at: Option<Timestamp>,
    /// When the record last changed, by our clock.
    pub updated_at: Timestamp,
}

impl MemberRecord {
    /// What the change would do to `record`, a sentence each; none when it has
    /// taken effect already, or comes too late to.
    #[must_use]
    pub fn differences(record: Option<&Self>, change: &MemberChange) -> Vec<String> {
        let id = &change.member_id;
        let Some(record) = record else {
            return vec![format!("would add a record of member {id}")];
        };
        let version = change.version();
        let is_later =
            |field: &Option<Versioned>| field.as_ref().is_none_or(|field| version > field.version);
        let differs = |field: &Option<Versioned>, new: &Option<String>| match new {
            Some(new) => is_later(field) && field.as_ref().is_none_or(|field| field.value != *new),
            None => false,
        };
        let mut differences = Vec::new();
        // A name is personal: the sentence does without it.
        if differs(&record.name, &change.name) {
            differences.push(format!("would set the name of member {id}"));
        }
        if differs(&record.username, &change.username) {
            differences.push(format!("would set the user name of member {id}"));
        }
        if let Some(status) = &change.status
            && differs(&record.status, &change.status)
        {
            let status = status.to_lowercase();
            differences.push(format!("would set status of member {id} to {status}"));
        }
        if let Some(joined_at) = change.joined_at
            && record.joined_at.is_none_or(|known| joined_at < known)
        {
            differences.push(format!("would say that member {id} joined at {joined_at}"));
        }
        let occurred_at = change.occurred_at;
        if record.last_event_at.is_none_or(|known| occurred_at > known) {
            differences.push(format!(
                "would say that the last event of member {id} was at {occurred_at}"
            ));
        }
        differences
    }
}

/// Where the record of members is kept.
#[async_trait]
pub trait MemberStore: std::fmt::Debug + Send + Sync {
    /// What this is: `mongodb` or `sqlite`.
    fn kind(&self) -> &'static str;

    /// Brings the records up to date. A change that came before, or comes late,
    /// changes nothing. On return it is durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: some may have taken effect; call again.
    async fn apply(&self, changes: &[MemberChange]) -> Result<(), StoreError>;

    /// Notes who was whom in Circle, one after the other, and says of each what became of
    /// it. A member without a record gets one. On return it is durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: some may be noted; call again.
    async fn link(&self, links: &[CircleLink]) -> Result<Vec<LinkOutcome>, StoreError>;

    /// The record of a member.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer,
    /// [`StoreError::Unreadable`] when it holds what this version cannot read.
    async fn get(&self, member: &MemberId) -> Result<Option<MemberRecord>, StoreError>;

    /// Deletes the record of a member, and says whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer; call again.
    async fn erase(&self, member: &MemberId) -> Result<bool, StoreError>;
}
