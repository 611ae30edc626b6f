//! The conservation law, as far as this edge can see it: what came in is somewhere.
//!
//! ```text
//! found + accepted = duplicate + stored + known + waiting + dead
//! ```
//!
//! It counts over the life of this process. What an earlier one left in the queue and
//! among the dead letters is `found`, so the law holds from the first moment, and a
//! restart loses nothing but the counts. The left side and `waiting` and `dead` are what
//! the queue's writer has put on disk; `stored` and `known` are the answers of the
//! service. At rest both sides are equal; between the service's answer and the removal
//! from the queue an event is on both.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Metrics;
use crate::queue::{Queue, Stats};

/// Tells the terms of the law and their difference.
pub struct Conservation {
    /// The queue.
    pub queue: Queue,
    /// What the service said.
    pub metrics: Metrics,
}

impl std::fmt::Debug for Conservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Conservation")
    }
}

/// Each term, with whether it came in.
fn terms(stats: &Stats, [stored, known]: [u64; 2]) -> [(&'static str, bool, u64); 7] {
    let flow = stats.flow;
    [
        ("found", true, flow.found),
        ("accepted", true, flow.taken + flow.duplicates),
        ("duplicate", false, flow.duplicates),
        ("stored", false, stored),
        ("known", false, known),
        ("waiting", false, stats.depth),
        ("dead", false, stats.dead),
    ]
}

/// What came in and is nowhere; below zero for what is in two places.
fn unaccounted(terms: &[(&'static str, bool, u64)]) -> i64 {
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    terms.iter().fold(0, |sum, (_, came_in, count)| {
        if *came_in {
            sum + signed(*count)
        } else {
            sum - signed(*count)
        }
    })
}

impl Collector for Conservation {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let terms = terms(&self.queue.stats(), self.metrics.taken_by_the_service());
        let mut metric = encoder.encode_descriptor(
            "webhook_edge_conservation",
            "Webhooks of this process's life: found (left by an earlier one) and accepted came in; \
             duplicate, stored and known (the service had it), waiting and dead are where they are",
            None,
            MetricType::Gauge,
        )?;
        for (term, _, count) in &terms {
            let value = ConstGauge::new(i64::try_from(*count).unwrap_or(i64::MAX));
            value.encode(metric.encode_family(&[("term", *term)])?)?;
        }
        let metric = encoder.encode_descriptor(
            "webhook_edge_unaccounted",
            "Webhooks that came in and are nowhere; below 0: in two places. 0 at rest",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(unaccounted(&terms)).encode(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Flow;

    #[test]
    fn what_is_missing_and_what_is_twice_is_told() {
        let stats = |depth| Stats {
            depth,
            dead: 2,
            flow: Flow {
                found: 5,
                taken: 10,
                duplicates: 3,
            },
            ..Stats::default()
        };
        // 5 + 13 = 3 + 8 + 1 + 4 + 2
        assert_eq!(unaccounted(&terms(&stats(4), [8, 1])), 0);
        assert_eq!(unaccounted(&terms(&stats(3), [8, 1])), 1);
        assert_eq!(unaccounted(&terms(&stats(4), [9, 1])), -1);
    }
}
