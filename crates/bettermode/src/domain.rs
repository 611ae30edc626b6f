//! What a community consists of, as plain data without any GraphQL in it.
//!
//! The values mirror the messages of the company's own contract. Enums keep the
//! text of values that this version does not know.

mod direct_message;
mod listed;
mod member;
mod network;
mod post;

pub use direct_message::{
    ConversationMessage, ConversationRef, DirectMessage, FoundMessages, Mechanism, SoughtMessage,
};
pub use listed::Listed;
pub use member::{CustomField, Member, MemberStatus, Role};
pub use network::Network;
pub use post::{
    CreatePost, MappingField, MappingType, Post, PostStatus, PostType, PostTypeMapping,
};

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
