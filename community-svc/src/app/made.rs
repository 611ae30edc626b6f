//! Every part of a service but its ports.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use trace_kit::Exporting;

use super::background::Background;
use super::{Error, client_over, parts, register, traces, transport};
use crate::cache::Cache;
use crate::callers::Watched as WatchedFile;
use crate::config::Config;
use crate::ground::Ground;
use crate::health::Health;
use crate::metrics::{BreakerMetric, Metrics};
use crate::server::Parts;
use crate::stores::Stores;
use crate::upstream::Upstream;

pub(super) struct Made {
    pub(super) registry: Registry,
    pub(super) metrics: Metrics,
    pub(super) parts: Parts,
    pub(super) health: Health,
    pub(super) upstream: Upstream,
    pub(super) cache: Cache,
    pub(super) background: Background,
    pub(super) callers: Option<WatchedFile>,
    pub(super) exporting: Option<Exporting>,
}

impl Made {
    pub(super) fn new(
        config: &Config,
        ground: Ground,
        (clock, tasks, shutdown): (SharedClock, &Tasks, &Shutdown),
    ) -> Result<Self, Error> {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let (traces, exporting) = traces::start(config, &clock, tasks, &mut registry)?;
        let spans = traces.as_ref();
        let stores = Stores::open(config, &ground, &clock, tasks, spans)?;
        let (usual, credentials) = transport(&config.bettermode);
        let way = (ground.transport.or(usual), credentials);
        let client = client_over(&config.bettermode, way, &stores.limiter, &clock, spans)?;
        let upstream = Upstream::new(client, Arc::clone(&clock), metrics.clone());
        registry.register_collector(Box::new(BreakerMetric::new(upstream.clone())));
        let (register, callers) = register(&config.door);
        let cache = stores.cache.clone();
        let process = (clock, tasks, shutdown, traces);
        let (parts, health, background) = parts(
            config,
            register,
            stores,
            &upstream,
            process,
            metrics.clone(),
        );
        Ok(Self {
            registry,
            metrics,
            parts,
            health,
            upstream,
            cache,
            background,
            callers,
            exporting,
        })
    }
}
