//! Who makes spans, and who exports them.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use rand::RngExt as _;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use trace_kit::{Exporting, Identity, SetupError, Tracer};

use crate::config::Config;

/// Begins to export where a collector is set.
#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
pub(super) fn start(
    config: &Config,
    clock: &SharedClock,
    tasks: &Tasks,
    registry: &mut Registry,
) -> Result<(Option<Tracer>, Option<Exporting>), SetupError> {
    let Some(settings) = &config.traces else {
        return Ok((None, None));
    };
    let identity = Identity {
        version: env!("CARGO_PKG_VERSION"),
        instance: format!("{:032x}", rand::rng().random::<u128>()),
    };
    let process = (Arc::clone(clock), tasks);
    let (tracer, exporting) = trace_kit::start(settings, identity, process, registry)?;
    Ok((Some(tracer), Some(exporting)))
}
