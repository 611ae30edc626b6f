//! Creating posts: picks the post type, then asks BetterMode.

use bettermode::{CreatePost, MemberId, Post, PostType, PostTypeId, SpaceId};

use crate::error::{Call, Error};
use crate::upstream::Upstream;

/// A post to create, checked.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// Where.
    pub space: SpaceId,
    /// Plain text.
    pub title: String,
    /// The body, sanitised.
    pub html: String,
    /// Which post type; `None` picks one.
    pub post_type: Option<PostTypeId>,
    /// Who; `None` is the bot account.
    pub author: Option<MemberId>,
    /// False keeps it a draft.
    pub publish: bool,
    /// Tags by title.
    pub tags: Vec<String>,
}

/// Creates posts.
#[derive(Debug, Clone)]
pub struct Posts {
    upstream: Upstream,
}

impl Posts {
    /// Over this upstream.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    /// Creates `new`. Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when the post may exist all the same.
    pub async fn create(&self, new: NewPost) -> Result<Post, Error> {
        let call = Call::POST;
        let client = self.upstream.acting_as(new.author.as_ref(), call)?;
        let types = client.space_post_types(&new.space).await;
        let types = self.upstream.settle(Call::POST_TYPES, types)?;
        let article = article(&new, &types)?;
        let post = CreatePost {
            publish: new.publish,
            tag_names: new.tags,
            ..article
        };
        self.upstream.settle(call, client.create_post(post).await)
    }
}

/// The post in the type that was asked for, or in the first one that fits.
fn article(new: &NewPost, types: &[PostType]) -> Result<CreatePost, Error> {
    let fill =
        |post_type| CreatePost::article(new.space.clone(), post_type, &new.title, &new.html).ok();
    let Some(wanted) = &new.post_type else {
        return types.iter().find_map(fill).ok_or(Error::PostTypeNotFound(
            "the space has no post type that takes a title and a body; name one in post_type_id",
        ));
    };
    let allowed = types
        .iter()
        .find(|candidate| candidate.id == *wanted)
        .ok_or(Error::PostTypeNotFound(
            "the space does not allow this post type; leave post_type_id empty to have one picked",
        ))?;
    fill(allowed).ok_or(Error::PostTypeNotFound(
        "this post type needs more than a title and a body; pick another",
    ))
}
