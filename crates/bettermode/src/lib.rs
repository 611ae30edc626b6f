#![doc = include_str!("../README.md")]

mod asking;
mod auth;
mod budget;
mod capabilities;
mod client;
mod config;
pub mod documents;
mod domain;
mod email;
mod error;
mod event_post;
mod id;
mod operations;
mod paging;
mod reply;
mod stack;
#[cfg(test)]
mod testing;

pub use asking::Asking;
pub use budget::{Budget, Class, Cost, Exhausted, Quota, QuotaKind, UnlimitedBudget};
pub use capabilities::Capabilities;
pub use client::{Client, LARGEST_BATCH, MemberRef, TimeSource};
pub use config::{Config, Credentials, DEFAULT_API_URL, GenerationChoice};
pub use documents::SCHEMA_SDL;
pub use domain::{
    CalendarEvent, Collection, ConversationMessage, ConversationRef, CreatePost, CreateReply,
    CustomField, DirectMessage, EditablePost, EventChange, EventDetails, EventMechanism,
    EventStatus, EventType, FieldType, FoundMessages, Invitation, Invitee, MappingField,
    MappingType, Mechanism, Member, MemberField, MemberFilter, MemberStatus, MemberUpdate,
    Membership, Network, NewAccount, NewEvent, NewInvitations, NewSpace, PhysicalPlace, Post,
    PostDetails, PostOrder, PostQuery, PostStatus, PostTimes, PostType, PostTypeMapping, Reaction,
    ReactionCount, ReplyTarget, Role, RosterEntry, Sighting, SoughtEvent, SoughtMessage, Space,
    SpaceMember, SpaceRole, SpaceType, Tag, UpdatePost, VirtualPlace,
};
pub use email::{Email, InvalidEmail};
pub use error::{Error, Subject};
pub use id::{
    CollectionId, ConversationId, EventId, InvitationId, MemberId, NetworkId, PostId, PostTypeId,
    RoleId, SpaceId, SpaceRoleId, TagId,
};
pub use paging::Listed;
pub use stack::BreakerState;
pub use vendor_transport::{Transport, TransportError};
