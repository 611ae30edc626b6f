//! What BetterMode answered, kept for a while: in Redis, or in process.
//!
//! A [`CacheKey`] ties a key to the type and schema version of its value, so an
//! entry of another version is a miss and not a mistake. A fill that began
//! before an invalidation never lands after it: a miss hands out a
//! [`FillToken`], and [`Cache::fill`] compares and sets on the one key.
//! It never calls BetterMode, and a caller treats every error as a miss.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rand::{Rng, RngExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use service_kit::clock::SharedClock;

use crate::redis_link::RedisLink;

#[cfg(test)]
mod contract_tests;
mod entry;
mod keys;
mod memory;
mod redis;

pub use keys::{EmailKey, MemberKey, UsernameKey};
use memory::MemoryStore;
use redis::RedisStore;

/// How long an invalidation is remembered, longer than any fill may take.
const TOMBSTONE_TTL: Duration = Duration::from_secs(60);

/// The oldest [`FillToken`] that is accepted; ten seconds short of the
/// tombstone's life, for a fill that is slow on its way to Redis.
const FILL_WINDOW: Duration = Duration::from_secs(50);

/// Names an entry and says what is in it.
pub trait CacheKey: Sync {
    /// What the entry holds.
    type Value: Serialize + DeserializeOwned + Send + Sync;
    /// The version of the value's JSON; entries of other versions are misses.
    const SCHEMA: u32;
    /// The key's text, starting with its name space, for example
    /// `bettermode:member:ID`. It holds no e-mail address.
    fn key(&self) -> String;
}

/// Why the cache could not be used; treat it as a miss.
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

/// What a look-up found.
#[derive(Debug)]
pub enum Lookup<V> {
    /// An entry.
    Hit {
        /// The value.
        value: V,
        /// When BetterMode answered with it, by the filling service's clock.
        fetched_at: Timestamp,
    },
    /// Nothing usable; fetch the value and bring the token to [`Cache::fill`].
    Miss(FillToken),
}

/// The right to fill an entry, valid while nobody else touched it.
#[derive(Debug, Clone)]
pub struct FillToken {
    expected: Expected,
    issued_at: Timestamp,
}

/// What must still be under the key when a fill lands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    /// Nothing.
    Absent,
    /// These bytes: a tombstone, or an entry that cannot be read.
    Exactly(Bytes),
}

/// The cache, in one of its two places; cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache {
    store: Store,
    clock: SharedClock,
}

#[derive(Debug, Clone)]
enum Store {
    Redis(RedisStore),
    Memory(MemoryStore),
}

impl Cache {
    /// A cache in Redis, shared by every replica.
    #[must_use]
    pub fn redis(link: RedisLink, clock: SharedClock) -> Self {
        Self {
            store: Store::Redis(RedisStore::new(link)),
            clock,
        }
    }

    /// A cache in this process, of about `max_bytes` bytes.
    #[must_use]
    pub fn memory(max_bytes: u64, clock: SharedClock) -> Self {
        Self {
            store: Store::Memory(MemoryStore::new(max_bytes, clock.clone())),
            clock,
        }
    }

    /// Where the entries are: `redis` or `memory`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.store {
            Store::Redis(_) => "redis",
            Store::Memory(_) => "memory",
        }
    }

    /// Asks the store whether it is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Redis does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        match &self.store {
            Store::Redis(store) => store.ping().await,
            Store::Memory(_) => Ok(()),
        }
    }

    /// Looks for the value of `key`. An entry that cannot be read, or of
    /// another schema version, is a miss; the fill replaces it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Redis does not answer.
    pub async fn lookup<K: CacheKey>(&self, key: &K) -> Result<Lookup<K::Value>, Error> {
        // Before the read: an invalidation after it must find the token too old
        // at the latest when its tombstone goes.
        let issued_at = self.clock.now();
        let raw = match &self.store {
            Store::Redis(store) => store.get(&key.key()).await?,
            Store::Memory(store) => store.get(&key.key()).await,
        };
        let Some(raw) = raw else {
            return Ok(Lookup::Miss(FillToken {
                expected: Expected::Absent,
                issued_at,
            }));
        };
        Ok(match entry::decode(&raw, K::SCHEMA) {
            Some((value, fetched_at)) => Lookup::Hit { value, fetched_at },
            None => Lookup::Miss(FillToken {
                expected: Expected::Exactly(raw),
                issued_at,
            }),
        })
    }

    /// The right to fill an entry whose key is only known after asking, such as the
    /// member that a search found. Take it before asking. It fills an empty place
    /// only, and an invalidation meanwhile leaves a tombstone there.
    #[must_use]
    pub fn begin(&self) -> FillToken {
        FillToken {
            expected: Expected::Absent,
            issued_at: self.clock.now(),
        }
    }

    /// Stores `value` for `ttl` and says whether it landed. It does not when,
    /// since the look-up that gave `token`, the entry was filled or invalidated,
    /// or too much time passed to know: 50 s, or half of `ttl` where that is
    /// less (by then a newer entry can have come and gone).
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Redis does not answer, [`Error::Encode`] when
    /// `value` has no JSON form.
    pub async fn fill<K: CacheKey>(
        &self,
        key: &K,
        token: FillToken,
        value: &K::Value,
        fetched_at: Timestamp,
        ttl: Duration,
    ) -> Result<bool, Error> {
        let age = Duration::try_from(self.clock.now().duration_since(token.issued_at));
        // A negative age: the clock was set back, so the age is not known.
        if age.is_ok_and(|age| age < FILL_WINDOW.min(ttl / 2)) {
            let raw = entry::encode(K::SCHEMA, fetched_at, value)?;
            match &self.store {
                Store::Redis(store) => store.fill(&key.key(), token.expected, raw, ttl).await,
                Store::Memory(store) => Ok(store.fill(key.key(), token.expected, raw, ttl).await),
            }
        } else {
            Ok(false)
        }
    }

    /// Removes the value of `key` and shuts out every fill that has begun.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Redis does not answer: the old value may then
    /// be served until its time is over. Calling again is safe.
    pub async fn invalidate<K: CacheKey>(&self, key: &K) -> Result<(), Error> {
        let tombstone = entry::tombstone(uuid::Uuid::new_v4());
        match &self.store {
            Store::Redis(store) => store.bury(&key.key(), tombstone).await,
            Store::Memory(store) => {
                store.bury(key.key(), tombstone).await;
                Ok(())
            }
        }
    }
}

/// `ttl`, more or less by up to a tenth, so that entries that came together do
/// not go together.
pub fn jittered(ttl: Duration, rng: &mut impl Rng) -> Duration {
    ttl.mul_f64(rng.random_range(0.9..=1.1))
}
