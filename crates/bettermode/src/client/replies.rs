//! Answering posts, and reading the answers.

use super::{Client, posts::alive};
use crate::{
    CreateReply, Error, Listed, Post, PostId, ReplyTarget,
    operations::{Operation, create_reply, reply_page, reply_types},
};

impl Client {
    /// What has to be known of a post before it is answered.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a deleted post; any of [`Error`].
    pub async fn reply_target(&self, id: &PostId) -> Result<ReplyTarget, Error> {
        use reply_types::{ReplyTypes, answer, variables};
        let target = answer(self.call::<ReplyTypes>(variables(id)).await?);
        alive(&target.status)?;
        Ok(target)
    }

    /// Creates a reply. Never sent twice. Success does not mean visible: see
    /// [`Post::status`].
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been created; [`Error::NotFound`]
    /// for an unknown post; any of [`Error`].
    pub async fn create_reply(&self, reply: CreateReply) -> Result<Post, Error> {
        use create_reply::{CreateReplyMutation, answer, variables};
        let data = self.call::<CreateReplyMutation>(variables(reply));
        data.await.map(answer)
    }

    /// One page of the published replies to a post, without replies to them, by the
    /// time of their creation. `after` is the [`Listed::next`] of the same query.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown post; any of [`Error`].
    pub async fn replies(
        &self,
        post: &PostId,
        ascending: bool,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<Post>, Error> {
        use reply_page::{ReplyPage, answer, variables};
        let begin = after.clone();
        let variables = variables(post, ascending, limit, after);
        let data = self.call::<ReplyPage>(variables).await?;
        answer(data).listed(ReplyPage::NAME, begin.as_deref(), None)
    }
}
