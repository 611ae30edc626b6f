//! Getting a value that memory does not have: one piece of work for each name, in this
//! process by a shared flight, among the replicas by a lease in Redis.

use std::sync::Arc;

use bettermode::Class;
use jiff::Timestamp;
use trace_kit::{Current, Span, current};
use uuid::Uuid;

use super::lease::Lease;
use super::policy::{LeaseCheck, Mode, Options, Verdict};
use super::read::{Fetch, Read, Source, or_last_resort};
use super::shared::{Expected, LEASE_TTL};
use super::{Cache, CacheKey, Held, causes, entry};
use crate::error::Error;

/// What a fill must show, in memory and in Redis.
#[derive(Debug)]
pub struct Begun {
    lease: Lease,
    epoch: u64,
    /// `None` where Redis is not there to be filled.
    expected: Option<Expected>,
}

/// What Redis had.
pub(super) struct Looked<V> {
    /// A copy that the reader may have. It is in memory from now on.
    pub(super) copy: Option<(Verdict, Arc<Held<V>>)>,
    /// Whether the entry was invalidated lately.
    pub(super) was_dropped: bool,
    begun: Begun,
}

/// The way to one value.
#[derive(Clone)]
pub(super) struct Quest<F> {
    cache: Cache,
    name: String,
    mode: Mode,
    class: Class,
    fetch: F,
    /// Who reads, where somebody traces.
    reader: Option<Current>,
}

impl<F> Quest<F> {
    pub(super) fn new(cache: &Cache, name: String, mode: Mode, class: Class, fetch: F) -> Self {
        Self {
            cache: cache.clone(),
            name,
            mode,
            class,
            fetch,
            reader: current(),
        }
    }

    /// The same, past every copy.
    pub(super) fn bypassing(self) -> Self {
        Self {
            mode: Mode::Bypass,
            ..self
        }
    }

    /// The value, by work that is shared with everybody who asks for the same.
    pub(super) async fn run<K>(&self) -> Result<Read<K::Value>, Error>
    where
        K: CacheKey,
        F: Fetch<K::Value> + Clone + Send + Sync + 'static,
    {
        let quest = self.clone();
        let work = || async move {
            match quest.mode {
                Mode::Bypass => quest.past_all_copies::<K>().await,
                _ => quest.by_any_copy::<K>().await,
            }
        };
        let lane = (self.mode, self.class);
        self.cache.0.flights.join(&self.name, lane, work).await
    }

    async fn past_all_copies<K>(&self) -> Result<Read<K::Value>, Error>
    where
        K: CacheKey,
        F: Fetch<K::Value>,
    {
        let options = Options::default();
        let begun = match self.cache.look_in_redis::<K>(&self.name, &options).await {
            Some(looked) => looked.begun,
            None => self.cache.begin_alone(&self.name),
        };
        let read = self.ask::<K>(begun).await?;
        // Other replicas have older copies now.
        let brought = Some(read.fetched_at());
        self.cache
            .give_back(self.name.clone(), Uuid::nil(), brought);
        Ok(read)
    }

    async fn by_any_copy<K>(&self) -> Result<Read<K::Value>, Error>
    where
        K: CacheKey,
        F: Fetch<K::Value> + Clone + Send + Sync + 'static,
    {
        let (cache, name) = (&self.cache, self.name.as_str());
        loop {
            // A flight may have landed since the reader looked.
            if let Some(held) = cache.fresh_in_memory::<K>(name) {
                return Ok(Read::new(held, Source::Memory, false));
            }
            let options = Options::default();
            let Some(looked) = cache.look_in_redis::<K>(name, &options).await else {
                return self.ask::<K>(cache.begin_alone(name)).await;
            };
            let old = match looked.copy {
                Some((Verdict::Fresh, held)) => {
                    return Ok(Read::new(held, Source::Redis, false));
                }
                Some((Verdict::Refresh, held)) if self.class == Class::Interactive => {
                    let fetch = self.fetch.clone();
                    cache.renew_behind::<K, F>(self.name.clone(), &options, &held, fetch);
                    return Ok(Read::new(held, Source::Redis, true));
                }
                old => old,
            };
            let Some(asked) = self.with_lease::<K>(looked.begun).await else {
                continue;
            };
            return match old {
                Some((_, held)) => or_last_resort(asked, Read::new(held, Source::Redis, true)),
                None => asked,
            };
        }
    }

