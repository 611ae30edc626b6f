//! Spaces, and who is in them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::open_enum;
use crate::{Member, MemberId, SpaceId, SpaceRoleId};

/// A place in the community that posts are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// BetterMode's id.
    pub id: SpaceId,
    /// The name that people see.
    pub name: String,
    /// The space's part of its address, unique within the community.
    pub slug: String,
    /// What the space is for.
    pub description: Option<String>,
    /// What kind of container it is.
    pub kind: SpaceType,
    /// Whether only its members see what is in it; false also when not told.
    pub private: bool,
    /// Whether only its members see that it exists; false also when not told.
    pub hidden: bool,
    /// Whether joining takes an invitation; false also when not told.
    pub invite_only: bool,
    /// How many members it has.
    pub members_count: u32,
    /// How many posts it has; absent when not told.
    pub posts_count: Option<u32>,
    /// BetterMode's id of the collection that it is in.
    pub collection_id: Option<String>,
    /// Who made it.
    pub created_by_id: MemberId,
    /// Address of the space, an absolute URL.
    pub url: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

open_enum! {
    /// What kind of container a space is; not what is posted in it.
    SpaceType {
        /// The ordinary one: its members post in it.
        Group = "Group",
        /// Only staff posts in it.
        Broadcast = "Broadcast",
        /// A page.
        Page = "Page",
        /// Content of an entity of its own.
        Entity = "Entity",
        /// A private conversation.
        PrivateMessage = "PrivateMessage",
    }
}

/// A role within one space; not the member's role in the community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceRole {
    /// BetterMode's id of the role; every space has its own.
    pub id: SpaceRoleId,
    /// The name that people see.
    pub name: String,
    /// The kind as BetterMode spells it: `admin`, `member`.
    pub kind: Option<String>,
}

/// Somebody in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceMember {
    /// Who.
    pub member: Member,
    /// The role there; absent when BetterMode did not send it.
    pub role: Option<SpaceRole>,
}

/// That a certain member is in a certain space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The role there; absent when BetterMode did not send it.
    pub role: Option<SpaceRole>,
}
