//! The circuit breaker's state, asked when somebody scrapes: it changes with time
//! alone, so there is no moment at which it could be set.

use bettermode::BreakerState;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::upstream::Upstream;

const STATES: [&str; 3] = ["closed", "open", "half_open"];

/// One series for each state, 1 for the one that it is in.
#[derive(Debug)]
pub(crate) struct BreakerMetric(Upstream);

impl BreakerMetric {
    pub(crate) fn new(upstream: Upstream) -> Self {
        Self(upstream)
    }
}

impl Collector for BreakerMetric {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let now = match self.0.breaker() {
            BreakerState::Closed => "closed",
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen => "half_open",
        };
        let mut metric = encoder.encode_descriptor(
            "upstream_breaker",
            "Whether calls go out to BetterMode: closed (they do), open (they fail at once), \
             half_open (one may go out to find out); 1 for the present state",
            None,
            MetricType::Gauge,
        )?;
        for state in STATES {
            let value = ConstGauge::new(i64::from(state == now));
            value.encode(metric.encode_family(&[("state", state)])?)?;
        }
        Ok(())
    }
}
