//! A person in the community.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::open_enum;
use crate::{MemberId, RoleId};

/// A person in the community.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// BetterMode's id, never reused.
    pub id: MemberId,
    /// The user name, unique within the community; members can change it.
    pub username: String,
    /// The display name; absent when the member has none.
    pub name: Option<String>,
    /// The e-mail address; absent when the token may not see it.
    pub email: Option<String>,
    /// Whether the member may sign in.
    pub status: MemberStatus,
    /// The role in the community; absent when BetterMode did not send it.
    pub role: Option<Role>,
    /// One line that the member wrote about themselves.
    pub tagline: Option<String>,
    /// The community's own id for the member, set by single sign-on or an import.
    pub external_id: Option<String>,
    /// Language tag that the member reads in, for example `en`.
    pub locale: String,
    /// Address of the profile picture, where it is an image.
    pub profile_picture_url: Option<String>,
    /// Address of the profile page, an absolute URL.
    pub url: Option<String>,
    /// Custom profile fields that have a value, in BetterMode's order.
    pub fields: Vec<CustomField>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When BetterMode last changed the row.
    pub updated_at: Timestamp,
    /// When the member was last seen; absent when never or not visible.
    pub last_seen_at: Option<Timestamp>,
    /// When the e-mail address was proved; absent until then.
    pub verified_at: Option<Timestamp>,
}

/// Which members to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// Free text that BetterMode looks for in names and, where the token sees them,
    /// addresses.
    pub query: Option<String>,
    /// Members with one of these roles; none for all.
    pub role_ids: Vec<RoleId>,
    /// Members of these statuses; none for the three that BetterMode lists:
    /// verified, unverified and suspended.
    pub statuses: Vec<MemberStatus>,
}

/// What to change of a member; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberUpdate {
    /// The display name.
    pub name: Option<String>,
    /// The tagline; the empty text takes it away.
    pub tagline: Option<String>,
    /// Custom fields to set; others stay. The value `null` takes one away.
    pub fields: Vec<CustomField>,
    /// When the account shall be said to have been made. Who may set it is not
    /// documented.
    pub created_at: Option<Timestamp>,
}

/// A role in the community.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// BetterMode's id of the role.
    pub id: RoleId,
    /// The name that people see.
    pub name: String,
    /// The kind as BetterMode spells it: `admin`, `moderator`, `member`, `guest`.
    pub kind: Option<String>,
}

/// One custom profile field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    /// The key that the community's administrator gave the field.
    pub key: String,
    /// The value as JSON text, for example `"\"Berlin\""`.
    pub json_value: String,
}

open_enum! {
    /// Whether a member may sign in. BetterMode's set grows and shrinks.
    MemberStatus {
        /// Has proved the e-mail address: an active member.
        Verified = "VERIFIED",
        /// Signed up, address not yet proved.
        Unverified = "UNVERIFIED",
        /// Suspended by the community's staff.
        Suspended = "Suspended",
        /// Deleted; what is left is a tombstone.
        Deleted = "DELETED",
        /// Blocked; only older networks send it.
        Blocked = "BLOCKED",
    }
}
