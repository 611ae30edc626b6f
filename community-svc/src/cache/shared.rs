//! Copies in Redis, for every replica. Every operation touches one key, so it works on
//! a cluster as it is.
//!
//! A fill that began before an invalidation never lands after it: it compares and sets
//! on the one key, where the invalidation left a tombstone. A Redis that loses writes
//! (evicts a tombstone for lack of memory, fails over to a replica that lags) can let
//! an old fill land; the entry's time to live bounds that.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use redis::{RedisError, Script, cmd};
use tokio::time::Instant;
use trace_kit::TraceParent;
use uuid::Uuid;

use super::channel::{CHANNEL, News};
use super::{Error, entry};
use crate::redis_link::RedisLink;

/// How long an invalidation is remembered, longer than any fill may take.
const TOMBSTONE_TTL: Duration = Duration::from_secs(60);

/// The oldest [`Expected`] that a fill may show; ten seconds short of the tombstone's
/// life, for a fill that is slow on its way to Redis.
const FILL_WINDOW: Duration = Duration::from_secs(50);

/// How long one replica may take to fetch before another one tries.
pub(super) const LEASE_TTL: Duration = Duration::from_secs(5);

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

/// Writes the tombstone `ARGV[1]` for `ARGV[2]` s and tells the channel `ARGV[3]`.
static BURY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
         redis.call('PUBLISH', ARGV[3], ARGV[4])",
    )
});

/// Gives up the lease that `ARGV[1]` holds and tells the channel `ARGV[2]`.
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
         redis.call('PUBLISH', ARGV[2], ARGV[3])",
    )
});

/// What must still be under the key when a fill lands, and since when it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// `None`: nothing. Else a tombstone, or an entry that cannot be used.
    raw: Option<Bytes>,
    since: Instant,
}

impl Expected {
    /// For a place that was not looked at.
    pub(super) fn nothing() -> Self {
        Self {
            raw: None,
            since: Instant::now(),
        }
    }
}

/// What a look-up found.
#[derive(Debug)]
pub(super) struct Looked {
    /// The bytes, where there are any.
    pub(super) raw: Option<Bytes>,
    /// What a fill must show.
    pub(super) expected: Expected,
}

/// A handle to the shared copies; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    link: RedisLink,
    /// Who we are to the other replicas.
    origin: Uuid,
}

impl Shared {
    pub(super) fn new(link: RedisLink) -> Self {
        let origin = Uuid::new_v4();
        Self { link, origin }
    }

    pub(super) fn link(&self) -> &RedisLink {
        &self.link
    }

    pub(super) async fn ping(&self) -> Result<(), Error> {
        self.link
            .ping()
            .await
            .map_err(failed("asking for a sign of life"))
    }

    pub(super) async fn get(&self, name: &str) -> Result<Looked, Error> {
        // Before the read: an invalidation after it must find the fill too old at the
        // latest when its tombstone goes.
        let since = Instant::now();
        let found: Result<Option<Vec<u8>>, _> = self.link.command(cmd("GET").arg(name)).await;
        let raw = match found {
            Ok(raw) => raw.map(Bytes::from),
            Err(error) if error.code() == Some("WRONGTYPE") => {
                self.link
                    .script::<()>(&DISCARD.key(name))
                    .await
                    .map_err(failed("removing a key of a foreign type"))?;
                None
            }
            Err(error) => return Err(failed("reading an entry")(error)),
        };
        let expected = Expected {
            raw: raw.clone(),
            since,
        };
        Ok(Looked { raw, expected })
    }

