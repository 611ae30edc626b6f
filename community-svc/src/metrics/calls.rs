//! How many calls there were and how long they took, by method and code.
//!
//! A call finds its counter by position: building labels and looking them up each
//! time costs more than counting.

use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
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
    "/community.v1.CommunityService/ListMembers",
    "/community.v1.CommunityService/UpdateMember",
    "/community.v1.CommunityService/InviteMembers",
    "/community.v1.CommunityService/ListSpaces",
    "/community.v1.CommunityService/GetSpace",
    "/community.v1.CommunityService/ListSpaceMembers",
    "/community.v1.CommunityService/AddSpaceMember",
    "/community.v1.CommunityService/RemoveSpaceMember",
    "/community.v1.CommunityService/ListEventTypes",
    "/community.v1.CommunityService/SendDirectMessage",
    "/community.v1.CommunityService/ListDirectMessages",
    "/community.v1.CommunityService/ScheduleEvent",
    "/community.v1.CommunityService/UpdateEvent",
    "/community.v1.CommunityService/CancelEvent",
    "/community.v1.CommunityService/ListEvents",
    "/community.v1.CommunityService/RegisterForEvent",
    "/community.v1.CommunityService/CreatePost",
    "/community.v1.CommunityService/GetPost",
    "/community.v1.CommunityService/ListPosts",
    "/community.v1.CommunityService/UpdatePost",
    "/community.v1.CommunityService/DeletePost",
    "/community.v1.CommunityService/CreateReply",
    "/community.v1.CommunityService/ListReplies",
    "/community.v1.CommunityService/AddReaction",
    "/community.v1.CommunityService/RemoveReaction",
    "/community.v1.CommunityService/ListReactions",
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

/// The label of every other path.
const OTHER: &str = "other";

/// How many codes gRPC has.
const CODES: usize = 17;

/// A method as a label: its place among [`METHODS`], or the one after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method(usize);

impl Method {
    /// The method that the path names.
    pub(crate) fn of(path: &str) -> Self {
        let known = METHODS.iter().position(|known| *known == path);
        Self(known.unwrap_or(METHODS.len()))
    }

    /// The text of the label.
    pub(crate) fn label(self) -> &'static str {
        METHODS.get(self.0).copied().unwrap_or(OTHER)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabel {
    method: &'static str,
}

type CallSeconds = Family<MethodLabel, Histogram, fn() -> Histogram>;

/// Both metrics, and the series of them that were used.
#[derive(Debug)]
pub(super) struct Calls {
    counted: Family<CallLabels, Counter>,
    seconds: CallSeconds,
    methods: [Series; METHODS.len() + 1],
}

/// The series of one method. Each is made when it is first used, so that a scrape
/// shows no method that nobody called.
#[derive(Debug, Default)]
struct Series {
    seconds: OnceLock<Histogram>,
    counted: [OnceLock<Counter>; CODES],
}

impl Calls {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let calls = Self {
            counted: Family::default(),
            // 0.1 ms to 26 s.
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.0001, 4.0, 10))
            }),
            methods: std::array::from_fn(|_| Series::default()),
        };
        registry.register(
            "rpc_server_calls",
            "Calls answered, by method and code",
            calls.counted.clone(),
        );
        registry.register_with_unit(
            "rpc_server_call_duration",
            "Time until a call was answered",
            Unit::Seconds,
            calls.seconds.clone(),
        );
        calls
    }

    pub(super) fn count(&self, method: Method, code: Code, elapsed: Duration) {
        let series = &self.methods[method.0];
        let label = method.label();
        series.counted[code as usize]
            .get_or_init(|| {
                self.counted.get_or_create_owned(&CallLabels {
                    method: label,
                    code: format!("{code:?}"),
                })
            })
            .inc();
        series
            .seconds
            .get_or_init(|| {
                self.seconds
                    .get_or_create_owned(&MethodLabel { method: label })
            })
            .observe(elapsed.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn every_method_of_the_contract_is_a_label() {
        let set =
            prost_types::FileDescriptorSet::decode(community_proto::FILE_DESCRIPTOR_SET).unwrap();
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    assert_eq!(Method::of(&path).label(), path);
                }
            }
        }
    }

    #[test]
    fn a_scrape_shows_the_series_that_were_used_and_no_others() {
        let mut registry = Registry::default();
        let calls = Calls::register(&mut registry);
        for path in ["/grpc.health.v1.Health/Check", "/made/up", "/also/made-up"] {
            calls.count(Method::of(path), Code::NotFound, Duration::from_millis(1));
        }
        // The first and the last code that there are.
        calls.count(Method::of("/made/up"), Code::Ok, Duration::ZERO);
        calls.count(
            Method::of("/made/up"),
            Code::Unauthenticated,
            Duration::ZERO,
        );

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let counted: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("rpc_server_calls_total"))
            .collect();
        for line in [
            r#"rpc_server_calls_total{method="/grpc.health.v1.Health/Check",code="NotFound"} 1"#,
            r#"rpc_server_calls_total{method="other",code="NotFound"} 2"#,
            r#"rpc_server_calls_total{method="other",code="Ok"} 1"#,
            r#"rpc_server_calls_total{method="other",code="Unauthenticated"} 1"#,
        ] {
            assert!(counted.contains(&line), "{line} in {text}");
        }
        assert_eq!(counted.len(), 4);
        assert!(text.contains(r#"rpc_server_call_duration_seconds_count{method="other"} 4"#));
    }
}
