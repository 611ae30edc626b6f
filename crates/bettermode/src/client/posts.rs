//! Reading, listing, changing and deleting posts.

use super::Client;
use crate::{
    EditablePost, Error, Listed, MemberId, Post, PostId, PostQuery, PostStatus, Subject,
    UpdatePost,
    operations::{
        Operation, delete_post, full_member_post_page, full_post_page, member_post_page, post,
        post_for_update, post_page, update_post,
    },
};

impl Client {
    /// One post or reply, with its fields and tags. A deleted one may still be
    /// there: see [`Post::status`].
    ///
    /// # Errors
    /// [`Error::NotFound`]; any of [`Error`].
    pub async fn post(&self, id: &PostId) -> Result<Post, Error> {
        let data = self.call::<post::PostQuery>(post::variables(id));
        data.await.map(post::answer)
    }

    /// One page of the published posts, without replies. `after` is the
    /// [`Listed::next`] of the same query.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn posts(
        &self,
        query: &PostQuery,
        after: Option<String>,
    ) -> Result<Listed<Post>, Error> {
        let begin = after.clone();
        let begin = begin.as_deref();
        if query.full {
            use full_post_page::{FullPostPage, answer, variables};
            let data = self.call::<FullPostPage>(variables(query, after)).await?;
            answer(data).listed(FullPostPage::NAME, begin, None)
        } else {
            use post_page::{PostPage, answer, variables};
            let data = self.call::<PostPage>(variables(query, after)).await?;
            answer(data).listed(PostPage::NAME, begin, None)
        }
    }

    /// One page of a member's posts in all spaces, without replies, by the time of
    /// their publication. `after` is the [`Listed::next`] of the same query.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown member; any of [`Error`].
    pub async fn member_posts(
        &self,
        member: &MemberId,
        (ascending, full): (bool, bool),
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<Post>, Error> {
        let begin = after.clone();
        let begin = begin.as_deref();
        if full {
            use full_member_post_page::{FullMemberPostPage, answer, variables};
            let variables = variables(member, ascending, limit, after);
            let data = self.call::<FullMemberPostPage>(variables).await?;
            answer(data).listed(FullMemberPostPage::NAME, begin, None)
        } else {
            use member_post_page::{MemberPostPage, answer, variables};
            let variables = variables(member, ascending, limit, after);
            let data = self.call::<MemberPostPage>(variables).await?;
            answer(data).listed(MemberPostPage::NAME, begin, None)
        }
    }

    /// What has to be known of a post before it is changed.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a deleted post; any of [`Error`].
    pub async fn editable_post(&self, id: &PostId) -> Result<EditablePost, Error> {
        use post_for_update::{PostForUpdate, answer, variables};
        let data = self.call::<PostForUpdate>(variables(id)).await?;
        let post = answer(data);
        alive(&post.status)?;
        Ok(post)
    }

    /// Changes a post. Never sent twice, although the same change twice is one.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been changed; [`Error::NotFound`];
    /// any of [`Error`].
    pub async fn update_post(&self, change: UpdatePost) -> Result<Post, Error> {
        use update_post::{UpdatePostMutation, answer, variables};
        let data = self.call::<UpdatePostMutation>(variables(change));
        data.await.map(answer)
    }

    /// Deletes a post or a reply. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been deleted; [`Error::NotFound`],
    /// also for one that is deleted already; any of [`Error`].
    pub async fn delete_post(&self, id: &PostId) -> Result<(), Error> {
        let variables = delete_post::variables(id);
        self.call::<delete_post::DeletePost>(variables).await?;
        Ok(())
    }
}

/// A tombstone counts as nothing.
pub(super) fn alive(status: &PostStatus) -> Result<(), Error> {
    if *status == PostStatus::Deleted {
        return Err(Error::NotFound {
            what: Subject::Post,
        });
    }
    Ok(())
}
