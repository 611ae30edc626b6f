//! Reactions: added, taken back, listed.

use bettermode::{Client, MemberId, PostId, Reaction, ReactionCount};
use serde::{Deserialize, Serialize};

use crate::error::{Call, Error};
use crate::upstream::Upstream;

/// Whether a reaction comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It comes.
    Add,
    /// It goes.
    Remove,
}

impl Direction {
    fn call(self) -> Call {
        match self {
            Self::Add => Call::REACT,
            Self::Remove => Call::UNREACT,
        }
    }
}

/// A reaction that is ready to be added or taken back.
#[derive(Debug, Clone)]
pub struct PreparedReaction {
    upstream: Upstream,
    client: Client,
    direction: Direction,
    post: PostId,
    reaction: String,
}

/// Where a list of reactions goes on: BetterMode lists them key by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The key that comes next, and those after it.
    keys: Vec<String>,
    /// BetterMode's cursor within the first key; absent at its beginning.
    after: Option<String>,
}

/// A page of reactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Who reacted, all with one key.
    pub reactions: Vec<Reaction>,
    /// How many there are of each key; on the first page only.
    pub counts: Vec<ReactionCount>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// Reads and writes reactions.
#[derive(Debug, Clone)]
pub struct Reactions {
    upstream: Upstream,
}

impl Reactions {
    /// Over this upstream.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    /// The first page of the reactions to a post, of all keys or of one, with the
    /// counts. Two requests; one where nobody reacted.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; any of [`Error`].
    pub async fn first(
        &self,
        post: &PostId,
        only: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        let counts = self.upstream.client().reaction_counts(post).await;
        let mut counts = self.upstream.settle(Call::LIST_REACTIONS, counts)?;
        counts.retain(|count| only.is_none_or(|only| count.reaction == only));
        let keys = counts.iter().map(|count| count.reaction.clone());
        let place = Place {
            keys: keys.collect(),
            after: None,
        };
        let page = self.go_on(post, place, limit).await?;
        Ok(Page { counts, ..page })
    }

    /// The page that begins at `place`. One request.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; any of [`Error`].
    pub async fn go_on(&self, post: &PostId, place: Place, limit: u32) -> Result<Page, Error> {
        let Some(key) = place.keys.first() else {
            return Ok(Page {
                reactions: Vec::new(),
                counts: Vec::new(),
                next: None,
            });
        };
        let client = self.upstream.client();
        let page = client.reactions(post, key, limit, place.after).await;
        let page = self.upstream.settle(Call::LIST_REACTIONS, page)?;
        Ok(Page {
            reactions: page.items,
            counts: Vec::new(),
            next: next(place.keys, page.next),
        })
    }

    /// Adds or takes back a reaction of `member`, or of the bot account. Asks nothing
    /// of BetterMode yet.
    ///
    /// # Errors
    /// [`Error::ImpersonationUnavailable`] with a static token.
    pub fn prepare(
        &self,
        direction: Direction,
        post: PostId,
        reaction: String,
        member: Option<&MemberId>,
    ) -> Result<PreparedReaction, Error> {
        Ok(PreparedReaction {
            upstream: self.upstream.clone(),
            client: self.upstream.acting_as(member, direction.call())?,
            direction,
            post,
            reaction,
        })
    }
}

impl PreparedReaction {
    /// Adds it or takes it back: one request that changes something.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; [`Error::OutcomeUnknown`] when it may have happened all
    /// the same; any of [`Error`].
    pub async fn attempt(&self) -> Result<(), Error> {
        let (post, reaction) = (&self.post, self.reaction.as_str());
        let done = match self.direction {
            Direction::Add => self.client.add_reaction(post, reaction).await,
            Direction::Remove => self.client.remove_reaction(post, reaction).await,
        };
        self.upstream.settle(self.direction.call(), done)
    }

    /// Whether the reaction is as an attempt would leave it; changes nothing. It may
    /// have been so before.
    ///
    /// # Errors
    /// [`Error::PostNotFound`]; any of [`Error`].
    pub async fn lookup(&self) -> Result<bool, Error> {
        let there = self.client.has_reacted(&self.post, &self.reaction).await;
        let there = self.upstream.settle(Call::LIST_REACTIONS, there)?;
        Ok(there == (self.direction == Direction::Add))
    }
}

/// More of the same key, else the next key from its beginning.
fn next(mut keys: Vec<String>, after: Option<String>) -> Option<Place> {
    if after.is_none() {
        keys.remove(0);
    }
    (!keys.is_empty()).then_some(Place { keys, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_through_one_key_after_the_other() {
        let keys = || vec!["+1".to_owned(), "heart".to_owned()];
        let within = next(keys(), Some("cursor".to_owned()));
        let within = within.unwrap();
        assert_eq!(
            (within.keys.len(), within.after.as_deref()),
            (2, Some("cursor"))
        );
        let second = next(keys(), None).unwrap();
        assert_eq!(
            (second.keys.as_slice(), second.after),
            (&["heart".to_owned()][..], None)
        );
        assert_eq!(next(vec!["heart".to_owned()], None), None);
    }
}
