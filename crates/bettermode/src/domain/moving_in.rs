//! What somebody needs who brings a whole community along.

use jiff::Timestamp;
use secrecy::SecretString;

use super::{CustomField, MemberStatus, open_enum};
use crate::{CollectionId, Email, MemberId};

/// A member as the list of all shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// BetterMode's id.
    pub id: MemberId,
    /// The display name.
    pub name: Option<String>,
    /// The e-mail address; absent when the token may not see it.
    pub email: Option<String>,
    /// Whether the member may sign in.
    pub status: MemberStatus,
    /// One line that the member wrote about themselves.
    pub tagline: Option<String>,
    /// Custom profile fields that have a value.
    pub fields: Vec<CustomField>,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A custom profile field that the community has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberField {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// What kind of value it takes.
    pub kind: FieldType,
}

open_enum! {
    /// What kind of value a custom profile field takes.
    FieldType {
        /// A list.
        Array = "array",
        /// True or false.
        Boolean = "boolean",
        /// A date.
        Date = "date",
        /// A number.
        Number = "number",
        /// An object.
        Object = "object",
        /// Ids of other things.
        Relation = "relation",
        /// HTML.
        RichText = "richText",
        /// Plain text.
        Text = "text",
    }
}

/// An account to make at once, without an invitation.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The address to sign in with.
    pub email: Email,
    /// The display name.
    pub name: String,
    /// A password that nobody is meant to know: people set their own.
    pub password: SecretString,
    /// When the account shall be said to have been made.
    pub created_at: Option<Timestamp>,
}

/// A space to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSpace {
    /// The name that people see.
    pub name: String,
    /// Its part of its address.
    pub slug: String,
    /// What it is for.
    pub description: Option<String>,
    /// The collection that it goes into.
    pub collection_id: Option<CollectionId>,
    /// Whether only its members see what is in it.
    pub private: bool,
    /// Whether only its members see that it exists.
    pub hidden: bool,
    /// Whether joining takes an invitation.
    pub invite_only: bool,
    /// When it shall be said to have been made.
    pub created_at: Option<Timestamp>,
}

/// A group of spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// BetterMode's id.
    pub id: CollectionId,
    /// The name that people see.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// When a post that is brought along was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostTimes {
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was published.
    pub published_at: Timestamp,
}
