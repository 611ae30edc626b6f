//! Which stores stand behind the ports: Redis and MongoDB by their URLs, else
//! embedded ones. None of them is waited for.

use std::sync::Arc;

use service_kit::clock::SharedClock;

use crate::cache::Cache;
use crate::config::Config;
use crate::events::{self, SharedEventStore};
use crate::rate_limit::Limiter;
use crate::redis_link::{AddressError, RedisLink};

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
    pub(crate) events: SharedEventStore,
}

impl Stores {
    /// Makes the stores that the settings name.
    pub(crate) fn open(config: &Config, clock: &SharedClock) -> Result<Self, Error> {
        let budget = config.bettermode.budget;
        let (cache, limiter) = match &config.cache.redis_url {
            Some(url) => {
                let link = RedisLink::new(url)?;
                (
                    Cache::redis(link.clone(), Arc::clone(clock)),
                    Limiter::redis(budget, link, ENDPOINT),
                )
            }
            None => (
                Cache::memory(config.cache.max_bytes, Arc::clone(clock)),
                Limiter::memory(budget),
            ),
        };
        let events: SharedEventStore = match &config.events.mongodb_uri {
            Some(uri) => {
                let link = MongoLink::new(uri, &config.events.mongodb_database)?;
                Arc::new(events::MongoStore::new(link, Arc::clone(clock)))
            }
            None => {
                let file = SqliteFile::open(&config.events.data_dir)?;
                Arc::new(events::SqliteStore::new(file, Arc::clone(clock)))
            }
        };
        Ok(Self {
            cache,
            limiter: Arc::new(limiter),
            events,
        })
    }
}
