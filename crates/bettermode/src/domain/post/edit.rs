//! Changing posts and answering them: what has to be known before, and what goes out.

use serde::{Deserialize, Serialize};

use super::{MappingField, PostStatus, PostType};
use crate::{MemberId, PostId, PostTypeId};

/// What has to be known of a post before it is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditablePost {
    /// Where it is in its life.
    pub status: PostStatus,
    /// Every value it has, as an input takes it.
    pub fields: Vec<MappingField>,
    /// What its fields may be; absent when BetterMode does not tell.
    pub post_type: Option<PostType>,
}

/// A change of a post. What is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatePost {
    /// The post.
    pub id: PostId,
    /// Every value that the post shall have, those that stay among them: whether
    /// BetterMode keeps what an update leaves out is documented nowhere.
    pub fields: Option<Vec<MappingField>>,
    /// Titles of all the tags it shall have, made when they do not exist.
    pub tag_names: Option<Vec<String>>,
    /// Whether it is published afterwards. Always sent, because the default differs
    /// between networks: say true for a post that is published already.
    pub publish: bool,
}

/// What has to be known of a post before it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTarget {
    /// Where it is in its life.
    pub status: PostStatus,
    /// The post types that may answer it, in BetterMode's order.
    pub reply_types: Vec<PostType>,
}

/// A reply to create. It is published at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateReply {
    /// The post or reply that it answers.
    pub post_id: PostId,
    /// Its type, one that may answer that post.
    pub post_type_id: PostTypeId,
    /// The values.
    pub fields: Vec<MappingField>,
    /// Who owns it, when that is not the token's member.
    pub owner_id: Option<MemberId>,
}
