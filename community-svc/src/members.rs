//! Members: read through the cache; listed, changed and invited at BetterMode.
//!
//! A webhook about a member drops the copies, here and in every replica.

use std::sync::Arc;

use bettermode::{Class, Email, Member, MemberId, MemberRef};
use futures::FutureExt as _;
use jiff::Timestamp;
use service_kit::tasks::Tasks;

use crate::cache::{
    self, Cache, CacheKey, EmailKey, MemberKey, Mode, Options, Source, UsernameKey,
};
use crate::error::{Call, Error};
use crate::metrics::Metrics;
use crate::rate_limit::Limiter;
use crate::upstream::Upstream;

mod batches;
mod invite;
mod list;
mod pace;
mod update;

use batches::Batches;
pub use invite::Invited;

/// A member and where the copy came from.
pub type Read = cache::Read<Member>;

/// A member who has changed, as far as an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Who.
    pub id: MemberId,
    /// The user name now.
    pub username: Option<String>,
    /// The address now.
    pub email: Option<Email>,
}

/// Reads members; cheap to clone.
#[derive(Debug, Clone)]
pub struct Members {
    upstream: Upstream,
    batches: Batches,
    cache: Cache,
    metrics: Metrics,
}

impl Members {
    /// Over this upstream and cache; `tasks` runs what gathers reads, at the pace that
    /// `limiter` allows.
    #[must_use]
    pub fn new(
        upstream: Upstream,
        limiter: Arc<Limiter>,
        cache: Cache,
        tasks: &Tasks,
        metrics: Metrics,
    ) -> Self {
        Self {
            batches: Batches::new(upstream.clone(), limiter, tasks),
            upstream,
            cache,
            metrics,
        }
    }

    /// The member with this id, when a fresh copy is in memory: no await, no round trip.
    #[must_use]
    pub fn in_memory(&self, key: &MemberKey, options: &Options) -> Option<Read> {
        let read = self.cache.peek(key, options)?;
        read.value()?;
        self.count(&read);
        Some(read)
    }

    /// The member with this id.
    ///
    /// # Errors
    /// [`Error::MemberNotFound`], [`Error::NotCached`], or what went wrong on the way.
    pub async fn by_id(&self, key: &MemberKey, options: &Options) -> Result<Read, Error> {
        let (batches, id) = (self.batches.clone(), key.0.clone());
        let fetch = move |class: Class| {
            let (batches, id) = (batches.clone(), id.clone());
            async move { batches.read(id, class).await }.boxed()
        };
        let read = self.cache.read(key, options, fetch).await?;
        self.found(read, "id")
    }

    /// The member with this user name.
    ///
    /// # Errors
    /// As [`by_id`](Self::by_id).
    pub async fn by_username(&self, name: &str, options: &Options) -> Result<Read, Error> {
        let still = |member: &Member| member.username.eq_ignore_ascii_case(name);
        let wanted = name.to_owned();
        let ask = move |upstream: Upstream, class: Class| {
            let wanted = wanted.clone();
            async move {
                let client = upstream.client().for_class(class);
                let found = client.member(MemberRef::Username(&wanted)).await;
                upstream.settle(Call::member("username"), found)
            }
            .boxed()
        };
        self.by_index(UsernameKey::new(name), "username", options, still, ask)
            .await
    }

    /// The member with this e-mail address.
    ///
    /// # Errors
    /// As [`by_id`](Self::by_id), and [`Error::EmailNotVisible`].
    pub async fn by_email(&self, email: &Email, options: &Options) -> Result<Read, Error> {
        let still = |member: &Member| {
            let address = member.email.as_deref();
            address
                .and_then(|address| Email::parse(address).ok())
                .as_ref()
                == Some(email)
        };
        let wanted = email.clone();
        let ask = move |upstream: Upstream, class: Class| {
            let wanted = wanted.clone();
            async move {
                let client = upstream.client().for_class(class);
                let found = client.member_by_email(&wanted).await;
                upstream.settle(Call::member("e-mail address"), found)
            }
            .boxed()
        };
        self.by_index(EmailKey::new(email), "e-mail address", options, still, ask)
            .await
    }

