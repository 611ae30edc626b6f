#![doc = include_str!("../README.md")]

mod auth;
mod budget;
mod capabilities;
mod client;
mod config;
pub mod documents;
mod domain;
mod email;
mod error;
mod id;
mod operations;
mod paging;
mod reply;
mod stack;
#[cfg(test)]
mod testing;
mod transport;

pub use budget::{Budget, Class, Cost, Exhausted, Quota, QuotaKind, UnlimitedBudget};
pub use capabilities::Capabilities;
pub use client::{Client, LARGEST_BATCH, MemberRef, TimeSource};
pub use config::{Config, Credentials, DEFAULT_API_URL, GenerationChoice};
pub use documents::SCHEMA_SDL;
pub use domain::{
    ConversationMessage, ConversationRef, CreatePost, CustomField, DirectMessage, FoundMessages,
    Listed, MappingField, MappingType, Mechanism, Member, MemberStatus, Network, Post, PostStatus,
    PostType, PostTypeMapping, Role, SoughtMessage,
};
pub use email::{Email, InvalidEmail};
pub use error::{Error, Subject};
pub use id::{ConversationId, MemberId, NetworkId, PostId, PostTypeId, SpaceId};
pub use stack::BreakerState;
pub use transport::{Transport, TransportError};
