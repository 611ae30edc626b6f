//! Reading: the copy that a reader may have, else the way to BetterMode.

use std::sync::Arc;

use bettermode::Class;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::policy::{Mode, Options, Verdict};
use super::resolve::Quest;
use super::{Cache, CacheKey, Held};
use crate::error::Error;

/// Where a read found its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The memory of this process.
    Memory,
    /// The cache that replicas share.
    Redis,
    /// BetterMode itself.
    BetterMode,
}

/// Asks BetterMode for a value: `None` when it has none such. The class says who waits
/// for the answer.
pub trait Fetch<V>: Fn(Class) -> BoxFuture<'static, Result<Option<V>, Error>> {}

impl<V, F> Fetch<V> for F where F: Fn(Class) -> BoxFuture<'static, Result<Option<V>, Error>> {}

/// A value, or that there is none, and how old that knowledge is.
#[derive(Debug)]
pub struct Read<V> {
    held: Arc<Held<V>>,
    /// Where this read found it.
    pub source: Source,
    /// Whether it is older than it should be.
    pub stale: bool,
}

impl<V> Clone for Read<V> {
    fn clone(&self) -> Self {
        Self {
            held: Arc::clone(&self.held),
            ..*self
        }
    }
}

impl<V> Read<V> {
    pub(super) fn new(held: Arc<Held<V>>, source: Source, stale: bool) -> Self {
        Self {
            held,
            source,
            stale,
        }
    }

    /// The value; `None` when BetterMode has none such.
    #[must_use]
    pub fn value(&self) -> Option<&V> {
        self.held.value.as_ref()
    }

    /// The copy itself.
    #[must_use]
    pub fn held(&self) -> &Held<V> {
        &self.held
    }

    /// When BetterMode answered with it.
    #[must_use]
    pub fn fetched_at(&self) -> Timestamp {
        self.held.life.fetched_at
    }
}

/// A copy in memory and what may be done with it.
struct InMemory<V> {
    held: Arc<Held<V>>,
    verdict: Verdict,
    /// Whether every invalidation since has reached us.
    trusted: bool,
}

impl Cache {
    /// The value of `key` as `options` allow it.
    ///
    /// # Errors
    /// What `fetch` failed with, where no copy may stand in; [`Error::NotCached`] where
    /// only a copy was wanted. A cache that does not answer is no error.
    pub async fn read<K, F>(
        &self,
        key: &K,
        options: &Options,
        fetch: F,
    ) -> Result<Read<K::Value>, Error>
    where
        K: CacheKey,
        F: Fetch<K::Value> + Clone + Send + Sync + 'static,
    {
        let name = key.name();
        if options.mode == Mode::Bypass {
            let quest = Quest::new(self, name, Mode::Bypass, Class::Interactive, fetch);
            return quest.run::<K>().await;
        }
        let Some(found) = self.in_memory::<K>(&name, options) else {
            return self.without_memory::<K, F>(name, options, fetch).await;
        };
        let InMemory {
            held,
            verdict,
            trusted,
        } = found;
        if !trusted {
            return self.confirmed::<K, F>(name, options, held, fetch).await;
        }
        match verdict {
            Verdict::Gone => self.without_memory::<K, F>(name, options, fetch).await,
            Verdict::Fresh => Ok(Read::new(held, Source::Memory, false)),
            Verdict::Refresh => {
                self.renew_behind::<K, F>(name, options, &held, fetch);
                Ok(Read::new(held, Source::Memory, true))
            }
            Verdict::LastResort => {
                let last_resort = Read::new(held, Source::Memory, true);
                // Where it was tried a moment ago, the next try is not due yet.
                let may_ask =
                    options.mode == Mode::Default && last_resort.held.may_renew(self.0.clock.now());
                if !may_ask {
                    return Ok(last_resort);
                }
                let asked = self.without_memory::<K, F>(name, options, fetch).await;
                or_last_resort(asked, last_resort)
            }
        }
    }

