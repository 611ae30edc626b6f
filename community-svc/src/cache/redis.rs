//! Entries in Redis. Every operation touches one key, so it works on a cluster
//! as it is. A Redis that loses writes (evicts a tombstone for lack of memory,
//! fails over to a replica that lags) can let an old fill land; the entry's
//! time to live bounds that.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use redis::{RedisError, Script, cmd};

use super::{Error, Expected, TOMBSTONE_TTL};
use crate::redis_link::RedisLink;

/// Sets the key to `ARGV[2]` for `ARGV[3]` ms if it still holds `ARGV[1]`.
static REPLACE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});

/// Removes what is not ours: a key of another type than a string.
static DISCARD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('TYPE', KEYS[1]).ok == 'string' then return 0 end
         return redis.call('UNLINK', KEYS[1])",
    )
});

#[derive(Debug, Clone)]
pub(super) struct RedisStore {
    link: RedisLink,
}

impl RedisStore {
    pub(super) fn new(link: RedisLink) -> Self {
        Self { link }
    }

    pub(super) async fn ping(&self) -> Result<(), Error> {
        self.link
            .ping()
            .await
            .map_err(failed("asking for a sign of life"))
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        let found: Result<Option<Vec<u8>>, _> = self.link.command(cmd("GET").arg(key)).await;
        match found {
            Ok(raw) => Ok(raw.map(Bytes::from)),
            Err(error) if error.code() == Some("WRONGTYPE") => {
                self.link
                    .script::<()>(&DISCARD.key(key))
                    .await
                    .map_err(failed("removing a key of a foreign type"))?;
                Ok(None)
            }
            Err(error) => Err(failed("reading an entry")(error)),
        }
    }

    pub(super) async fn fill(
        &self,
        key: &str,
        expected: Expected,
        raw: Bytes,
        ttl: Duration,
    ) -> Result<bool, Error> {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        match expected {
            Expected::Absent => {
                let mut set = cmd("SET");
                set.arg(key).arg(&raw[..]).arg("NX").arg("PX").arg(millis);
                self.link.command(&set).await
            }
            Expected::Exactly(old) => {
                let mut script = REPLACE.key(key);
                script.arg(&old[..]).arg(&raw[..]).arg(millis);
                self.link.script(&script).await
            }
        }
        .map_err(failed("storing an entry"))
    }

    pub(super) async fn bury(&self, key: &str, tombstone: Bytes) -> Result<(), Error> {
        let mut set = cmd("SET");
        set.arg(key).arg(&tombstone[..]);
        set.arg("EX").arg(TOMBSTONE_TTL.as_secs());
        self.link
            .command(&set)
            .await
            .map_err(failed("invalidating an entry"))
    }

    #[cfg(test)]
    pub(super) fn link(&self) -> &RedisLink {
        &self.link
    }
}

fn failed(attempted: &'static str) -> impl Fn(RedisError) -> Error {
    move |source| Error::Unavailable { attempted, source }
}
