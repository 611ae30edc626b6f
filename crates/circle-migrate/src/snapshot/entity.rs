//! The kinds of record, and the lists that they come in.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::SpaceId;

/// A kind of record; each has a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// People.
    Members,
    /// Labels of people.
    MemberTags,
    /// The fields that profiles have.
    ProfileFields,
    /// What spaces are grouped by.
    SpaceGroups,
    /// What posts are in.
    Spaces,
    /// Who is in which space.
    SpaceMembers,
    /// Posts of spaces of the basic kind.
    Posts,
    /// Comments and the replies to them.
    Comments,
    /// Events.
    Events,
}

impl Entity {
    /// Every kind, in the order they are read: what others refer to comes first.
    pub const ALL: [Self; 9] = [
        Self::Members,
        Self::MemberTags,
        Self::ProfileFields,
        Self::SpaceGroups,
        Self::Spaces,
        Self::SpaceMembers,
        Self::Posts,
        Self::Comments,
        Self::Events,
    ];

    /// Its name in file names and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::MemberTags => "member_tags",
            Self::ProfileFields => "profile_fields",
            Self::SpaceGroups => "space_groups",
            Self::Spaces => "spaces",
            Self::SpaceMembers => "space_members",
            Self::Posts => "posts",
            Self::Comments => "comments",
            Self::Events => "events",
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One list of Circle: all records of a kind, or those of one space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListKey {
    /// The kind.
    pub entity: Entity,
    /// The space, for lists that exist only for one.
    pub space: Option<SpaceId>,
}

impl ListKey {
    /// The list of all records of a kind.
    #[must_use]
    pub fn of(entity: Entity) -> Self {
        Self {
            entity,
            space: None,
        }
    }
}

impl fmt::Display for ListKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.space {
            Some(space) => write!(f, "{}:{space}", self.entity),
            None => self.entity.fmt(f),
        }
    }
}
