//! What members do, read from webhooks: each activity once, and counts of them.
//!
//! In MongoDB, or in the service's SQLite file; `contract_tests.rs` holds both to
//! the same promises. Counts change in the transaction that stores the activity,
//! so that they are exact whatever dies when. Nothing here asks BetterMode.

use std::sync::Arc;

use async_trait::async_trait;
use bettermode::{MemberId, PostId, SpaceId};
use jiff::Timestamp;

#[cfg(test)]
mod contract_tests;
mod counts;
mod mongo;
mod normalise;
mod payload;
mod period;
mod sqlite;

pub use mongo::MongoActivities;
pub(crate) use normalise::member_of;
pub use normalise::normalise;
pub(crate) use payload::{Payload, occurred_at, to_millisecond};
pub use period::{InvalidPeriod, Period};
pub use sqlite::SqliteActivities;

use crate::stores::StoreError;

/// A store that is shared between tasks.
pub type SharedActivityStore = Arc<dyn ActivityStore>;

/// Something that a member did, or that happened to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The webhook event it was read from; holds no space.
    pub event_id: String,
    /// Who did it, or whom it happened to; holds no space.
    pub member_id: MemberId,
    /// What happened, normalised: `post.created`, `member.joined`. The list is
    /// open; letters, digits, `_`, `-` and `.` only.
    pub kind: String,
    /// The word of the former integration for it.
    pub activity_type: ActivityType,
    /// Who did it.
    pub actor_id: Option<MemberId>,
    /// What it was about.
    pub subject: Subject,
    /// When it happened; kept to the millisecond.
    pub occurred_at: Timestamp,
    /// When the edge received it; kept to the millisecond.
    pub received_at: Timestamp,
    /// The page in the community.
    pub url: Option<String>,
    /// BetterMode's id of the community's network.
    pub network_id: Option<String>,
}

/// What an activity was about. What is not known is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Subject {
    /// The member it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// The post or reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    /// The post that was replied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_post_id: Option<PostId>,
    /// The space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space_id: Option<SpaceId>,
    /// The reaction, as BetterMode names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<String>,
}

/// The former integration's word for a group of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityType {
    /// About a member's membership of the community.
    Member,
    /// About a post.
    Post,
    /// About a reply.
    Comment,
    /// About a reaction.
    Reaction,
    /// About a space.
    Space,
    /// Anything else.
    Other,
}

impl ActivityType {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Reaction => "reaction",
            Self::Space => "space",
            Self::Other => "other",
        }
    }

    /// The type behind a word; [`Other`](Self::Other) for words of a newer version.
    fn from_name(name: &str) -> Self {
        [
            Self::Member,
            Self::Post,
            Self::Comment,
            Self::Reaction,
            Self::Space,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
        .unwrap_or(Self::Other)
    }
}

impl Activity {
    /// Its identity: no two activities share it. None of the three parts holds a
    /// space.
    fn id(&self) -> String {
        format!("{} {} {}", self.event_id, self.member_id, self.kind)
    }

    /// The place of this activity in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            occurred_at: self.occurred_at,
            id: self.id(),
        }
    }
}

/// A place in the list of activities, which is ordered by when they happened, then
/// by their identity; so no two share a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    occurred_at: Timestamp,
    id: String,
}

impl Cursor {
    /// A form that [`Cursor::from_bytes`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.occurred_at.as_millisecond().to_be_bytes().to_vec();
        bytes.extend_from_slice(self.id.as_bytes());
        bytes
    }

    /// The cursor in `bytes`, if they hold one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (occurred_at, id) = bytes.split_first_chunk()?;
        Some(Self {
            occurred_at: Timestamp::from_millisecond(i64::from_be_bytes(*occurred_at)).ok()?,
            id: std::str::from_utf8(id).ok()?.to_owned(),
        })
    }
}

