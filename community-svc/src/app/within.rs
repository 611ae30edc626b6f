//! A service inside another program, which brings its connections.

use std::sync::Arc;

use service_kit::clock::SharedClock;
use service_kit::ports::Listener;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use tonic_health::server::HealthReporter;

use super::made::Made;
use super::{Error, learn_capabilities, serving};
use crate::config::Config;
use crate::connections::{self, Closing, Limits, Port};
use crate::ground::Ground;
use crate::layers::Inbound;
use crate::metrics::Metrics;
use crate::services::Services;

/// A service without ports of its own: all that [`App`](super::App) runs but the admin
/// port, the console and what watches files.
pub struct Within {
    service: Inbound<Services>,
    reporter: HealthReporter,
    made: Rest,
    limits: Limits,
    tasks: Tasks,
    shutdown: Shutdown,
}

struct Rest {
    metrics: Metrics,
    health: crate::health::Health,
    upstream: crate::upstream::Upstream,
    cache: crate::cache::Cache,
    background: super::Background,
}

impl Within {
    /// Makes every part, on what `ground` says.
    ///
    /// # Errors
    /// [`Error`] when something is wrong that waiting would not mend.
    pub fn build(
        config: &Config,
        ground: Ground,
        clock: SharedClock,
        tasks: Tasks,
        shutdown: Shutdown,
    ) -> Result<Self, Error> {
        let made = Made::new(config, ground, (clock, &tasks, &shutdown))?;
        let (reporter, service) = serving(made.parts)?;
        Ok(Self {
            service,
            reporter,
            made: Rest {
                metrics: made.metrics,
                health: made.health,
                upstream: made.upstream,
                cache: made.cache,
                background: made.background,
            },
            limits: config.door.limits,
            tasks,
            shutdown,
        })
    }

    /// Serves what comes through `listener` until the shutdown drains; then cuts what is
    /// open.
    pub async fn run<L: Listener>(self, listener: L) {
        let (tasks, shutdown, made) = (self.tasks, self.shutdown, self.made);
        tasks.spawn("health", made.health.watch(self.reporter, shutdown.clone()));
        made.background.spawn(&tasks, &shutdown);
        tasks.spawn("cache coherence", made.cache.clone().listen());
        tasks.spawn("capabilities", learn_capabilities(made.upstream));
        let port = Port {
            listener,
            tls: None,
            limits: self.limits,
            metrics: made.metrics,
            random: Arc::new(|| 0.5),
        };
        let closing = Closing {
            gently: shutdown.draining().clone(),
            now: shutdown.draining().clone(),
        };
        connections::serve(port, self.service, closing, tasks).await;
        made.cache.close();
    }
}
