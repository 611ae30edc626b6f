//! Which posts to list, and in which order.

use jiff::Timestamp;

use crate::{PostTypeId, SpaceId};

/// Which posts to list. The default is every published post, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostQuery {
    /// Only of this space.
    pub space_id: Option<SpaceId>,
    /// Only of this type.
    pub post_type_id: Option<PostTypeId>,
    /// Only those created at this moment or later.
    pub created_since: Option<Timestamp>,
    /// What they are sorted by.
    pub order: PostOrder,
    /// True for the oldest first.
    pub ascending: bool,
    /// True asks for [`PostDetails`](crate::PostDetails), at eleven times the price.
    pub full: bool,
    /// How many at most, from 1.
    pub limit: u32,
}

/// What posts are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostOrder {
    /// When they were published.
    #[default]
    PublishedAt,
    /// When they were created.
    CreatedAt,
    /// When they were last changed.
    UpdatedAt,
    /// When somebody last wrote to them or reacted.
    LastActivityAt,
}
