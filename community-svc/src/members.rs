//! Reading members through the cache.
//!
//! A miss asks BetterMode once and fills the cache; a webhook about a member drops
//! the copy. A cache that does not answer counts as a miss: reads go on without it.

use std::sync::Arc;
use std::time::Duration;

use bettermode::{Email, Member, MemberId, MemberRef};
use jiff::Timestamp;
use service_kit::clock::SharedClock;

use crate::cache::{self, Cache, CacheKey, EmailKey, FillToken, Lookup, MemberKey, UsernameKey};
use crate::error::{Call, Error};
use crate::metrics::Metrics;
use crate::upstream::Upstream;

/// Where a member was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The cache in this process.
    Memory,
    /// The cache that replicas share.
    Redis,
    /// BetterMode itself.
    BetterMode,
}

/// A member and how old the copy is.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The member.
    pub member: Member,
    /// Where this read found it.
    pub source: Source,
    /// When BetterMode answered with it.
    pub fetched_at: Timestamp,
}

/// How long the next copy is served; varies a little, so that copies that came
/// together do not go together.
pub type Ttl = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Reads members; cheap to clone.
#[derive(Clone)]
pub struct Members {
    upstream: Upstream,
    cache: Cache,
    clock: SharedClock,
    metrics: Metrics,
    ttl: Ttl,
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Members")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Members {
    /// Over this upstream and cache.
    #[must_use]
    pub fn new(
        upstream: Upstream,
        cache: Cache,
        (clock, ttl): (SharedClock, Ttl),
        metrics: Metrics,
    ) -> Self {
        Self {
            upstream,
            cache,
            clock,
            metrics,
            ttl,
        }
    }

    /// The member with this id.
    ///
    /// # Errors
    /// [`Error::MemberNotFound`], or what went wrong on the way.
    pub async fn by_id(&self, id: &MemberId) -> Result<Read, Error> {
        let key = MemberKey(id);
        let token = match self.cached(&key).await {
            Ok(read) => return Ok(self.counted(read)),
            Err(token) => token,
        };
        let found = self.upstream.client().member(MemberRef::Id(id)).await;
        let member = self.upstream.settle(Call::member("id"), found)?;
        let read = self.fresh(member);
        // An answer about somebody else must not be kept under this id.
        if let Some(token) = token
            && read.member.id == *id
        {
            self.fill(&key, token, &read.member, &read).await;
        }
        Ok(self.counted(read))
    }

    /// The member with this user name.
    ///
    /// # Errors
    /// As [`by_id`](Self::by_id).
    pub async fn by_username(&self, name: &str) -> Result<Read, Error> {
        let index = UsernameKey::new(name);
        let still = |member: &Member| member.username.eq_ignore_ascii_case(name);
        self.by_index(&index, still, async {
            let found = self
                .upstream
                .client()
                .member(MemberRef::Username(name))
                .await;
            self.upstream.settle(Call::member("username"), found)
        })
        .await
    }

    /// The member with this e-mail address.
    ///
    /// # Errors
    /// As [`by_id`](Self::by_id), and [`Error::EmailNotVisible`].
    pub async fn by_email(&self, email: &Email) -> Result<Read, Error> {
        let index = EmailKey::new(email);
        let still = |member: &Member| {
            member
                .email
                .as_deref()
                .and_then(|address| Email::parse(address).ok())
                .as_ref()
                == Some(email)
        };
        self.by_index(&index, still, async {
            let found = self.upstream.client().member_by_email(email).await;
            self.upstream.settle(Call::member("e-mail address"), found)
        })
        .await
    }

    /// Drops the copy of a member who has changed. A read that is under way does not
    /// bring the old copy back.
    pub async fn forget(&self, id: &MemberId) {
        if let Err(error) = self.invalidate(id).await {
            tracing::warn!(%error, "could not drop a member from the cache; the copy lives out its time");
        }
    }

    /// Drops the copy of a member, and keeps a fill that is on its way out.
    ///
    /// # Errors
    /// When the cache does not answer; call again.
    pub async fn invalidate(&self, id: &MemberId) -> Result<(), cache::Error> {
        self.cache.invalidate(&MemberKey(id)).await
    }

    /// When the copy of a member that is in the cache was fetched, if there is one.
    pub(crate) async fn copy_from(&self, id: &MemberId) -> Option<Timestamp> {
        match self.cache.lookup(&MemberKey(id)).await {
            Ok(Lookup::Hit { fetched_at, .. }) => Some(fetched_at),
            _ => None,
        }
    }

    /// Through an index entry (name or address to id) to the member. The entry may
    /// be out of date, so the member found must still match.
    async fn by_index<K>(
        &self,
        index: &K,
        still: impl Fn(&Member) -> bool,
        ask: impl Future<Output = Result<Member, Error>>,
    ) -> Result<Read, Error>
    where
        K: CacheKey<Value = MemberId>,
    {
        let mut index_token = None;
        match self.lookup(index).await {
            Ok((id, ..)) => match self.cached(&MemberKey(&id)).await {
                Ok(read) if still(&read.member) => return Ok(self.counted(read)),
                Ok(read) => {
                    // One of the two is out of date; which one, only BetterMode knows.
                    self.drop_index(index).await;
                    self.forget(&read.member.id).await;
                }
                Err(_) => {}
            },
            Err(token) => index_token = token,
        }
        let token = self.cache.begin();
        let read = self.fresh(ask.await?);
        if let Some(token) = index_token {
            self.fill(index, token, &read.member.id, &read).await;
        }
        let key = MemberKey(&read.member.id);
        self.fill(&key, token, &read.member, &read).await;
        Ok(self.counted(read))
    }

    async fn cached(&self, key: &MemberKey<'_>) -> Result<Read, Option<FillToken>> {
        let (member, fetched_at) = self.lookup(key).await?;
        Ok(Read {
            member,
            source: self.source(),
            fetched_at,
        })
    }

    /// The value, or what a fill must show; nothing when the cache does not answer.
    async fn lookup<K: CacheKey>(
        &self,
        key: &K,
    ) -> Result<(K::Value, Timestamp), Option<FillToken>> {
        match self.cache.lookup(key).await {
            Ok(Lookup::Hit { value, fetched_at }) => Ok((value, fetched_at)),
            Ok(Lookup::Miss(token)) => Err(Some(token)),
            Err(error) => {
                tracing::debug!(%error, "the cache did not answer; reading on without it");
                Err(None)
            }
        }
    }

    async fn fill<K: CacheKey>(&self, key: &K, token: FillToken, value: &K::Value, read: &Read) {
        let filled = self
            .cache
            .fill(key, token, value, read.fetched_at, (self.ttl)())
            .await;
        match filled {
            Ok(true) => {}
            Ok(false) => tracing::debug!("a fill lost to a newer change"),
            Err(error) => tracing::debug!(%error, "the cache took no fill"),
        }
    }

    async fn drop_index<K: CacheKey>(&self, index: &K) {
        if let Err(error) = self.cache.invalidate(index).await {
            tracing::debug!(%error, "the cache kept an index entry that is out of date");
        }
    }

    fn source(&self) -> Source {
        match self.cache.kind() {
            "redis" => Source::Redis,
            _ => Source::Memory,
        }
    }

    fn fresh(&self, member: Member) -> Read {
        Read {
            member,
            source: Source::BetterMode,
            fetched_at: self.clock.now(),
        }
    }

    fn counted(&self, read: Read) -> Read {
        self.metrics.member_read(match read.source {
            Source::Memory => "memory",
            Source::Redis => "redis",
            Source::BetterMode => "bettermode",
        });
        read
    }
}
