//! Circle's ids: whole numbers, one type for each kind of thing.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Takes the number as Circle sent it.
            #[must_use]
            pub const fn new(id: u64) -> Self {
                Self(id)
            }

            /// The number as Circle sent it.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                number(&value)
                    .map(Self)
                    .ok_or_else(|| serde::de::Error::custom("an id is a whole number"))
            }
        }
    };
}

id! {
    /// The community itself.
    CommunityId
}
id! {
    /// Somebody as a member of this community: what a migration knows people by.
    MemberId
}
id! {
    /// Somebody in all of Circle; posts and comments name their authors by it.
    UserId
}
id! {
    /// A label of members.
    TagId
}
id! {
    /// A field that profiles have.
    ProfileFieldId
}
id! {
    /// A group of spaces.
    SpaceGroupId
}
id! {
    /// A space.
    SpaceId
}
id! {
    /// Somebody's membership of a space.
    SpaceMemberId
}
id! {
    /// A post.
    PostId
}
id! {
    /// A comment, or a reply to one.
    CommentId
}
id! {
    /// An event.
    EventId
}

/// The number of an id, which some APIs write as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