    /// Drops the copies of a member who has changed. A read that is under way does not
    /// bring the old copy back.
    pub async fn forget(&self, id: &MemberId) {
        if let Err(error) = self.invalidate(id).await {
            tracing::warn!(%error, "could not drop a member from the cache; the copy lives out its time");
        }
    }

    /// Drops the copies of a member, and keeps a fill that is on its way out.
    ///
    /// # Errors
    /// When Redis does not answer; call again.
    pub async fn invalidate(&self, id: &MemberId) -> Result<(), cache::Error> {
        self.cache.invalidate(&MemberKey(id.clone())).await
    }

    /// Drops the copies of a member, and what is known of who has the name and address.
    ///
    /// # Errors
    /// When Redis does not answer; call again.
    pub async fn invalidate_all(&self, changed: &Changed) -> Result<(), cache::Error> {
        self.invalidate(&changed.id).await?;
        if let Some(name) = &changed.username {
            self.cache.invalidate(&UsernameKey::new(name)).await?;
        }
        if let Some(email) = &changed.email {
            self.cache.invalidate(&EmailKey::new(email)).await?;
        }
        Ok(())
    }

    /// When the newest copy of a member was fetched, if there is one.
    pub(crate) async fn copy_from(&self, id: &MemberId) -> Option<Timestamp> {
        self.cache.copy_from(&MemberKey(id.clone())).await
    }

    /// Through an index entry (name or address to id) to the member. The entry may be out
    /// of date, so the member found must still match; else BetterMode is asked past it.
    async fn by_index<K, A>(
        &self,
        index: K,
        by: &'static str,
        options: &Options,
        still: impl Fn(&Member) -> bool,
        ask: A,
    ) -> Result<Read, Error>
    where
        K: CacheKey<Value = MemberId>,
        A: Fn(Upstream, Class) -> futures::future::BoxFuture<'static, Result<Member, Error>>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let (cache, upstream) = (self.cache.clone(), self.upstream.clone());
        let fetch = move |class: Class| {
            let (cache, upstream, ask) = (cache.clone(), upstream.clone(), ask.clone());
            async move {
                // The answer is the member as well: keep that too.
                let begun = cache.begin();
                match ask(upstream, class).await {
                    Ok(member) => {
                        let id = member.id.clone();
                        cache.put(&MemberKey(id.clone()), begun, member).await;
                        Ok(Some(id))
                    }
                    Err(Error::MemberNotFound { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        let mut options = *options;
        loop {
            let entry = self.cache.read(&index, &options, fetch.clone()).await?;
            let Some(id) = entry.value().cloned() else {
                return Err(Error::MemberNotFound { by });
            };
            let asked_now = entry.source == Source::BetterMode;
            // Asked just now, the member was kept just now.
            let of_member = Options {
                mode: if asked_now {
                    Mode::Default
                } else {
                    options.mode
                },
                ..options
            };
            let mut read = self.by_id(&MemberKey(id), &of_member).await?;
            if read.value().is_some_and(&still) {
                if asked_now {
                    read.source = Source::BetterMode;
                }
                return Ok(read);
            }
            // One of the two is out of date; which one, only BetterMode knows.
            if options.mode == Mode::Only {
                return Err(Error::NotCached);
            }
            self.drop_index(&index).await;
            if let Some(member) = read.value() {
                self.forget(&member.id).await;
            }
            if options.mode == Mode::Bypass {
                return Err(Error::MemberNotFound { by });
            }
            options.mode = Mode::Bypass;
        }
    }

    async fn drop_index<K: CacheKey>(&self, index: &K) {
        if let Err(error) = self.cache.invalidate(index).await {
            tracing::debug!(%error, "the cache kept an index entry that is out of date");
        }
    }

    fn found(&self, read: Read, by: &'static str) -> Result<Read, Error> {
        if read.value().is_none() {
            return Err(Error::MemberNotFound { by });
        }
        self.count(&read);
        Ok(read)
    }

    fn count(&self, read: &Read) {
        self.metrics.member_read(match read.source {
            Source::Memory => "memory",
            Source::Redis => "redis",
            Source::BetterMode => "bettermode",
        });
    }
}