/// Which activities to list. Filters that are set must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    /// Only those of this member.
    pub member_id: Option<MemberId>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only what happened at this time or later.
    pub from: Option<Timestamp>,
    /// Only what happened before this time.
    pub until: Option<Timestamp>,
    /// Only what comes after this place in the list, that is: what is older.
    pub before: Option<Cursor>,
    /// At most this many.
    pub limit: usize,
}

/// What to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryQuery {
    /// Of one member, or of the whole community.
    pub member_id: Option<MemberId>,
    /// In which period.
    pub period: Period,
    /// How many of the most active members to name; of the community only.
    pub most_active: usize,
}

/// The counts of a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// All activities.
    pub total: u64,
    /// By kind, the most frequent first, then by name.
    pub by_kind: Vec<(String, u64)>,
    /// By part of the period, in order: when the part begins. Parts in which
    /// nothing was done are left out.
    pub by_part: Vec<(Timestamp, u64)>,
    /// The most active members, the most active first, then by id.
    pub most_active: Vec<MemberActivity>,
    /// When the last activity happened.
    pub last_active: Option<Timestamp>,
}

/// How active a member was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberActivity {
    /// The member.
    pub member_id: MemberId,
    /// How many activities.
    pub count: u64,
    /// When the last of them happened.
    pub last_active: Timestamp,
}

/// How long activities are kept, by when they happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention(Option<jiff::SignedDuration>);

impl Retention {
    /// For ever.
    pub const FOREVER: Self = Self(None);

    /// So many days; 0 means for ever.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Self((days > 0).then(|| jiff::SignedDuration::from_hours(24 * i64::from(days))))
    }

    /// What happened before this time is too old.
    #[must_use]
    pub fn cutoff(self, now: Timestamp) -> Option<Timestamp> {
        now.checked_sub(self.0?).ok().map(to_millisecond)
    }

    /// The activities that are not too old.
    fn kept(self, now: Timestamp, activities: &[Activity]) -> Vec<Activity> {
        let cutoff = self.cutoff(now);
        let is_kept = |one: &&Activity| cutoff.is_none_or(|cutoff| one.occurred_at >= cutoff);
        activities.iter().filter(is_kept).cloned().collect()
    }

    fn seconds(self) -> Option<i64> {
        self.0.map(|kept| kept.as_secs())
    }
}

/// Where activities are kept.
#[async_trait]
pub trait ActivityStore: std::fmt::Debug + Send + Sync {
    /// What this is: `mongodb` or `sqlite`.
    fn kind(&self) -> &'static str;

    /// Stores the activities, each once by event, member and kind, and counts
    /// each that was not there. On return they are durable. What is older than
    /// the retention is left out: it would be deleted at once.
    ///
    /// # Errors
    /// None of them is stored or counted; send all of them again.
    /// [`StoreError::Unavailable`] when the store does not answer.
    async fn put(&self, activities: &[Activity]) -> Result<(), StoreError>;

    /// Which of the activities [`put`](Self::put) would store, in their order.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    async fn missing(&self, activities: &[Activity]) -> Result<Vec<Activity>, StoreError>;

    /// The activities that `query` selects, the latest first; by an index.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer,
    /// [`StoreError::Unreadable`] when it holds what this version cannot read.
    async fn list(&self, query: ActivityQuery) -> Result<Vec<Activity>, StoreError>;

    /// The counts, which cost the same however many activities there are. They
    /// include what the retention has removed since.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn summary(&self, query: SummaryQuery) -> Result<Summary, StoreError>;

    /// Deletes the activities and counts of a member, and says how many
    /// activities there were. The community's counts stay. What others did that
    /// named this member loses the name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer; call it again.
    async fn erase(&self, member: &MemberId) -> Result<u64, StoreError>;

    /// Deletes what is older than the retention, or has the store do so by
    /// itself, and says how many activities this call deleted. Counts of a
    /// member go with the last activity that they count.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer; call it again.
    async fn prune(&self) -> Result<u64, StoreError>;

    /// Whether activities can be stored at all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer, [`StoreError::Setting`]
    /// when it cannot keep counts exact.
    async fn check(&self) -> Result<(), StoreError>;
}
