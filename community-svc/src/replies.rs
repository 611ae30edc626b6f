//! Replies: to posts and to replies, written and listed.

use bettermode::{
    Client, CreateReply, Listed, MappingField, MemberId, Post, PostId, PostType, PostTypeId,
    Sighting,
};
use jiff::Timestamp;

use crate::error::{Call, Error};
use crate::html;
use crate::posts::{Values, values};
use crate::upstream::Upstream;
use crate::writes::Effect;

/// A reply to create, its text checked.
#[derive(Debug, Clone)]
pub struct NewReply {
    /// What it answers.
    pub post: PostId,
    /// The body, sanitised.
    pub html: String,
    /// Which post type; `None` picks the first that wants nothing but a body.
    pub post_type: Option<PostTypeId>,
    /// Who; `None` is the bot account.
    pub author: Option<MemberId>,
}

impl NewReply {
    /// What the post has of it in the end, by author and words: a look-up tells no more
    /// apart, and maybe less.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let author = self.author.as_ref().map_or("", MemberId::as_str);
        Effect::of([
            "reply",
            author,
            self.post.as_str(),
            &html::words(&self.html),
        ])
    }
}

/// A reply that is ready to be created.
#[derive(Debug, Clone)]
pub struct PreparedReply {
    upstream: Upstream,
    client: Client,
    reply: CreateReply,
}

/// Reads and writes replies.
#[derive(Debug, Clone)]
pub struct Replies {
    upstream: Upstream,
}

impl Replies {
    /// Over this upstream.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    /// One page of the published replies to a post, by the time of their creation,
    /// and where the next one begins. One request.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; any of [`Error`].
    pub async fn list(
        &self,
        post: &PostId,
        ascending: bool,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<Post>, Error> {
        let client = self.upstream.client();
        let page = client.replies(post, ascending, limit, after).await;
        self.upstream.settle(Call::LIST_REPLIES, page)
    }

    /// Creates `new`. Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when the reply may exist all the same.
    pub async fn create(&self, new: NewReply) -> Result<Post, Error> {
        self.prepare(new).await?.attempt().await
    }

    /// Checks `new` against the post types that may answer the post. Only reads.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; [`Error::PostTypeNotFound`]; any of [`Error`].
    pub async fn prepare(&self, new: NewReply) -> Result<PreparedReply, Error> {
        let call = Call::REPLY;
        let client = self.upstream.acting_as(new.author.as_ref(), call)?;
        let target = client.reply_target(&new.post).await;
        let target = self.upstream.settle(call, target)?;
        let (kind, fields) = typed(&new, &target.reply_types)?;
        let reply = CreateReply {
            post_type_id: kind.id.clone(),
            post_id: new.post,
            fields,
            owner_id: None,
        };
        Ok(PreparedReply {
            upstream: self.upstream.clone(),
            client,
            reply,
        })
    }
}

impl PreparedReply {
    /// What is sent.
    #[must_use]
    pub fn reply(&self) -> &CreateReply {
        &self.reply
    }

    /// Creates it: one request that changes something.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when the reply may exist all the same.
    pub async fn attempt(&self) -> Result<Post, Error> {
        let created = self.client.create_reply(self.reply.clone()).await;
        self.upstream.settle(Call::REPLY, created)
    }

    /// Looks for what an attempt at `since` or later may have made; changes nothing.
    /// [`Client::find_replies`] says what it does not see: what moderation holds, and
    /// the difference between two equal replies of one member.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn lookup(&self, since: Timestamp) -> Result<Sighting<Post>, Error> {
        let found = self.client.find_replies(&self.reply, since).await;
        self.upstream.settle(Call::LIST_REPLIES, found)
    }
}

/// The post type that was asked for, or the first one that fits, and the fields.
fn typed<'t>(
    new: &NewReply,
    types: &'t [PostType],
) -> Result<(&'t PostType, Vec<MappingField>), Error> {
    let values = Values {
        html: Some(new.html.clone()),
        ..Values::default()
    };
    let fill = |kind: &'t PostType| values::complete(kind, &values).map(|fields| (kind, fields));
    let Some(wanted) = &new.post_type else {
        let first = types.iter().find_map(|kind| fill(kind).ok());
        return first.ok_or(Error::PostTypeNotFound(
            "no post type that may answer this post wants nothing but a body; an administrator has \
             to allow one",
        ));
    };
    let mut allowed = types.iter().filter(|candidate| candidate.id == *wanted);
    allowed
        .find_map(|kind| fill(kind).ok())
        .ok_or(Error::PostTypeNotFound(
            "this post type may not answer this post, or wants more than a body; leave post_type_id \
             empty to have one picked",
        ))
}