    /// The value of `key` if a fresh copy is in memory: no await, no round trip.
    #[must_use]
    pub fn peek<K: CacheKey>(&self, key: &K, options: &Options) -> Option<Read<K::Value>> {
        if options.mode == Mode::Bypass {
            return None;
        }
        let found = self.in_memory::<K>(&key.name(), options)?;
        let good = found.trusted && found.verdict == Verdict::Fresh;
        good.then(|| Read::new(found.held, Source::Memory, false))
    }

    fn in_memory<K: CacheKey>(&self, name: &str, options: &Options) -> Option<InMemory<K::Value>> {
        let held = self.0.memory.get::<K::Value>(name)?;
        Some(InMemory {
            verdict: held.life.judge(self.0.clock.now(), options),
            trusted: self.0.link.trusts(held.epoch),
            held,
        })
    }

    /// The copy in Redis, else BetterMode's answer.
    async fn without_memory<K, F>(
        &self,
        name: String,
        options: &Options,
        fetch: F,
    ) -> Result<Read<K::Value>, Error>
    where
        K: CacheKey,
        F: Fetch<K::Value> + Clone + Send + Sync + 'static,
    {
        if options.mode == Mode::Only {
            let looked = self.look_in_redis::<K>(&name, options).await;
            let (verdict, held) = looked
                .and_then(|looked| looked.copy)
                .ok_or(Error::NotCached)?;
            return Ok(Read::new(held, Source::Redis, verdict != Verdict::Fresh));
        }
        let quest = Quest::new(self, name, Mode::Default, Class::Interactive, fetch);
        let read = quest.run::<K>().await?;
        // Others' work can bring a copy that is too old for this reader.
        if read.source == Source::BetterMode
            || read.held.life.judge(self.0.clock.now(), options) != Verdict::Gone
        {
            return Ok(read);
        }
        quest.bypassing().run::<K>().await
    }

    /// A copy from before the link to Redis was lost: Redis says whether it still holds.
    async fn confirmed<K, F>(
        &self,
        name: String,
        options: &Options,
        held: Arc<Held<K::Value>>,
        fetch: F,
    ) -> Result<Read<K::Value>, Error>
    where
        K: CacheKey,
        F: Fetch<K::Value> + Clone + Send + Sync + 'static,
    {
        let verdict = held.life.judge(self.0.clock.now(), options);
        if verdict != Verdict::Gone {
            let Some(looked) = self.look_in_redis::<K>(&name, options).await else {
                // Nobody can say: it lives by its age.
                return Ok(Read::new(held, Source::Memory, verdict != Verdict::Fresh));
            };
            match looked.copy {
                Some((Verdict::Fresh, copy)) => return Ok(Read::new(copy, Source::Redis, false)),
                None if !looked.was_dropped => {
                    // Redis came back empty: nobody knows, so it has to be fetched anew.
                    self.renew_behind::<K, F>(name, options, &held, fetch);
                    return Ok(Read::new(held, Source::Memory, true));
                }
                _ => {}
            }
        }
        self.without_memory::<K, F>(name, options, fetch).await
    }

    /// Fetches a newer copy while the reader goes on with the old one.
    pub(super) fn renew_behind<K, F>(
        &self,
        name: String,
        options: &Options,
        held: &Held<K::Value>,
        fetch: F,
    ) where
        K: CacheKey,
        F: Fetch<K::Value> + Clone + Send + Sync + 'static,
    {
        if options.mode == Mode::Only || !held.may_renew(self.0.clock.now()) {
            return;
        }
        let quest = Quest::new(self, name, Mode::Default, Class::Refresh, fetch);
        self.0.tasks.spawn("renewing a copy", async move {
            if let Err(error) = quest.run::<K>().await {
                tracing::debug!(%error, "a copy could not be renewed; the old one is served on");
            }
        });
    }
}

/// An old copy is better than an error that says BetterMode could not be asked or did
/// not answer; not better than one that says something about the value.
pub(super) fn or_last_resort<V>(
    asked: Result<Read<V>, Error>,
    last_resort: Read<V>,
) -> Result<Read<V>, Error> {
    match asked {
        Err(
            Error::UpstreamUnavailable { .. }
            | Error::UpstreamRateLimited { .. }
            | Error::UpstreamUnintelligible { .. }
            | Error::UpstreamTokenRefused,
        ) => Ok(last_resort),
        asked => asked,
    }
}
