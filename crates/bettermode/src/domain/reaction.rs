//! Reactions to posts. BetterMode gives them no id: a reaction is a post, a key and a
//! member.

use serde::{Deserialize, Serialize};

use crate::MemberId;

/// One member's reaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The key, for example `heart` or `+1`.
    pub reaction: String,
    /// Who reacted.
    pub member_id: MemberId,
    /// Their display name; absent when they have none.
    pub member_name: Option<String>,
}

/// How many members reacted to a post with one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    /// The key, for example `heart` or `+1`.
    pub reaction: String,
    /// How many.
    pub count: u32,
    /// Whether the token's own member is one of them.
    pub reacted: bool,
}
