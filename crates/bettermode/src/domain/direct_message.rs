//! A message from one member to another.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::MemberId;

/// A message that BetterMode recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectMessage {
    /// BetterMode's id of the message (chat) or of the post (private space).
    pub id: String,
    /// BetterMode's id of the chat, or of the private space.
    pub conversation_id: String,
    /// Who receives it.
    pub recipient_id: MemberId,
    /// Which way the message went.
    pub mechanism: Mechanism,
    /// When BetterMode recorded it.
    pub sent_at: Timestamp,
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
