//! Every metric of the edge, declared once. Labels come from fixed sets: what a
//! stranger sends cannot grow them.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::payload::{Event, Format, vocabulary};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    outcome: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NounLabel {
    noun: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabel {
    part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    code: u16,
}

/// Handles to the metrics; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    webhooks: Family<WebhookLabels, Counter>,
    events: Family<NounLabel, Counter>,
    unknown: Family<PartLabel, Counter>,
    requests: Family<RequestLabels, Counter>,
    verify: Histogram,
}

impl Metrics {
    /// Declares the metrics in `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let inner = Inner {
            webhooks: Family::default(),
            events: Family::default(),
            unknown: Family::default(),
            requests: Family::default(),
            // 4 microseconds, a small body, to 33 ms, far more than 1 MiB takes.
            verify: Histogram::new(exponential_buckets(0.000_004, 4.0, 8)),
        };
        registry.register(
            "webhook_edge_webhooks",
            "Webhooks by what became of them",
            inner.webhooks.clone(),
        );
        registry.register(
            "webhook_edge_events",
            "Events that the sink took, new ones and duplicates, by BetterMode's noun",
            inner.events.clone(),
        );
        registry.register(
            "webhook_edge_unknown",
            "Events with a type, noun or verb that BetterMode's sources do not list",
            inner.unknown.clone(),
        );
        registry.register(
            "webhook_edge_http_requests",
            "HTTP requests by route and status",
            inner.requests.clone(),
        );
        registry.register_with_unit(
            "webhook_edge_verify",
            "Time to check a signature, all secrets tried",
            Unit::Seconds,
            inner.verify.clone(),
        );
        Self(Arc::new(inner))
    }

    /// Counts a webhook by what became of it: an outcome, and for a refusal why.
    pub fn webhook(&self, outcome: &'static str, reason: &'static str) {
        self.0
            .webhooks
            .get_or_create(&WebhookLabels { outcome, reason })
            .inc();
    }

    /// Counts an event that the sink took.
    pub fn event(&self, event: &Event) {
        let noun = vocabulary::known_noun(&event.noun);
        self.0
            .events
            .get_or_create(&NounLabel {
                noun: noun.unwrap_or("other"),
            })
            .inc();
        if event.format == Format::Flat {
            return;
        }
        let unknown = |is_unknown: bool, part| {
            if is_unknown {
                self.0.unknown.get_or_create(&PartLabel { part }).inc();
            }
        };
        unknown(!vocabulary::knows_type(&event.envelope_type), "type");
        unknown(!event.noun.is_empty() && noun.is_none(), "noun");
        unknown(
            !event.verb.is_empty() && !vocabulary::knows_verb(&event.verb),
            "verb",
        );
    }

    /// Counts an answered request.
    pub fn request(&self, path: &str, status: StatusCode) {
        let route = if path.starts_with("/webhooks/bettermode") {
            "webhooks"
        } else if path == "/health" {
            "health"
        } else {
            "other"
        };
        let code = status.as_u16();
        self.0
            .requests
            .get_or_create(&RequestLabels { route, code })
            .inc();
    }

    /// Notes how long checking a signature took.
    pub fn verified_in(&self, took: Duration) {
        self.0.verify.observe(took.as_secs_f64());
    }
}
