//! Messages between members.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ConversationId, MemberId};

/// A message that BetterMode recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectMessage {
    /// BetterMode's id of the message (chat) or of the post (private space).
    pub id: String,
    /// Where it is.
    pub conversation_id: ConversationId,
    /// Who sent it.
    pub sender_id: MemberId,
    /// Who receives it.
    pub recipient_id: MemberId,
    /// Which way the message went.
    pub mechanism: Mechanism,
    /// When BetterMode recorded it.
    pub sent_at: Timestamp,
}

/// A message as it stands in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationMessage {
    /// BetterMode's id of the message (chat) or of the post (private space).
    pub id: String,
    /// Where it is.
    pub conversation_id: ConversationId,
    /// Who sent it.
    pub sender_id: MemberId,
    /// What it says, as BetterMode keeps it; empty where it keeps no text.
    pub content: String,
    /// Whether the content is HTML, and not plain text.
    pub is_html: bool,
    /// Which way the message went.
    pub mechanism: Mechanism,
    /// What the sender marked it with; chats only.
    pub nonce: Option<String>,
    /// When BetterMode recorded it.
    pub sent_at: Timestamp,
}

impl ConversationMessage {
    /// What sending it would have answered.
    #[must_use]
    pub fn sent_to(self, recipient_id: MemberId) -> DirectMessage {
        DirectMessage {
            id: self.id,
            conversation_id: self.conversation_id,
            sender_id: self.sender_id,
            recipient_id,
            mechanism: self.mechanism,
            sent_at: self.sent_at,
        }
    }
}

/// A message that was sent and not confirmed, by what it would be known again.
#[derive(Clone, Debug)]
pub struct SoughtMessage<'a> {
    /// Who was to receive it.
    pub recipient: &'a MemberId,
    /// No message from before counts. BetterMode's clock, not ours, says when a
    /// message was recorded: go back by as much as the two may differ.
    pub since: Timestamp,
    /// The nonce that it was sent with; `None` when there was none.
    pub nonce: Option<&'a str>,
}

/// What was found of a message that may have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundMessages {
    /// This is the message: it bears the nonce.
    Marked(ConversationMessage),
    /// Messages of the sender with the content sought, oldest first; empty when there
    /// is none. Each may be the one, or another that says the same.
    Alike(Vec<ConversationMessage>),
}

/// How to name a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationRef<'a> {
    /// By its id.
    Id(&'a ConversationId),
    /// The one with this member.
    With(&'a MemberId),
}

/// Which of BetterMode's two ways carried a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// The chat of newer networks.
    Chat,
    /// A post in a private-message space, on older networks.
    PrivateSpace,
}
