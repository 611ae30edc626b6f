//! Posts: read, listed, created, changed, deleted.
//!
//! Each write is prepared first, which checks it and only reads; what is prepared can
//! then be attempted once, and looked for when the attempt was not confirmed.

use bettermode::{Listed, MemberId, Post, PostId, PostOrder, PostQuery, PostTypeId, SpaceId};

use crate::error::{Call, Error};
use crate::upstream::Upstream;

mod change;
mod creation;
mod deletion;
mod post_types;
pub(crate) mod values;

pub use change::{PostChange, PreparedChange};
pub use creation::{NewPost, PreparedPost};
pub use deletion::PreparedDeletion;
pub use values::{Field, Values};

/// Which posts to list.
#[derive(Debug, Clone, Default)]
pub struct PostFilter {
    /// Only of this space.
    pub space: Option<SpaceId>,
    /// Only those that this member owns; the order is the time of publication then.
    pub author: Option<MemberId>,
    /// Only of this type.
    pub post_type: Option<PostTypeId>,
    /// What they are sorted by.
    pub order: PostOrder,
    /// The oldest first.
    pub ascending: bool,
    /// With bodies, fields and tags.
    pub full: bool,
    /// How many on a page, from 1.
    pub limit: u32,
}

/// Reads and writes posts.
#[derive(Debug, Clone)]
pub struct Posts {
    upstream: Upstream,
    post_types: post_types::PostTypes,
}

impl Posts {
    /// Over this upstream.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self {
            upstream,
            post_types: post_types::PostTypes::new(),
        }
    }

    /// One post or reply with all its parts.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; any of [`Error`].
    pub async fn get(&self, id: &PostId) -> Result<Post, Error> {
        let post = self.upstream.client().post(id).await;
        self.upstream.settle(Call::READ_POST, post)
    }

    /// One page of published posts, and where the next one begins. One request.
    ///
    /// BetterMode lists by author or by space, not by both: an author's posts are
    /// sifted here, so that a page can hold less than it might.
    ///
    /// # Errors
    /// [`Error::MemberNotFound`] for an unknown author; any of [`Error`].
    pub async fn list(
        &self,
        filter: &PostFilter,
        after: Option<String>,
    ) -> Result<Listed<Post>, Error> {
        let client = self.upstream.client();
        let page = match &filter.author {
            Some(author) => {
                let how = (filter.ascending, filter.full);
                client.member_posts(author, how, filter.limit, after).await
            }
            None => client.posts(&query(filter), after).await,
        };
        let mut page = self.upstream.settle(Call::LIST_POSTS, page)?;
        page.items.retain(|post| {
            let in_space = filter.space.as_ref().is_none_or(|id| *id == post.space_id);
            let of_type = filter.post_type.as_ref();
            in_space && of_type.is_none_or(|id| *id == post.post_type_id)
        });
        Ok(page)
    }
}

fn query(filter: &PostFilter) -> PostQuery {
    PostQuery {
        space_id: filter.space.clone(),
        post_type_id: filter.post_type.clone(),
        created_since: None,
        order: filter.order,
        ascending: filter.ascending,
        full: filter.full,
        limit: filter.limit,
    }
}

#[cfg(test)]
#[cfg(feature = "simulation")]
mod tests;
