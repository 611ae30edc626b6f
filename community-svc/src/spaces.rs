//! Spaces: read through the cache; who is in them, asked and changed at BetterMode.
//!
//! A webhook about a space drops the copies, here and in every replica. What changes
//! with every post and every member, the counts, lives as long as the copy.

use bettermode::{Class, Space, SpaceId};
use futures::FutureExt as _;
use jiff::Timestamp;

use crate::cache::{self, Cache, Options, SpaceKey, SpacesKey};
use crate::error::{Call, Error};
use crate::upstream::Upstream;

mod membership;

/// Reads and changes spaces; cheap to clone.
#[derive(Debug, Clone)]
pub struct Spaces {
    upstream: Upstream,
    cache: Cache,
}

impl Spaces {
    /// Over this upstream and cache.
    #[must_use]
    pub fn new(upstream: Upstream, cache: Cache) -> Self {
        Self { upstream, cache }
    }

    /// The space with this id.
    ///
    /// # Errors
    /// [`Error::NoSuchSpace`], [`Error::NotCached`], or what went wrong on the way.
    pub async fn by_id(
        &self,
        id: &SpaceId,
        options: &Options,
    ) -> Result<cache::Read<Space>, Error> {
        let (upstream, wanted) = (self.upstream.clone(), id.clone());
        let fetch = move |class: Class| {
            let (upstream, wanted) = (upstream.clone(), wanted.clone());
            async move {
                let client = upstream.client().for_class(class);
                match upstream.settle(Call::SPACE, client.space(&wanted).await) {
                    Ok(space) => Ok(Some(space)),
                    Err(Error::SpaceNotFound) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        let read = self
            .cache
            .read(&SpaceKey(id.clone()), options, fetch)
            .await?;
        if read.value().is_none() {
            return Err(Error::NoSuchSpace);
        }
        Ok(read)
    }

    /// Every space that the service's token sees, oldest first; private conversations
    /// left out. One copy holds them all, so that one webhook drops it.
    ///
    /// # Errors
    /// [`Error::NotCached`], or what went wrong on the way.
    pub async fn all(&self, options: &Options) -> Result<cache::Read<Vec<Space>>, Error> {
        let upstream = self.upstream.clone();
        let fetch = move |class: Class| {
            let upstream = upstream.clone();
            async move {
                let client = upstream.client().for_class(class);
                let mut spaces = upstream.settle(Call::SPACES, client.spaces().await)?;
                spaces.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
                Ok(Some(spaces))
            }
            .boxed()
        };
        self.cache.read(&SpacesKey, options, fetch).await
    }

    /// Drops the copies of a space, and of the list that it is in.
    ///
    /// # Errors
    /// When Redis does not answer; call again.
    pub async fn invalidate(&self, id: &SpaceId) -> Result<(), cache::Error> {
        self.cache.invalidate(&SpaceKey(id.clone())).await?;
        self.cache.invalidate(&SpacesKey).await
    }

    /// When the newest copy of a space was fetched, by itself or in the list, if there
    /// is one.
    pub(crate) async fn copy_from(&self, id: &SpaceId) -> Option<Timestamp> {
        let own = self.cache.copy_from(&SpaceKey(id.clone())).await;
        own.max(self.cache.copy_from(&SpacesKey).await)
    }
}
