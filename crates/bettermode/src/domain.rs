//! What a community consists of, as plain data without any GraphQL in it.
//!
//! The values mirror the messages of the company's own contract. Enums keep the
//! text of values that this version does not know.

mod calendar_event;
mod direct_message;
mod event_type;
mod invitation;
mod member;
mod moving_in;
mod network;
mod post;
mod reaction;
mod sighting;
mod space;

pub use calendar_event::{
    CalendarEvent, EventChange, EventDetails, EventMechanism, EventStatus, NewEvent, PhysicalPlace,
    SoughtEvent, VirtualPlace,
};
pub use direct_message::{
    ConversationMessage, ConversationRef, DirectMessage, FoundMessages, Mechanism, SoughtMessage,
};
pub use event_type::EventType;
pub use invitation::{Invitation, Invitee, NewInvitations};
pub use member::{CustomField, Member, MemberFilter, MemberStatus, MemberUpdate, Role};
pub use moving_in::{
    Collection, FieldType, MemberField, NewAccount, NewSpace, PostTimes, RosterEntry,
};
pub use network::Network;
pub use post::{
    CreatePost, CreateReply, EditablePost, MappingField, MappingType, Post, PostDetails, PostOrder,
    PostQuery, PostStatus, PostType, PostTypeMapping, ReplyTarget, Tag, UpdatePost,
};
pub use reaction::{Reaction, ReactionCount};
pub use sighting::Sighting;
pub use space::{Membership, Space, SpaceMember, SpaceRole, SpaceType};

/// An enum over the vendor's spellings that keeps what it does not know.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A value that this version does not know, as BetterMode spells it.
            Other(String),
        }

        impl $name {
            /// The value as BetterMode spells it.
            #[must_use]
            pub fn raw(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text $(| $alias)* => Self::$variant,)+
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.raw().to_owned()
            }
        }
    };
}
use open_enum;
