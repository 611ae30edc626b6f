//! The queue's gauges, read when somebody asks for them.

use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use service_kit::clock::SharedClock;

use crate::queue::Queue;

/// Tells how full and how old the queue is.
pub struct QueueGauges {
    /// The queue.
    pub queue: Queue,
    /// The time.
    pub clock: SharedClock,
}

impl std::fmt::Debug for QueueGauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("QueueGauges")
    }
}

impl Collector for QueueGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let stats = self.queue.stats();
        let age = stats
            .oldest
            .and_then(|oldest| Duration::try_from(self.clock.now().duration_since(oldest)).ok())
            .unwrap_or_default();
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            let encoder = encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
            gauge.encode(encoder)
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is read by people; 2^53 events do not fit on a disk"
        )]
        let number = |count: u64| count as f64;
        gauge(
            "webhook_edge_queue_depth",
            "Webhooks that wait in the queue",
            None,
            number(stats.depth),
        )?;
        gauge(
            "webhook_edge_queue",
            "Size of the webhooks that wait in the queue",
            Some(&Unit::Bytes),
            number(stats.bytes),
        )?;
        gauge(
            "webhook_edge_queue_age",
            "How long the oldest webhook has waited in the queue",
            Some(&Unit::Seconds),
            age.as_secs_f64(),
        )?;
        gauge(
            "webhook_edge_dead_letters",
            "Webhooks that the service refuses",
            None,
            number(stats.dead),
        )?;
        gauge(
            "webhook_edge_queue_poisoned",
            "1 when the queue's disk has failed and webhooks are refused",
            None,
            f64::from(u8::from(stats.poisoned)),
        )
    }
}