    /// Asks BetterMode for all replicas; `None` after another one has asked, or taken too
    /// long.
    async fn with_lease<K>(&self, begun: Begun) -> Option<Result<Read<K::Value>, Error>>
    where
        K: CacheKey,
        F: Fetch<K::Value>,
    {
        let (cache, name) = (&self.cache, self.name.as_str());
        let Some(shared) = cache.0.shared.as_ref().filter(|_| cache.0.link.is_up()) else {
            // Nobody to share with, or nobody who would tell us.
            return Some(self.ask::<K>(begun).await);
        };
        let mut waiter = cache.0.waiters.register(name);
        let holder = match shared.acquire(name).await {
            Ok(Some(holder)) => holder,
            Ok(None) => {
                waiter.woken(LEASE_TTL).await;
                return None;
            }
            Err(error) => {
                tracing::debug!(%error, "asking BetterMode without a lease");
                return Some(self.ask::<K>(begun).await);
            }
        };
        let mut held = HeldLease {
            cache,
            name,
            holder,
            brought: None,
        };
        // Another replica may have filled it between our look and our lease.
        let looked = cache.look_in_redis::<K>(name, &Options::default()).await;
        if let Some((Verdict::Fresh, copy)) = looked.and_then(|looked| looked.copy) {
            return Some(Ok(Read::new(copy, Source::Redis, false)));
        }
        let asked = self.ask::<K>(begun).await;
        held.brought = asked.as_ref().ok().map(Read::fetched_at);
        Some(asked)
    }

    async fn ask<K>(&self, begun: Begun) -> Result<Read<K::Value>, Error>
    where
        K: CacheKey,
        F: Fetch<K::Value>,
    {
        let causes = self.cache.0.causes.as_ref();
        let span = causes.and_then(|causes| causes.fill(&self.name, self.reader.as_ref()));
        let work = span.as_ref().map(Span::work);
        let fetched = trace_kit::within(work, (self.fetch)(self.class)).await;
        causes::filled(span, fetched.as_ref().err());
        let value = fetched?;
        let fetched_at = self.cache.0.clock.now();
        let held = self
            .cache
            .keep::<K>(&self.name, begun, value, fetched_at)
            .await;
        Ok(Read::new(held, Source::BetterMode, false))
    }
}

/// Gives the lease back, also when the work is dropped.
struct HeldLease<'a> {
    cache: &'a Cache,
    name: &'a str,
    holder: Uuid,
    brought: Option<Timestamp>,
}

impl Drop for HeldLease<'_> {
    fn drop(&mut self) {
        self.cache
            .give_back(self.name.to_owned(), self.holder, self.brought);
    }
}

impl Cache {
    /// The right to fill an entry whose key is only known after asking, such as the
    /// member that a search found. Take it before asking. It fills an empty place only,
    /// and any invalidation meanwhile, of whatever entry, keeps it out of memory.
    #[must_use]
    pub fn begin(&self) -> Begun {
        Begun {
            lease: self.0.memory.begin_any(),
            epoch: self.0.link.epoch(),
            expected: self.0.shared.is_some().then(Expected::nothing),
        }
    }

    /// Keeps a value that came with the answer to another question.
    pub async fn put<K: CacheKey>(&self, key: &K, begun: Begun, value: K::Value) {
        let fetched_at = self.0.clock.now();
        self.keep::<K>(&key.name(), begun, Some(value), fetched_at)
            .await;
    }

    /// For a fill of memory alone, while Redis does not answer.
    fn begin_alone(&self, name: &str) -> Begun {
        Begun {
            lease: self.0.memory.begin(name),
            epoch: self.0.link.epoch(),
            expected: None,
        }
    }

