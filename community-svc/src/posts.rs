//! Creating posts: picks the post type, then asks BetterMode.

use bettermode::{MemberId, Post, PostType, PostTypeId, SpaceId};

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
        let call = Call::CREATING_POST;
        let client = self.upstream.acting_as(new.author.as_ref(), call)?;
        let types = client.space_post_types(&new.space).await;
        let types = self.upstream.settle(Call::READING_POST_TYPES, types)?;
        let post_type = pick(&types, new.post_type.as_ref())?;
        let post = bettermode::CreatePost {
            space_id: new.space,
            post_type_id: post_type.id.clone(),
            title: new.title,
            html: new.html,
            tags: new.tags,
            publish: new.publish,
        };
        self.upstream.settle(call, client.create_post(post).await)
    }
}

fn pick<'a>(types: &'a [PostType], wanted: Option<&PostTypeId>) -> Result<&'a PostType, Error> {
    let Some(wanted) = wanted else {
        return types
            .iter()
            .find(|candidate| candidate.takes_title_and_content())
            .ok_or(Error::PostTypeNotFound(
                "the space has no post type that takes a title and a body; name one in post_type_id",
            ));
    };
    let found = types
        .iter()
        .find(|candidate| candidate.id == *wanted)
        .ok_or(Error::PostTypeNotFound(
            "the space does not allow this post type; leave post_type_id empty to have one picked",
        ))?;
    if found.takes_title_and_content() {
        Ok(found)
    } else {
        Err(Error::PostTypeNotFound(
            "this post type does not take a title and a body alone; pick another",
        ))
    }
}
