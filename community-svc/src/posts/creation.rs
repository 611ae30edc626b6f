//! A new post: picks the post type, checks the values against it, asks BetterMode.

use bettermode::{
    Client, CreatePost, MappingField, MemberId, Post, PostType, PostTypeId, Sighting, SpaceId,
};
use jiff::Timestamp;

use super::{Posts, Values, post_types::PostTypes, values};
use crate::error::{Call, Error};
use crate::html;
use crate::upstream::Upstream;
use crate::writes::Effect;

/// A post to create, its texts checked.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// Where.
    pub space: SpaceId,
    /// What it holds.
    pub values: Values,
    /// Which post type; `None` picks the first that takes the values.
    pub post_type: Option<PostTypeId>,
    /// Who; `None` is the bot account.
    pub author: Option<MemberId>,
    /// False keeps it a draft.
    pub publish: bool,
    /// Tags by title.
    pub tags: Vec<String>,
}

impl NewPost {
    /// What the space has of it in the end, by author, title and words: a look-up tells
    /// no more apart, and maybe less.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let words = self.values.html.as_deref().map(html::words);
        Effect::of([
            "post",
            self.author.as_ref().map_or("", MemberId::as_str),
            self.space.as_str(),
            self.values.title.as_deref().unwrap_or_default(),
            &words.unwrap_or_default(),
        ])
    }
}

/// A post that is ready to be created.
#[derive(Debug, Clone)]
pub struct PreparedPost {
    upstream: Upstream,
    post_types: PostTypes,
    client: Client,
    post: CreatePost,
}

impl Posts {
    /// Creates `new`. Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when the post may exist all the same.
    pub async fn create(&self, new: NewPost) -> Result<Post, Error> {
        self.prepare_post(new).await?.attempt().await
    }

    /// Checks `new` against the space's post types. Only reads.
    ///
    /// # Errors
    /// [`Error::SpaceNotFound`]; [`Error::PostTypeNotFound`]; [`Error::InvalidField`]
    /// for a value that the post type does not take; any of [`Error`].
    pub async fn prepare_post(&self, new: NewPost) -> Result<PreparedPost, Error> {
        let client = self.upstream.acting_as(new.author.as_ref(), Call::POST)?;
        let (kind, fields) = self.typed(&client, &new).await?;
        let post = CreatePost {
            post_type_id: kind,
            space_id: new.space,
            fields,
            publish: new.publish,
            owner_id: None,
            tag_names: new.tags,
        };
        Ok(PreparedPost {
            upstream: self.upstream.clone(),
            post_types: self.post_types.clone(),
            client,
            post,
        })
    }

    /// The type and the fields of a new post. A type that we do not know of may have
    /// been allowed since, so nothing is refused by a kept copy.
    async fn typed(
        &self,
        client: &Client,
        new: &NewPost,
    ) -> Result<(PostTypeId, Vec<MappingField>), Error> {
        let kept = self.post_types.kept(&new.space, self.upstream.now());
        if let Some(Ok(fitting)) = kept.map(|types| typed(new, &types)) {
            return Ok(fitting);
        }
        let upstream = &self.upstream;
        let types = self.post_types.fetch(upstream, client, &new.space).await?;
        typed(new, &types)
    }
}

impl PreparedPost {
    /// What is sent.
    #[must_use]
    pub fn post(&self) -> &CreatePost {
        &self.post
    }

    /// Creates it: one request that changes something.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when the post may exist all the same.
    pub async fn attempt(&self) -> Result<Post, Error> {
        let created = self.client.create_post(self.post.clone()).await;
        let created = self.upstream.settle(Call::POST, created);
        if matches!(created, Err(Error::UpstreamRejected { .. })) {
            // Maybe the types have changed.
            self.post_types.drop_copy(&self.post.space_id);
        }
        created
    }

    /// Looks for what an attempt at `since` or later may have made; changes nothing.
    /// [`Client::find_posts`] says what it does not see: drafts, what moderation holds,
    /// and the difference between two equal posts of one member.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn lookup(&self, since: Timestamp) -> Result<Sighting<Post>, Error> {
        let found = self.client.find_posts(&self.post, since).await;
        self.upstream.settle(Call::LOOK_FOR_POST, found)
    }
}

/// The post type that was asked for, or the first one that fits, and the fields.
fn typed(new: &NewPost, types: &[PostType]) -> Result<(PostTypeId, Vec<MappingField>), Error> {
    let fill = |kind: &PostType| {
        let fields = values::complete(kind, &new.values)?;
        Ok::<_, Error>((kind.id.clone(), fields))
    };
    let Some(wanted) = &new.post_type else {
        let first = types.iter().find_map(|kind| fill(kind).ok());
        return first.ok_or(Error::PostTypeNotFound(
            "the space has no post type that takes this title, body and fields and wants nothing \
             else; name one in post_type_id to hear why not",
        ));
    };
    let mut allowed = types.iter().filter(|candidate| candidate.id == *wanted);
    let allowed = allowed.next().ok_or(Error::PostTypeNotFound(
        "the space does not allow this post type; leave post_type_id empty to have one picked",
    ))?;
    fill(allowed)
}
