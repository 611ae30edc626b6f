//! Which of the newer operations a network has.
//!
//! The public snapshots of the schema disagree, so the client asks. A network
//! that refuses introspection is treated as an older one: what older networks
//! have, newer ones still answer.

use crate::{Error, GenerationChoice};

/// The newer operations that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is of one operation, and any of them can be missing"
)]
pub struct Capabilities {
    /// `membersByIds`; without it several members are read by aliases.
    pub members_by_ids: bool,
    /// `sendMessageToMember`; without it a direct message is a post in a private
    /// space.
    pub send_message_to_member: bool,
    /// `findChatWithMember` and `messages`; without them a chat cannot be read.
    pub read_chats: bool,
    /// `createEvent`; without it an event is a post with dates.
    pub create_event: bool,
    /// `event` and `events`; where events are created, these are needed to read them.
    pub read_events: bool,
    /// `updateEvent` and `deleteEvent`.
    pub change_events: bool,
    /// `registerForEvent`; posts with dates have nothing like it.
    pub register_for_event: bool,
}

impl Capabilities {
    /// What every network has.
    pub const PUBLISHED: Self = Self {
        members_by_ids: false,
        send_message_to_member: false,
        read_chats: false,
        create_event: false,
        read_events: false,
        change_events: false,
        register_for_event: false,
    };
    /// Everything.
    pub const NEWER: Self = Self {
        members_by_ids: true,
        send_message_to_member: true,
        read_chats: true,
        create_event: true,
        read_events: true,
        change_events: true,
        register_for_event: true,
    };

    /// What a setting says without asking.
    pub(crate) fn pinned(choice: GenerationChoice) -> Option<Self> {
        match choice {
            GenerationChoice::Auto => None,
            GenerationChoice::Published => Some(Self::PUBLISHED),
            GenerationChoice::Newer => Some(Self::NEWER),
        }
    }

    /// What an unsuccessful introspection says: a refusal is an answer, anything
    /// else has to be asked again.
    pub(crate) fn after(error: Error) -> Result<Self, Error> {
        match error {
            Error::InvalidInput { .. }
            | Error::PermissionDenied { .. }
            | Error::TooComplex { .. } => {
                tracing::warn!(
                    %error,
                    "the network refuses introspection; using the published schema, \
                     pin the generation to silence this"
                );
                Ok(Self::PUBLISHED)
            }
            other => Err(other),
        }
    }
}