    /// Stores `raw` for `ttl`, and says whether it landed. It does not when, since the
    /// look-up, the entry was filled or invalidated, or too much time passed to know:
    /// 50 s, or half of `shortest`, the shortest life of an entry (by then a newer one
    /// can have come and gone).
    pub(super) async fn fill(
        &self,
        name: &str,
        expected: Expected,
        raw: &Bytes,
        ttl: Duration,
        shortest: Duration,
    ) -> Result<bool, Error> {
        if expected.since.elapsed() >= FILL_WINDOW.min(shortest / 2) {
            return Ok(false);
        }
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        match expected.raw {
            None => {
                let mut set = cmd("SET");
                set.arg(name).arg(&raw[..]).arg("NX").arg("PX").arg(millis);
                self.link.command(&set).await
            }
            Some(old) => {
                let mut script = REPLACE.key(name);
                script.arg(&old[..]).arg(&raw[..]).arg(millis);
                self.link.script(&script).await
            }
        }
        .map_err(failed("storing an entry"))
    }

    /// Removes the entry, shuts out every fill that has begun, and tells the replicas.
    pub(super) async fn bury(&self, name: &str) -> Result<(), Error> {
        let mut script = BURY.key(name);
        script.arg(&entry::tombstone(Uuid::new_v4())[..]);
        script.arg(TOMBSTONE_TTL.as_secs()).arg(CHANNEL);
        script.arg(News::Dropped(name).text(self.origin));
        self.link
            .script(&script)
            .await
            .map_err(failed("invalidating an entry"))
    }

    /// Whether this is us.
    pub(super) fn is(&self, origin: Uuid) -> bool {
        self.origin == origin
    }

    /// Tells the replicas why an entry is about to be invalidated.
    pub(super) async fn tell_cause(&self, name: &str, cause: TraceParent) -> Result<(), Error> {
        let mut publish = cmd("PUBLISH");
        publish.arg(CHANNEL);
        publish.arg(News::Cause(name, cause).text(self.origin));
        self.link
            .command(&publish)
            .await
            .map_err(failed("telling the replicas"))
    }

    /// As [`bury`](Self::bury), and nobody is told.
    #[cfg(test)]
    pub(super) async fn bury_in_silence(&self, name: &str) {
        let mut set = cmd("SET");
        set.arg(name).arg(&entry::tombstone(Uuid::new_v4())[..]);
        self.link
            .command::<()>(set.arg("EX").arg(60))
            .await
            .unwrap();
    }

    /// The right to fetch for all replicas; `None` while another one has it.
    pub(super) async fn acquire(&self, name: &str) -> Result<Option<Uuid>, Error> {
        let holder = Uuid::new_v4();
        let mut set = cmd("SET");
        set.arg(lease_key(name)).arg(holder.to_string()).arg("NX");
        set.arg("PX").arg(LEASE_TTL.as_secs() * 1000);
        let acquired: bool = self
            .link
            .command(&set)
            .await
            .map_err(failed("asking for a lease"))?;
        Ok(acquired.then_some(holder))
    }

    /// Gives the right back and wakes who waits for it.
    pub(super) async fn release(
        &self,
        name: &str,
        holder: Uuid,
        brought: Option<Timestamp>,
    ) -> Result<(), Error> {
        let key = lease_key(name);
        let mut script = RELEASE.key(&key);
        script.arg(holder.to_string()).arg(CHANNEL);
        script.arg(News::Released(name, brought).text(self.origin));
        self.link
            .script(&script)
            .await
            .map_err(failed("giving back a lease"))
    }

    /// Sends a sign of life through the channel, to ourselves.
    pub(super) async fn beat(&self) -> Result<(), Error> {
        let mut publish = cmd("PUBLISH");
        publish.arg(CHANNEL).arg(News::Beat.text(self.origin));
        self.link
            .command(&publish)
            .await
            .map_err(failed("telling the replicas"))
    }
}

/// `bettermode:lease:member:ID` for `bettermode:member:ID`.
fn lease_key(name: &str) -> String {
    let rest = name.strip_prefix("bettermode:").unwrap_or(name);
    format!("bettermode:lease:{rest}")
}

fn failed(attempted: &'static str) -> impl Fn(RedisError) -> Error {
    move |source| Error::Unavailable { attempted, source }
}
