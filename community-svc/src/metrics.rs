//! Every metric of the service, declared once, labels bounded.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;

mod breaker;
mod calls;
mod conservation;

pub(crate) use breaker::BreakerMetric;

use calls::Calls;
use conservation::Conservation;
pub(crate) use conservation::{InHand, Term};

use crate::methods::Method;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CapLabel {
    cap: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProjectionLabels {
    projection: &'static str,
    outcome: &'static str,
}

/// Handles to the metrics; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    calls: Calls,
    connections: Gauge,
    connections_refused: Family<CapLabel, Counter>,
    member_reads: Family<OutcomeLabel, Counter>,
    writes: Family<OutcomeLabel, Counter>,
    upstream: Family<OutcomeLabel, Counter>,
    events: Family<OutcomeLabel, Counter>,
    projections: Family<ProjectionLabels, Counter>,
    projection_lag: Gauge<f64, AtomicU64>,
    conservation: Conservation,
}

impl Metrics {
    /// Declares the metrics in `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let inner = Inner {
            calls: Calls::register(registry),
            connections: Gauge::default(),
            connections_refused: Family::default(),
            member_reads: Family::default(),
            writes: Family::default(),
            upstream: Family::default(),
            events: Family::default(),
            projections: Family::default(),
            projection_lag: Gauge::default(),
            conservation: Conservation::new(),
        };
        registry.register_collector(Box::new(inner.conservation.clone()));
        inner.register_connections(registry);
        registry.register(
            "member_reads",
            "Reads of members, by where the answer came from",
            inner.member_reads.clone(),
        );
        registry.register(
            "writes_with_request_id",
            "Writes with a request id, by what was done: sent, sent_again (it had not happened), \
             found (it had happened), replayed (the answer was known), left (nothing yet)",
            inner.writes.clone(),
        );
        registry.register(
            "upstream_calls",
            "Calls of BetterMode operations, by outcome",
            inner.upstream.clone(),
        );
        registry.register(
            "webhook_events_ingested",
            "Webhook events taken in, by outcome",
            inner.events.clone(),
        );
        registry.register(
            "projections",
            "Projections of webhook events, by outcome: done, failed (tried again), dead (given up \
             on), paused (a store was away)",
            inner.projections.clone(),
        );
        registry.register_with_unit(
            "projection_lag",
            "How long the oldest event had waited that was last taken up; 0 when none was due",
            Unit::Seconds,
            inner.projection_lag.clone(),
        );
        Self(Arc::new(inner))
    }

    pub(crate) fn call(&self, method: Method, code: Code, elapsed: Duration) {
        self.0.calls.count(method, code, elapsed);
    }

    pub(crate) fn connections_open(&self, count: usize) {
        self.0
            .connections
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn connection_refused(&self, cap: &'static str) {
        self.0
            .connections_refused
            .get_or_create(&CapLabel { cap })
            .inc();
    }

    pub(crate) fn member_read(&self, source: &'static str) {
        count(&self.0.member_reads, source);
    }

    pub(crate) fn write(&self, outcome: &'static str) {
        count(&self.0.writes, outcome);
    }

    pub(crate) fn upstream(&self, outcome: &'static str) {
        count(&self.0.upstream, outcome);
    }

    pub(crate) fn event(&self, outcome: &'static str) {
        count(&self.0.events, outcome);
    }

    /// So many events have come with a call.
    pub(crate) fn received(&self, count: usize) -> InHand {
        self.0.conservation.received(count)
    }

    /// So many projections are taken up.
    pub(crate) fn taken(&self, count: usize) -> InHand {
        self.0.conservation.taken(count)
    }

    pub(crate) fn projection(&self, projection: &'static str, outcome: &'static str) {
        let labels = ProjectionLabels {
            projection,
            outcome,
        };
        self.0.projections.get_or_create(&labels).inc();
    }

    pub(crate) fn projection_lag(&self, lag: Duration) {
        self.0.projection_lag.set(lag.as_secs_f64());
    }
}

impl Inner {
    fn register_connections(&self, registry: &mut Registry) {
        registry.register(
            "rpc_server_connections",
            "Open connections of the gRPC port",
            self.connections.clone(),
        );
        registry.register(
            "rpc_server_connections_refused",
            "Connections that were closed unheard, by the cap that was reached: total, address",
            self.connections_refused.clone(),
        );
    }
}

fn count(family: &Family<OutcomeLabel, Counter>, outcome: &'static str) {
    family.get_or_create(&OutcomeLabel { outcome }).inc();
}
