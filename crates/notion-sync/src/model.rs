//! Members and what they do, as this program needs them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// BetterMode's id of a member.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberId(String);

impl MemberId {
    /// The id, as BetterMode gives it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A member of the community. Holds personal data; it is never logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// BetterMode's id.
    pub id: MemberId,
    /// The user name.
    pub username: String,
    /// The display name; empty when there is none.
    pub name: String,
    /// The address; empty when the service's token may not see it.
    pub email: Address,
    /// A word for people: Active, Pending, Suspended, Deleted, Blocked, or what BetterMode
    /// calls it.
    pub status: String,
    /// The name of the role; empty when not known.
    pub role: String,
    /// One line about themselves.
    pub tagline: String,
    /// The community's own id.
    pub external_id: String,
    /// Language tag.
    pub locale: String,
    /// Address of the picture.
    pub picture_url: String,
    /// Address of the profile.
    pub url: String,
    /// Custom profile fields.
    pub fields: Vec<(String, Json)>,
    /// When the account was made.
    pub joined_at: Option<Timestamp>,
    /// When the row at BetterMode last changed.
    pub updated_at: Option<Timestamp>,
    /// When the member was last seen.
    pub last_seen_at: Option<Timestamp>,
    /// When the address was proved.
    pub verified_at: Option<Timestamp>,
}

/// An e-mail address that does not print itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Address(pub String);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(redacted)")
    }
}

/// Something that a member did or that happened to a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The webhook event it was read from.
    pub event_id: String,
    /// The member.
    pub member_id: MemberId,
    /// What happened, such as `post.created`.
    pub kind: String,
    /// The coarser word: member, post, comment, reaction, space or other.
    pub activity_type: String,
    /// The post or reply; empty when there is none.
    pub post_id: String,
    /// The post that was replied to.
    pub parent_post_id: String,
    /// The space.
    pub space_id: String,
    /// The reaction.
    pub reaction: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The page in the community.
    pub url: String,
}

/// What a webhook says, as far as this program looks at it: which member it may concern and
/// when it happened. Its payload is never read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's id.
    pub id: String,
    /// Such as `member.updated`.
    pub event_type: String,
    /// What it happened to.
    pub object_id: String,
    /// When it happened; when it was received, where nobody said.
    pub occurred_at: Timestamp,
    /// When the edge received it.
    pub received_at: Timestamp,
}
