//! The ids of BetterMode: opaque, case-sensitive, of no fixed length.
//!
//! A newtype for each kind, so that a space's id is never passed as a member's.
//! Nothing here checks a value: the vendor documents no format.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as BetterMode wrote it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as BetterMode wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A member of the community.
    MemberId
}
id! {
    /// A space: what posts are in.
    SpaceId
}
id! {
    /// A post or a reply.
    PostId
}
id! {
    /// A kind of post, which says what fields a post has. Differs between communities.
    PostTypeId
}
id! {
    /// A group of spaces.
    CollectionId
}
id! {
    /// A role in the community.
    RoleId
}
id! {
    /// A role within one space.
    SpaceRoleId
}
id! {
    /// An invitation to the community.
    InvitationId
}
id! {
    /// A tag that posts bear.
    TagId
}
id! {
    /// A community, which the API calls a network.
    NetworkId
}
id! {
    /// A conversation between members: a chat on newer networks, a private-message
    /// space on older ones.
    ConversationId
}
id! {
    /// An event: of the calendar on newer networks, a post with dates on older ones.
    EventId
}
