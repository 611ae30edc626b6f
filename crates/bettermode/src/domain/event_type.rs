//! The kinds of webhook that a network can send.

use serde::{Deserialize, Serialize};

/// A kind of webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventType {
    /// What a webhook of this kind is called, for example `member.verified`.
    pub name: String,
    /// What it is about, as BetterMode spells it, for example `MEMBER`.
    pub noun: String,
    /// What happened, as BetterMode spells it, for example `VERIFIED`.
    pub verb: String,
    /// The permission that the app needs for it.
    pub required_scope: String,
    /// What it means, in some words.
    pub short_description: String,
    /// What it means, for people.
    pub description: String,
}
