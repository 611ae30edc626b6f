//! Ids as types, so that none is taken for another.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name(String);

        impl $name {
            /// The id as it was sent; opaque and case-sensitive.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// What an event is recognised by when it comes again: 1 to 128 visible ASCII
    /// characters.
    EventId
}
id! {
    /// BetterMode's id of a community's network.
    NetworkId
}
id! {
    /// BetterMode's id of a member.
    MemberId
}
id! {
    /// BetterMode's id of whatever an event is about.
    ObjectId
}
