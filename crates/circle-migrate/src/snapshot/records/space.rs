//! Where content is.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::record;
use crate::snapshot::ids::{MemberId, SpaceGroupId, SpaceId, SpaceMemberId, UserId};
use crate::snapshot::lenient;

/// A group of spaces.
#[derive(Debug, Clone, Deserialize)]
pub struct SpaceGroup {
    /// Its id.
    pub id: SpaceGroupId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub slug: Option<String>,
    /// Whether strangers do not see it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub is_hidden_from_non_members: Option<bool>,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub created_at: Option<Timestamp>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(SpaceGroup, SpaceGroupId, SpaceGroups);

/// A space.
#[derive(Debug, Clone, Deserialize)]
pub struct Space {
    /// Its id.
    pub id: SpaceId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub name: Option<String>,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub slug: Option<String>,
    /// basic, event, course, chat; others may come.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub space_type: Option<String>,
    /// Whether only its members read it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub is_private: Option<bool>,
    /// Whether it is not listed.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub is_hidden: Option<bool>,
    /// Whether strangers do not see it.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub is_hidden_from_non_members: Option<bool>,
    /// The group it is in; read the id by [`group_id`](Self::group_id).
    #[serde(default, deserialize_with = "lenient::optional")]
    pub space_group: Option<SpaceGroup>,
    /// The same as an id alone, where Circle sends it so.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub space_group_id: Option<SpaceGroupId>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(Space, SpaceId, Spaces);

impl Space {
    /// The group it is in.
    #[must_use]
    pub fn group_id(&self) -> Option<SpaceGroupId> {
        let inside = self.space_group.as_ref().map(|group| group.id);
        inside.or(self.space_group_id)
    }

    /// Whether the Admin API lists what is in it as posts. Of a kind that is not known, it
    /// is tried.
    #[must_use]
    pub fn has_posts(&self) -> bool {
        let kind = self.space_type.as_deref().unwrap_or_default();
        !matches!(kind, "event" | "course" | "chat" | "members")
    }
}

/// Somebody's membership of a space; it can come from the space's group.
#[derive(Debug, Clone, Deserialize)]
pub struct SpaceMember {
    /// Its id.
    pub id: SpaceMemberId,
    /// The space.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub space_id: Option<SpaceId>,
    /// The member.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub community_member_id: Option<MemberId>,
    /// The member in all of Circle.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub user_id: Option<UserId>,
    /// Whether the member moderates the space.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub moderator: Option<bool>,
    /// active or inactive.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub status: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

record!(SpaceMember, SpaceMemberId, SpaceMembers);
