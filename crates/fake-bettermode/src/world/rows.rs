//! The rows of the world: what is stored, before anybody looks at it.
//!
//! How a row looks in GraphQL is `resolve::views`' business, how it looks in a
//! webhook is `webhook::rows`'.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::table::Row;

/// The community itself, and the app that is installed in it.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) organization_id: String,
    pub(crate) collection_id: String,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) created_at: Timestamp,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleType {
    Admin,
    Moderator,
    Member,
    Guest,
}

impl RoleType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Moderator => "moderator",
            Self::Member => "member",
            Self::Guest => "guest",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) kind: RoleType,
    pub(crate) scopes: &'static [&'static str],
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) email: String,
    /// `VERIFIED`, `UNVERIFIED`, `Suspended` or `DELETED`.
    pub(crate) status: String,
    pub(crate) role_id: String,
    pub(crate) tagline: Option<String>,
    pub(crate) locale: String,
    pub(crate) external_id: Option<String>,
    pub(crate) picture_id: Option<String>,
    /// Custom fields: key and value as JSON text.
    pub(crate) fields: BTreeMap<String, String>,
    /// What apps keep with it: key and value as they were given.
    pub(crate) extra: BTreeMap<String, String>,
    pub(crate) score: u32,
    pub(crate) private_messaging: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) verified_at: Option<Timestamp>,
    pub(crate) last_seen_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// One field of a post type.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) key: &'static str,
    /// A value of `PostMappingTypeEnum`.
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) required: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct PostType {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) slug: &'static str,
    /// `post` or `reply`.
    pub(crate) context: &'static str,
    pub(crate) mappings: &'static [Mapping],
    /// Slugs of the types that may answer it.
    pub(crate) replies: &'static [&'static str],
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) description: Option<String>,
    /// `Group`, `Broadcast` or `PrivateMessage`.
    pub(crate) kind: &'static str,
    pub(crate) private: bool,
    pub(crate) hidden: bool,
    pub(crate) invite_only: bool,
    pub(crate) collection_id: String,
    pub(crate) emoji: &'static str,
    pub(crate) members: BTreeSet<String>,
    /// Those of its members who run it, beside the community's admins.
    pub(crate) admins: BTreeSet<String>,
    /// Ids of the post types that may be used in it.
    pub(crate) post_types: Vec<String>,
    /// Its place in its collection.
    pub(crate) order: u32,
    pub(crate) created_by: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Space {
    /// The id of the space's role for this kind of member: `admin` or `member`.
    pub(crate) fn role_id(&self, kind: &str) -> String {
        format!("{:0<12.12}", format!("{kind}{}", self.id))
    }
}

/// An invitation to the community.
#[derive(Debug, Clone)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) inviter_id: String,
    pub(crate) role_id: String,
    /// A value of `MemberInvitationStatus`.
    pub(crate) status: &'static str,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Who the invited one became, and when.
    pub(crate) accepted: Option<(String, Timestamp)>,
}

/// A group of spaces.
#[derive(Debug, Clone)]
pub(crate) struct Collection {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
}

/// A value of a post's field.
#[derive(Debug, Clone)]
pub(crate) struct Mapped {
    pub(crate) key: String,
    pub(crate) kind: String,
    /// JSON text.
    pub(crate) value: String,
}

/// A post, or a reply when `replied_to` is not empty.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) id: String,
    pub(crate) slug: String,
    /// `PUBLISHED`, `DRAFTED`, `BLOCKED` or `DELETED`.
    pub(crate) status: &'static str,
    pub(crate) space_id: String,
    /// Its post type.
    pub(crate) kind_id: String,
    pub(crate) owner_id: String,
    pub(crate) created_by: String,
    /// The chain of what it answers, nearest first.
    pub(crate) replied_to: Vec<String>,
    pub(crate) mapped: Vec<Mapped>,
    pub(crate) tags: Vec<String>,
    pub(crate) reactions: BTreeMap<String, BTreeSet<String>>,
    pub(crate) hidden: bool,
    pub(crate) locked: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) external_url: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) published_at: Option<Timestamp>,
    pub(crate) last_activity_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) slug: String,
}

/// A message of the newer chat.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) chat_id: String,
    pub(crate) author_id: String,
    pub(crate) content: String,
    pub(crate) nonce: Option<String>,
    pub(crate) sent_at: Timestamp,
}

/// A calendar event of newer networks.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    /// The fields of `Event` that the caller gave or the fake made, as they are read.
    pub(crate) view: serde_json::Value,
    /// In the order of their coming.
    pub(crate) registrations: Vec<Registration>,
}

/// Somebody who comes to an event.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) id: String,
    pub(crate) member_id: String,
    pub(crate) at: Timestamp,
}

macro_rules! rows {
    ($($row:ty),+) => {
        $(impl Row for $row {
            fn id(&self) -> &str {
                &self.id
            }
        })+
    };
}

rows!(
    Role, Member, Invitation, Collection, PostType, Space, Post, Tag, Message, Event
);
