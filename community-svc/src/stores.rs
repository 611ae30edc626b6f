//! Which stores stand behind the ports: Redis and MongoDB by their URLs, else
//! embedded ones.

use std::sync::Arc;

use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;

use crate::cache::Cache;
use crate::config::Config;
use crate::events::SharedEventStore;
use crate::rate_limit::Limiter;
