//! What BetterMode answered, kept for a while: in this process, and in Redis for every
//! replica.
//!
//! A read takes the first good copy: memory (no await), Redis (one round trip), else
//! one request to BetterMode, whoever asks and however many replicas. How old a copy may
//! get is [`Policy`]'s to say. Three things keep copies right:
//! - a fill that began before an invalidation never lands after it, in memory
//!   (`lease.rs`) nor in Redis (`shared.rs`);
//! - an invalidation reaches every replica's memory (`channel.rs`), and what was in
//!   memory while it could not is confirmed before it is served again (`link.rs`);
//! - a Redis that does not answer is a miss, never an error of the read.
//!
//! It is generic over what is cached: a [`CacheKey`] ties a name to the type and schema
//! version of its value. It knows nothing of BetterMode's API.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use tokio_util::sync::CancellationToken;
use trace_kit::Tracer;

use crate::redis_link::RedisLink;

mod causes;
mod channel;
#[cfg(test)]
mod contract_tests;
mod entry;
mod flights;
mod held;
mod keys;
mod lease;
mod link;
mod memory;
mod policy;
mod read;
#[cfg(test)]
mod replica_tests;
mod resolve;
mod shared;
#[cfg(test)]
mod testing;

/// What [`lease`] stands on; a model checker puts its own there.
mod sync {
    pub(super) use std::sync::atomic::{AtomicU64, Ordering};
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
}

use causes::Causes;
use channel::Waiters;
use flights::Flights;
pub use held::Held;
pub use keys::{EmailKey, EventTypesKey, MemberKey, SpaceKey, SpacesKey, UsernameKey};
use link::Link;
use memory::Memory;
pub use policy::{Jitter, LeaseCheck, Mode, Options, Policy};
pub use read::{Fetch, Read, Source};
pub use resolve::Begun;
use shared::Shared;

/// Names an entry and says what is in it.
pub trait CacheKey: Clone + Send + Sync + 'static {
    /// What the entry holds.
    type Value: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The version of the value's JSON; entries of other versions are misses.
    const SCHEMA: u32;
    /// The entry's name, which is its key in Redis, starting with its name space: for
    /// example `bettermode:member:ID`. It holds no e-mail address, and belongs to one
    /// type of key alone.
    fn name(&self) -> String;
}

/// Why the cache could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Redis did not answer, or refused.
    #[error(
        "redis failed while {attempted}; check REDIS_URL, and that redis runs and has memory left"
    )]
    Unavailable {
        /// What was attempted.
        attempted: &'static str,
        /// What Redis or the connection said.
        #[source]
        source: ::redis::RedisError,
    },
    /// The value has no JSON form.
    #[error("failed to encode a value for the cache")]
    Encode(#[source] serde_json::Error),
}

/// The copies, in memory and in Redis; cheap to clone.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    memory: Memory,
    shared: Option<Shared>,
    link: Link,
    waiters: Waiters,
    flights: Flights,
    policy: Policy,
    clock: SharedClock,
    tasks: Tasks,
    closed: CancellationToken,
    /// Where somebody traces.
    causes: Option<Causes>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("kind", &self.kind())
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

impl Cache {
    /// With about `max_bytes` of memory, 0 for none, and Redis where there is a link to
    /// one. `tasks` runs what goes on behind readers' backs.
    #[must_use]
    pub fn new(
        redis: Option<RedisLink>,
        max_bytes: u64,
        policy: Policy,
        clock: SharedClock,
        tasks: Tasks,
    ) -> Self {
        let link = if redis.is_some() {
            Link::lost()
        } else {
            Link::alone()
        };
        Self(Arc::new(Inner {
            memory: Memory::new(max_bytes),
            shared: redis.map(Shared::new),
            link,
            waiters: Waiters::default(),
            flights: Flights::default(),
            policy,
            clock,
            tasks,
            closed: CancellationToken::new(),
            causes: None,
        }))
    }

    /// The same, with spans of fills. To be called before it is cloned.
    #[must_use]
    pub fn traced(mut self, traces: Option<&Tracer>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.causes = traces.cloned().map(Causes::new);
        }
        self
    }

    /// Takes in what other replicas invalidate, until [`close`](Self::close). Without
    /// Redis there is nothing to hear.
    pub async fn listen(self) {
        let Some(shared) = self.0.shared.clone() else {
            return;
        };
        let closed = self.0.closed.clone();
        tokio::select! {
            () = channel::listen(&self.0, &shared) => {}
            () = closed.cancelled() => {}
        }
    }

    /// Ends [`listen`](Self::listen). Call it when no read comes any more: what is in
    /// memory is not told of changes from then on.
    pub fn close(&self) {
        self.0.closed.cancel();
    }

    /// Where the shared copies are: `redis`, or `memory` where nothing is shared.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0.shared {
            Some(_) => "redis",
            None => "memory",
        }
    }

    #[cfg(test)]
    fn memory_size(&self) -> (usize, u64) {
        self.0.memory.size()
    }

    /// Asks Redis whether it is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        match &self.0.shared {
            Some(shared) => shared.ping().await,
            None => Ok(()),
        }
    }

    /// Drops every copy of the entry, in memory, in Redis and in the other replicas, and
    /// shuts out every fill that has begun.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Redis does not answer: it and other replicas may then
    /// serve the old value until its time is over. Calling again is safe.
    pub async fn invalidate<K: CacheKey>(&self, key: &K) -> Result<(), Error> {
        let name = key.name();
        let cause = self.0.causes.as_ref().and_then(|it| it.note(&name));
        self.0.drop_here(&name);
        let Some(shared) = &self.0.shared else {
            return Ok(());
        };
        if let Some(cause) = cause {
            // Before the news itself, so that nobody fills in between. It may be lost.
            let _told = shared.tell_cause(&name, cause).await;
        }
        let buried = shared.bury(&name).await;
        // Work that began meanwhile may have seen Redis before the tombstone.
        self.0.drop_here(&name);
        buried
    }

    /// When BetterMode answered with the newest copy, if there is one.
    pub async fn copy_from<K: CacheKey>(&self, key: &K) -> Option<Timestamp> {
        let name = key.name();
        let held = self.0.memory.get::<K::Value>(&name);
        let held = held.map(|held| held.life.fetched_at);
        let Some(shared) = &self.0.shared else {
            return held;
        };
        let raw = shared.get(&name).await.ok()?.raw;
        let found = raw.and_then(|raw| entry::decode::<K::Value>(&raw, K::SCHEMA));
        held.max(found.map(|(_, fetched_at)| fetched_at))
    }
}

impl Inner {
    /// Drops the copy in this process, and shuts out fills and readers of what has begun.
    fn drop_here(&self, name: &str) {
        self.memory.invalidate(name);
        self.flights.close(name);
    }
}
