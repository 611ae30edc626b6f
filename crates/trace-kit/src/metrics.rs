//! What became of spans.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// Counts spans by what became of them; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) exported: Counter,
    pub(crate) failed: Counter,
    pub(crate) dropped: Counter,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let spans: Family<OutcomeLabel, Counter> = Family::default();
        registry.register(
            "trace_spans",
            "Spans of traces that are recorded, by what became of them: exported, failed (the \
             collector did not take them), dropped (too many waited)",
            spans.clone(),
        );
        let of = |outcome| spans.get_or_create_owned(&OutcomeLabel { outcome });
        Self {
            exported: of("exported"),
            failed: of("failed"),
            dropped: of("dropped"),
        }
    }
}
