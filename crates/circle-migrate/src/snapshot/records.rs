//! Circle's records, typed. Every field may be absent but the id; what is not known here is
//! kept in `other`.
//!
//! Fields as Circle's machine-readable description of its Admin API v2 has them.

use serde::de::DeserializeOwned;

use super::entity::Entity;

mod content;
mod member;
mod space;

pub use content::{Body, Comment, CommentPost, Event, Person, Post, SpaceRef};
pub use member::{Confirmation, Member, MemberTag, ProfileField, ProfileValue};
pub use space::{Space, SpaceGroup, SpaceMember};

/// A kind of record that a snapshot holds.
pub trait Record: DeserializeOwned {
    /// What its id is.
    type Id: Copy;
    /// Which kind it is.
    const ENTITY: Entity;

    /// Its id.
    fn id(&self) -> Self::Id;
    /// The number of an id.
    fn number(id: Self::Id) -> u64;
}

macro_rules! record {
    ($name:ident, $id:ident, $entity:ident) => {
        impl $crate::snapshot::records::Record for $name {
            type Id = $id;
            const ENTITY: $crate::snapshot::Entity = $crate::snapshot::Entity::$entity;

            fn id(&self) -> $id {
                self.id
            }

            fn number(id: $id) -> u64 {
                id.get()
            }
        }
    };
}
pub(crate) use record;
