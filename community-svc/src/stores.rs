//! Which stores stand behind the ports: Redis and MongoDB by their URLs, else
//! embedded ones. None of them is waited for.

use std::sync::Arc;

use rand::RngExt as _;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use trace_kit::Tracer;

use crate::activities::{MongoActivities, Retention, SharedActivityStore, SqliteActivities};
use crate::cache::{Cache, Policy};
use crate::caller_limits::CallerLimits;
use crate::community_members::{MongoCommunityMembers, SharedMemberStore, SqliteCommunityMembers};
use crate::config::{CacheConfig, Config};
use crate::events::{self, SharedEventStore};
use crate::ground::Ground;
use crate::rate_limit::Limiter;
use crate::redis_link::{AddressError, RedisLink};
use crate::writes::{MongoWrites, SharedWriteStore, SqliteWrites};

mod error;
pub mod mongo;
pub mod sqlite;

pub use error::StoreError;
pub use mongo::MongoLink;
pub use sqlite::SqliteFile;

/// BetterMode has one endpoint, and so one budget.
const ENDPOINT: &str = "graphql";

/// Why a store cannot be used, now or later.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none.
    #[error(transparent)]
    Redis(#[from] AddressError),
    /// The address is none, or the file cannot be opened.
    #[error(transparent)]
    Events(#[from] StoreError),
}

/// The stores of one process.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) cache: Cache,
    pub(crate) limiter: Arc<Limiter>,
    /// What one caller may call; `None` sets no limit.
    pub(crate) of_one_caller: Option<CallerLimits>,
    pub(crate) events: SharedEventStore,
    pub(crate) members: SharedMemberStore,
    pub(crate) activities: SharedActivityStore,
    pub(crate) writes: SharedWriteStore,
}

impl Stores {
    /// Makes the stores that the settings name.
    pub(crate) fn open(
        config: &Config,
        ground: &Ground,
        clock: &SharedClock,
        tasks: &Tasks,
        traces: Option<&Tracer>,
    ) -> Result<Self, Error> {
        let budget = config.bettermode.budget;
        let redis = match &config.cache.redis_url {
            Some(url) => Some(RedisLink::new(url)?),
            None => None,
        };
        let limiter = match &redis {
            Some(link) => Limiter::redis(budget, link.clone(), ENDPOINT),
            None => Limiter::memory(budget),
        };
        let of_one_caller = CallerLimits::new(config.door.of_one_caller, redis.clone());
        let cache = Cache::new(
            redis,
            config.cache.max_bytes,
            policy(&config.cache, ground),
            Arc::clone(clock),
            tasks.clone(),
        )
        .traced(traces);
        let (events, members, activities, writes) = lasting(config, ground, clock)?;
        Ok(Self {
            cache,
            limiter: Arc::new(limiter),
            of_one_caller,
            events,
            members,
            activities,
            writes,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn policy(config: &CacheConfig, ground: &Ground) -> Policy {
    Policy {
        fresh_for: config.member_ttl,
        serve_for: config.member_max_age,
        not_found_for: config.not_found_ttl,
        jitter: Arc::new(|| rand::rng().random_range(0.9..=1.1)),
        lease_check: ground.lease_check,
    }
}

type Lasting = (
    SharedEventStore,
    SharedMemberStore,
    SharedActivityStore,
    SharedWriteStore,
);

/// What must outlive the process, all of it in one place.
fn lasting(config: &Config, ground: &Ground, clock: &SharedClock) -> Result<Lasting, StoreError> {
    let window = config.writes.window;
    let config = &config.events;
    let retention = Retention::days(config.activity_days);
    let clock = || Arc::clone(clock);
    if let Some(uri) = &config.mongodb_uri {
        let link = MongoLink::new(uri, &config.mongodb_database)?;
        return Ok((
            Arc::new(events::MongoStore::new(link.clone(), clock())),
            Arc::new(MongoCommunityMembers::new(link.clone(), clock())),
            Arc::new(MongoActivities::new(link.clone(), clock(), retention)),
            Arc::new(MongoWrites::new(link, window)),
        ));
    }
    let file = SqliteFile::open_on(&config.data_dir, &ground.blocking)?;
    Ok((
        Arc::new(events::SqliteStore::new(file.clone(), clock())),
        Arc::new(SqliteCommunityMembers::new(file.clone(), clock())),
        Arc::new(SqliteActivities::new(file.clone(), clock(), retention)),
        Arc::new(SqliteWrites::new(file, clock(), window)),
    ))
}
