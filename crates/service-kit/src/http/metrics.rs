//! What is counted about connections. Labels come from fixed sets.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::progress::Limit;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CapLabel {
    cap: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabel {
    limit: &'static str,
}

/// Handles to the metrics of one port's connections; cheap to clone. The default
/// ones are shown to nobody.
#[derive(Debug, Clone, Default)]
pub struct ConnectionMetrics {
    open: Gauge,
    refused: Family<CapLabel, Counter>,
    timed_out: Family<LimitLabel, Counter>,
    made_room: Counter,
}

impl ConnectionMetrics {
    /// Declares the metrics in `registry`, their names beginning with `prefix`.
    #[must_use]
    pub fn register(registry: &mut Registry, prefix: &str) -> Self {
        let metrics = Self::default();
        registry.register(
            format!("{prefix}_connections_open"),
            "Open connections",
            metrics.open.clone(),
        );
        registry.register(
            format!("{prefix}_connections_refused"),
            "Connections closed at once, by the cap that was reached: of all, or of one address",
            metrics.refused.clone(),
        );
        registry.register(
            format!("{prefix}_connections_timed_out"),
            "Connections closed because the client took too long, by limit",
            metrics.timed_out.clone(),
        );
        registry.register(
            format!("{prefix}_connections_made_room"),
            "Connections that waited without a request and were closed for others",
            metrics.made_room.clone(),
        );
        metrics
    }

    pub(super) fn opened(&self) {
        self.open.inc();
    }

    pub(super) fn closed(&self) {
        self.open.dec();
    }

    pub(super) fn refused(&self, cap: &'static str) {
        self.refused.get_or_create(&CapLabel { cap }).inc();
    }

    pub(super) fn timed_out(&self, limit: Limit) {
        let limit = limit.name();
        self.timed_out.get_or_create(&LimitLabel { limit }).inc();
    }

    pub(super) fn made_room(&self) {
        self.made_room.inc();
    }
}
