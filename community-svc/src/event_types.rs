//! The kinds of webhook that the network can send, read through the cache.

use bettermode::{Class, EventType};
use futures::FutureExt as _;

use crate::cache::{self, Cache, EventTypesKey, Options};
use crate::error::{Call, Error};
use crate::upstream::Upstream;

/// Reads the kinds of webhook; cheap to clone.
#[derive(Debug, Clone)]
pub struct EventTypes {
    upstream: Upstream,
    cache: Cache,
}

impl EventTypes {
    /// Over this upstream and cache.
    #[must_use]
    pub fn new(upstream: Upstream, cache: Cache) -> Self {
        Self { upstream, cache }
    }

    /// All of them, in BetterMode's order.
    ///
    /// # Errors
    /// [`Error::NotCached`], or what went wrong on the way.
    pub async fn all(&self, options: &Options) -> Result<cache::Read<Vec<EventType>>, Error> {
        let upstream = self.upstream.clone();
        let fetch = move |class: Class| {
            let upstream = upstream.clone();
            async move {
                let client = upstream.client().for_class(class);
                let kinds = client.event_types().await;
                upstream.settle(Call::EVENT_TYPES, kinds).map(Some)
            }
            .boxed()
        };
        self.cache.read(&EventTypesKey, options, fetch).await
    }
}
