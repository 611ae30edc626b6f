//! The post types of spaces, kept for a while: administrators change them rarely, and
//! without it every new post would cost two requests of the community's budget.
//!
//! What does not fit the kept ones is held against fresh ones before it is refused, and
//! when BetterMode refuses a post, its space's are dropped.

use std::sync::Arc;
use std::time::Duration;

use bettermode::{Client, PostType, SpaceId};
use jiff::Timestamp;
use quick_cache::sync::Cache;

use crate::error::{Call, Error};
use crate::upstream::Upstream;

/// How long a copy is used.
const FRESH: Duration = Duration::from_secs(300);
/// Of how many spaces copies are kept.
const SPACES: usize = 1_000;

/// What a space takes.
pub(super) type Types = Arc<[PostType]>;

/// Copies of what spaces take; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct PostTypes(Arc<Cache<SpaceId, (Timestamp, Types)>>);

impl PostTypes {
    pub(super) fn new() -> Self {
        Self(Arc::new(Cache::new(SPACES)))
    }

    /// A copy that is not too old.
    pub(super) fn kept(&self, space: &SpaceId, now: Timestamp) -> Option<Types> {
        let (since, types) = self.0.get(space)?;
        let fresh = now.duration_since(since).unsigned_abs() < FRESH;
        fresh.then_some(types)
    }

    /// What BetterMode says now, which is kept. Whom the client acts as makes no
    /// difference but whether it is allowed to ask.
    pub(super) async fn fetch(
        &self,
        upstream: &Upstream,
        client: &Client,
        space: &SpaceId,
    ) -> Result<Types, Error> {
        // The age counts from before the question.
        let now = upstream.now();
        let types = client.space_post_types(space).await;
        let types: Types = upstream.settle(Call::POST_TYPES, types)?.into();
        self.0.insert(space.clone(), (now, Arc::clone(&types)));
        Ok(types)
    }

    pub(super) fn drop_copy(&self, space: &SpaceId) {
        self.0.remove(space);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_kept_for_five_minutes_or_until_it_is_dropped() {
        let types = PostTypes::new();
        let (space, start) = (SpaceId::new("s"), Timestamp::UNIX_EPOCH);
        let kept = |after| {
            types
                .kept(&space, start + Duration::from_secs(after))
                .is_some()
        };
        assert!(!kept(0));
        types.0.insert(space.clone(), (start, Arc::from([])));
        assert!(kept(0) && kept(299) && !kept(300));
        types.drop_copy(&space);
        assert!(!kept(0));
    }
}