    fn fresh_in_memory<K: CacheKey>(&self, name: &str) -> Option<Arc<Held<K::Value>>> {
        let held = self.0.memory.get::<K::Value>(name)?;
        let verdict = held.life.judge(self.0.clock.now(), &Options::default());
        (verdict == Verdict::Fresh && self.0.link.trusts(held.epoch)).then_some(held)
    }

    /// What Redis has, into memory too; `None` when it does not answer. Without Redis,
    /// nothing.
    pub(super) async fn look_in_redis<K: CacheKey>(
        &self,
        name: &str,
        options: &Options,
    ) -> Option<Looked<K::Value>> {
        let mut begun = self.begin_alone(name);
        let Some(shared) = &self.0.shared else {
            return Some(Looked {
                copy: None,
                was_dropped: false,
                begun,
            });
        };
        let looked = match shared.get(name).await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::debug!(%error, "redis did not answer; reading on without it");
                return None;
            }
        };
        let found = looked.raw.as_ref().and_then(|raw| {
            let (value, fetched_at) = entry::decode::<K::Value>(raw, K::SCHEMA)?;
            let life = self.0.policy.life(fetched_at, value.is_some());
            let verdict = life.judge(self.0.clock.now(), options);
            let held = Arc::new(Held::new(value, life, begun.epoch));
            (verdict != Verdict::Gone).then_some((verdict, held, raw.len()))
        });
        let copy = found.map(|(verdict, held, bytes)| {
            self.0.memory.fill(name, begun.lease, &held, bytes);
            (verdict, held)
        });
        begun.expected = Some(looked.expected);
        Some(Looked {
            was_dropped: copy.is_none() && looked.raw.is_some(),
            copy,
            begun,
        })
    }

    /// Puts an answer where it may go, and makes a copy of it.
    async fn keep<K: CacheKey>(
        &self,
        name: &str,
        begun: Begun,
        value: Option<K::Value>,
        fetched_at: Timestamp,
    ) -> Arc<Held<K::Value>> {
        let policy = &self.0.policy;
        let raw = entry::encode(K::SCHEMA, fetched_at, value.as_ref());
        let (ttl, life) = match &value {
            Some(_) => (policy.serve_for, policy.life(fetched_at, true)),
            None => (policy.not_found_for, policy.life(fetched_at, false)),
        };
        let held = Arc::new(Held::new(value, life, begun.epoch));
        let raw = match raw {
            Ok(raw) => raw,
            Err(error) => {
                tracing::warn!(%error, "a value was not cached");
                return held;
            }
        };
        let lease = match policy.lease_check {
            LeaseCheck::On => begun.lease,
            LeaseCheck::Off => self.0.memory.begin(name),
        };
        let landed = match (&self.0.shared, begun.expected) {
            (Some(shared), Some(expected)) => {
                let shortest = policy.not_found_for.min(policy.serve_for);
                shared.fill(name, expected, &raw, ttl, shortest).await
            }
            _ => Ok(true),
        };
        match landed {
            Ok(false) => tracing::debug!("a fill lost to a newer change"),
            Ok(true) => {
                self.0.memory.fill(name, lease, &held, raw.len());
            }
            Err(error) => {
                tracing::debug!(%error, "redis took no fill; memory keeps it alone");
                self.0.memory.fill(name, lease, &held, raw.len());
            }
        }
        held
    }

    /// Gives a lease back and tells the replicas that there is news, behind everybody's
    /// back. One that does not arrive runs out by itself.
    fn give_back(&self, name: String, holder: Uuid, brought: Option<Timestamp>) {
        let Some(shared) = self.0.shared.clone() else {
            return;
        };
        self.0.tasks.spawn("giving back a lease", async move {
            if let Err(error) = shared.release(&name, holder, brought).await {
                tracing::debug!(%error, "a lease was not given back; it runs out");
            }
        });
    }
}
