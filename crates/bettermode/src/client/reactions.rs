//! Reacting to posts, and reading who did.

use super::{Client, posts::alive};
use crate::{
    Error, Listed, PostId, Reaction, ReactionCount,
    operations::{Operation, add_reaction, reaction_counts, reaction_page, remove_reaction},
};

impl Client {
    /// Lets the token's member react to a post or reply. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been added; [`Error::NotFound`] for
    /// an unknown post; [`Error::ActionFailed`]; any of [`Error`].
    pub async fn add_reaction(&self, post: &PostId, reaction: &str) -> Result<(), Error> {
        let variables = add_reaction::variables(post, reaction);
        self.call::<add_reaction::AddReaction>(variables).await?;
        Ok(())
    }

    /// Takes back a reaction of the token's member. Never sent twice.
    ///
    /// # Errors
    /// As [`add_reaction`](Self::add_reaction).
    pub async fn remove_reaction(&self, post: &PostId, reaction: &str) -> Result<(), Error> {
        let variables = remove_reaction::variables(post, reaction);
        self.call::<remove_reaction::RemoveReaction>(variables)
            .await?;
        Ok(())
    }

    /// How many reacted to a post, for each key that anybody used.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a deleted post; any of [`Error`].
    pub async fn reaction_counts(&self, post: &PostId) -> Result<Vec<ReactionCount>, Error> {
        use reaction_counts::{ReactionCounts, answer, variables};
        let (status, counts) = answer(self.call::<ReactionCounts>(variables(post)).await?);
        alive(&status)?;
        Ok(counts)
    }

    /// One page of those who reacted to a post with this key. `after` is the
    /// [`Listed::next`] of the same list.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown post; any of [`Error`].
    pub async fn reactions(
        &self,
        post: &PostId,
        reaction: &str,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<Reaction>, Error> {
        use reaction_page::{ReactionPage, answer, variables};
        let begin = after.clone();
        let variables = variables(post, reaction, limit, after);
        let data = self.call::<ReactionPage>(variables).await?;
        answer(data, reaction).listed(ReactionPage::NAME, begin.as_deref(), None)
    }
}
