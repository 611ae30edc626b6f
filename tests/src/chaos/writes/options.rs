//! What a run is to be.

use super::Store;

/// Which of the vendor's schemas the network has, and so which way messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Chats: a message bears its request id as a nonce.
    Newer,
    /// Private spaces: messages that say the same cannot be told from each other.
    Published,
}

impl Generation {
    /// How the settings have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Newer => "newer",
            Self::Published => "published",
        }
    }

    /// The root field that sends a message.
    pub(super) fn sending(self) -> &'static str {
        match self {
            Self::Newer => "sendMessageToMember",
            Self::Published => "createPost",
        }
    }

    /// Root fields that only read on the way.
    pub(super) fn reading(self) -> &'static [&'static str] {
        match self {
            Self::Newer => &["findChatWithMember", "messages"],
            Self::Published => &["privateMessage", "posts"],
        }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Fixes what is sent, who gives up, and what goes wrong in which order.
    pub seed: u64,
    /// How many messages callers want sent.
    pub messages: u32,
    /// How many times a service is killed from outside, over all of its replicas.
    pub kills: u32,
    /// MongoDB has two replicas before it, SQLite one.
    pub store: Store,
    /// The network's schema.
    pub generation: Generation,
    /// The service dies at named steps too; needs a build for it.
    pub failpoints: bool,
    /// Says how far it is, on standard error.
    pub is_watched: bool,
}
