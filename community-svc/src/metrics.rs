//! Every metric of the service, declared once, labels bounded.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;

/// Methods that appear as labels; anything else is "other", so that a caller
/// cannot grow the set.
const METHODS: &[&str] = &[
    "/community.v1.CommunityService/GetMember",
    "/community.v1.CommunityService/GetMemberByEmail",
    "/community.v1.CommunityService/BatchGetMembers",
    "/community.v1.CommunityService/InvalidateMember",
    "/community.v1.CommunityService/SendDirectMessage",
    "/community.v1.CommunityService/CreatePost",
    "/community.v1.CommunityService/GetStatus",
    "/community.v1.WebhookEventService/AnswerWebhook",
    "/community.v1.WebhookEventService/GetWebhookEvent",
    "/community.v1.WebhookEventService/IngestWebhookEvents",
    "/community.v1.WebhookEventService/ListDeadLetters",
    "/community.v1.WebhookEventService/ListWebhookEvents",
    "/community.v1.WebhookEventService/ReplayWebhookEvents",
    "/community.v1.WebhookEventService/WatchWebhookEvents",
    "/community.v1.ActivityService/ListMemberActivities",
    "/community.v1.ActivityService/GetActivitySummary",
    "/community.v1.ActivityService/EraseMemberData",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.health.v1.Health/List",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabel {
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
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
    calls: Family<CallLabels, Counter>,
    seconds: Family<MethodLabel, Histogram>,
    member_reads: Family<OutcomeLabel, Counter>,
    upstream: Family<OutcomeLabel, Counter>,
    events: Family<OutcomeLabel, Counter>,
    projections: Family<ProjectionLabels, Counter>,
    projection_lag: Gauge<f64, AtomicU64>,
}

impl Metrics {
    /// Declares the metrics in `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let inner = Inner {
            calls: Family::default(),
            // 0.1 ms to 26 s.
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.0001, 4.0, 10))
            }),
            member_reads: Family::default(),
            upstream: Family::default(),
            events: Family::default(),
            projections: Family::default(),
            projection_lag: Gauge::default(),
        };
        registry.register(
            "rpc_server_calls",
            "Calls answered, by method and code",
            inner.calls.clone(),
        );
        registry.register_with_unit(
            "rpc_server_call_duration",
            "Time until a call was answered",
            Unit::Seconds,
            inner.seconds.clone(),
        );
        registry.register(
            "member_reads",
            "Reads of members, by where the answer came from",
            inner.member_reads.clone(),
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

    /// The path as a label.
    #[must_use]
    pub fn known_method(&self, path: &str) -> &'static str {
        METHODS
            .iter()
            .find(|known| **known == path)
            .copied()
            .unwrap_or("other")
    }

    pub(crate) fn call(&self, method: &'static str, code: Code, elapsed: Duration) {
        let code = format!("{code:?}");
        self.0
            .calls
            .get_or_create(&CallLabels { method, code })
            .inc();
        self.0
            .seconds
            .get_or_create(&MethodLabel { method })
            .observe(elapsed.as_secs_f64());
    }

    pub(crate) fn member_read(&self, source: &'static str) {
        count(&self.0.member_reads, source);
    }

    pub(crate) fn upstream(&self, outcome: &'static str) {
        count(&self.0.upstream, outcome);
    }

    pub(crate) fn event(&self, outcome: &'static str) {
        count(&self.0.events, outcome);
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

fn count(family: &Family<OutcomeLabel, Counter>, outcome: &'static str) {
    family.get_or_create(&OutcomeLabel { outcome }).inc();
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    #[test]
    fn every_method_of_the_contract_is_a_label() {
        let set =
            prost_types::FileDescriptorSet::decode(community_proto::FILE_DESCRIPTOR_SET).unwrap();
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    assert!(super::METHODS.contains(&path.as_str()), "{path}");
                }
            }
        }
    }
}
