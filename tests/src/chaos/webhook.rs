//! The webhooks of a run: each about one entity, with the entity's own sequence
//! number, so that order can be checked afterwards.

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};
use serde_json::json;

use crate::sandbox::NETWORK_ID;
use crate::signing;

/// What kind of thing an entity is, and so what its webhooks have as effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Post,
    Reaction,
    Member,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Post, Self::Reaction, Self::Member];

    /// That of the numbered entity.
    pub(super) fn of(entity: u32) -> Self {
        Self::ALL[usize::try_from(entity).unwrap_or(0) % Self::ALL.len()]
    }

    /// The kind of the one activity that a webhook becomes.
    pub(super) fn activity(self) -> &'static str {
        match self {
            Self::Post => "post.created",
            Self::Reaction => "reaction.added",
            Self::Member => "member.updated",
        }
    }

    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Post => ("post.published", "POST", "PUBLISHED"),
            Self::Reaction => ("reaction.added", "REACTION", "ADDED"),
            Self::Member => ("member.updated", "MEMBER", "UPDATED"),
        }
    }
}

/// A webhook before it is signed.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) entity: u32,
    pub(super) sequence: u32,
    /// When it happened, in milliseconds since 1970.
    pub(super) occurred: i64,
    pub(super) body: Vec<u8>,
}

impl Webhook {
    /// The `sequence`th webhook of an entity. Its id and length are random.
    pub(super) fn new(entity: u32, sequence: u32, rng: &mut StdRng) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let id = hex::encode(id);
        let occurred = signing::timestamp_now().parse().unwrap_or(0);
        let time = Timestamp::from_millisecond(occurred).unwrap_or_default();
        let (name, noun, verb) = Kind::of(entity).names();
        let member = member(entity);
        let padding = "x".repeat(rng.random_range(0..1500));
        let body = json!({
            "networkId": NETWORK_ID,
            "context": "NETWORK",
            "type": "SUBSCRIPTION",
            "data": {
                "id": id,
                "time": format!("{time:.3}"),
                "name": name,
                "noun": noun,
                "verb": verb,
                "actor": { "id": member },
                "object": {
                    "id": object(entity),
                    "ownerId": member,
                    "name": member_name(entity, sequence),
                    "sequence": sequence,
                    "shortContent": padding,
                },
                "target": { "postId": object(entity) },
            },
        });
        Self {
            id,
            entity,
            sequence,
            occurred,
            body: body.to_string().into_bytes(),
        }
    }
}

/// The id of the thing that an entity is.
pub(super) fn object(entity: u32) -> String {
    match Kind::of(entity) {
        Kind::Member => member(entity),
        Kind::Post | Kind::Reaction => format!("object{entity:06}"),
    }
}

/// Whose activity an entity's webhooks are.
pub(super) fn member(entity: u32) -> String {
    format!("member{entity:06}")
}

/// The name that a member has after the `sequence`th webhook.
pub(super) fn member_name(entity: u32, sequence: u32) -> String {
    format!("Name {entity} {sequence}")
}
