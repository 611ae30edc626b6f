//! Who counts, and who traces.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use rand::RngExt as _;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use trace_kit::{Exporting, Identity, SetupError};

use crate::config::Config;
use crate::metrics::{Conservation, Metrics, QueueGauges};
use crate::queue::Queue;
use crate::routes::Intake;
use crate::traces::Traces;

/// Who watches what the edge does.
pub(super) struct Observers {
    pub(super) metrics: Metrics,
    /// Who makes spans, and who exports them; nobody unless a collector is set.
    pub(super) traces: Option<Traces>,
    pub(super) exporting: Option<Exporting>,
}

impl Observers {
    pub(super) fn new(
        config: &Config,
        clock: &SharedClock,
        tasks: &Tasks,
        registry: &mut Registry,
    ) -> Result<Self, SetupError> {
        let metrics = Metrics::register(registry);
        // Each secret has its line before it is used.
        if let Some(Intake::Signed(keys)) = &config.intake {
            metrics.secrets("bettermode", keys.count());
        }
        if let Some(secrets) = &config.circle {
            metrics.secrets("circle", secrets.count());
        }
        let mut observers = Self {
            metrics,
            traces: None,
            exporting: None,
        };
        if let Some(settings) = &config.traces {
            let process = (Arc::clone(clock), tasks);
            let (tracer, exporting) = trace_kit::start(settings, identity(), process, registry)?;
            let scheme = match config.connections.tls {
                Some(_) => "https",
                None => "http",
            };
            observers.traces = Some(Traces::new(tracer, scheme, &config.service_url));
            observers.exporting = Some(exporting);
        }
        Ok(observers)
    }
}

/// Shows how the queue is, and that nothing is lost in it.
pub(super) fn of_queue(
    queue: &Queue,
    clock: &SharedClock,
    metrics: &Metrics,
    registry: &mut Registry,
) {
    registry.register_collector(Box::new(QueueGauges {
        queue: queue.clone(),
        clock: Arc::clone(clock),
    }));
    registry.register_collector(Box::new(Conservation {
        queue: queue.clone(),
        metrics: metrics.clone(),
    }));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn identity() -> Identity {
    Identity {
        version: env!("CARGO_PKG_VERSION"),
        instance: format!("{:032x}", rand::rng().random::<u128>()),
    }
}
