//! The end of a post.

use bettermode::{Client, MemberId, PostId};

use super::Posts;
use crate::error::{Call, Error};
use crate::upstream::Upstream;

/// A deletion that is ready to be made.
#[derive(Debug, Clone)]
pub struct PreparedDeletion {
    upstream: Upstream,
    client: Client,
    id: PostId,
}

impl Posts {
    /// Deletes a post or reply as `actor`, or as the bot account. Never tries twice.
    ///
    /// # Errors
    /// [`Error::PostNotFound`], also for one that is deleted already;
    /// [`Error::OutcomeUnknown`] when it may be deleted all the same; any of [`Error`].
    pub async fn delete(&self, id: PostId, actor: Option<&MemberId>) -> Result<(), Error> {
        self.prepare_deletion(id, actor)?.attempt().await
    }

    /// Asks nothing of BetterMode yet.
    ///
    /// # Errors
    /// [`Error::ImpersonationUnavailable`] with a static token.
    pub fn prepare_deletion(
        &self,
        id: PostId,
        actor: Option<&MemberId>,
    ) -> Result<PreparedDeletion, Error> {
        Ok(PreparedDeletion {
            upstream: self.upstream.clone(),
            client: self.upstream.acting_as(actor, Call::DELETE_POST)?,
            id,
        })
    }
}

impl PreparedDeletion {
    /// Deletes it: one request that changes something.
    ///
    /// # Errors
    /// As [`Posts::delete`].
    pub async fn attempt(&self) -> Result<(), Error> {
        let deleted = self.client.delete_post(&self.id).await;
        self.upstream.settle(Call::DELETE_POST, deleted)
    }

    /// Whether the post is gone; changes nothing. It cannot tell who deleted it, nor
    /// whether it was ever there.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn lookup(&self) -> Result<bool, Error> {
        let gone = self.client.is_gone(&self.id).await;
        self.upstream.settle(Call::READ_POST, gone)
    }
}
