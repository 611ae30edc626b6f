//! One trace of a webhook: from the edge's door through its queue and the service to the
//! request to BetterMode that it makes necessary.

use std::collections::BTreeMap;

use integration_tests::otlp::{tree, trees};
use integration_tests::sandbox::SandboxBuilder;
use integration_tests::{Collector, Recorded, Sandbox, eventually};
use serde_json::json;

use crate::members::by_id;
use crate::projections::projected;

const INGEST: &str = "community.v1.WebhookEventService/IngestWebhookEvents";

#[tokio::test]
async fn one_trace_leads_from_the_webhook_through_edge_and_service_to_bettermode() {
    the_trace_is_whole(Sandbox::builder()).await;
}

#[tokio::test]
async fn it_does_so_over_mongodb_and_redis() {
    the_trace_is_whole(Sandbox::builder().with_mongodb().with_redis()).await;
}

/// A member whom the service has a copy of changes in the community; BetterMode's webhook
/// says so, the copy is dropped, and whoever reads the member next has BetterMode asked.
#[expect(clippy::print_stdout, reason = "cargo shows the tree with --nocapture")]
async fn the_trace_is_whole(builder: SandboxBuilder) {
    let collector = Collector::start().await;
    let builder = builder.traced_to(&collector).logging_each_webhook();
    let sandbox = builder.start().await;
    let member = sandbox.fake.world().await.text("/members/0/id");
    by_id(&sandbox.clients, &member).await;
    let change = json!({ "tagline": "Something new" });
    let path = format!("/_fake/members/{member}");
    sandbox.fake.post(&path, &change).await;
    sandbox.forwarded().await;
    eventually("the copy is dropped and the member read anew", async || {
        let (member, _) = by_id(&sandbox.clients, &member).await;
        match member.tagline.as_str() {
            "Something new" => Ok(()),
            old => Err(old.to_owned()),
        }
    })
    .await;
    let spans = collector
        .find(
            "the request to BetterMode in the webhook's trace",
            |spans| {
                let webhook = spans
                    .iter()
                    .find(|it| is_webhook(it, "member.updated", spans))?;
                let of_it = |it: &&Recorded| it.trace == webhook.trace;
                let found: Vec<_> = spans.iter().filter(of_it).cloned().collect();
                (found.len() >= 11).then_some(found)
            },
        )
        .await;
    // docs/tracing.md has one.
    println!("{}", tree(&spans, &spans[0].trace));
    all_are_in_their_place(&spans);
    all_is_said(&spans, &sandbox, &collector);
}

/// Which of two replicas drops the copy is chance; the one that asks BetterMode knows why.
#[tokio::test]
async fn a_read_through_another_replica_is_found_too() {
    let collector = Collector::start().await;
    let builder = Sandbox::builder().with_mongodb().with_redis();
    let sandbox = builder.traced_to(&collector).start().await;
    let other = sandbox.another_service().await;
    for (place, clients) in [&sandbox.clients, &other.clients].into_iter().enumerate() {
        let member = format!("/members/{place}/id");
        let member = sandbox.fake.world().await.text(&member);
        by_id(clients, &member).await;
        let path = format!("/_fake/members/{member}");
        sandbox.fake.post(&path, &json!({ "tagline": "New" })).await;
        eventually(
            "the copy is dropped and the member read anew",
            async || match by_id(clients, &member).await.0.tagline.as_str() {
                "New" => Ok(()),
                old => Err(old.to_owned()),
            },
        )
        .await;
        collector
            .find("the fill in the webhook's trace", |spans| {
                let fills = spans.iter().filter(|it| it.name == "fill cache");
                let mut fills = fills.filter(|fill| {
                    let above = spans.iter().find(|it| it.id == fill.parent);
                    above.is_some_and(|it| it.name == "project cache")
                });
                fills.nth(place).map(|_| ())
            })
            .await;
    }
}

/// Whether it is the first span of a webhook that told of this.
fn is_webhook(span: &Recorded, event_type: &str, all: &[Recorded]) -> bool {
    span.name == "POST /webhooks/bettermode"
        && all
            .iter()
            .any(|it| it.trace == span.trace && it.said("community.event.type") == event_type)
}

/// Each span's kind, whose it is, and what it is under.
fn all_are_in_their_place(spans: &[Recorded]) {
    let by_name: BTreeMap<_, _> = spans.iter().map(|it| (it.name.as_str(), it)).collect();
    let by_id: BTreeMap<_, _> = spans.iter().map(|it| (it.id.as_str(), it)).collect();
    let shown = || trees(spans);
    for (name, kind, service, under) in [
        ("POST /webhooks/bettermode", "SERVER", "webhook-edge", ""),
        (
            "accept event",
            "INTERNAL",
            "webhook-edge",
            "POST /webhooks/bettermode",
        ),
        (
            "forward event",
            "PRODUCER",
            "webhook-edge",
            "POST /webhooks/bettermode",
        ),
        ("store event", "CONSUMER", "community-svc", "forward event"),
        ("project cache", "INTERNAL", "community-svc", "store event"),
        (
            "project members",
            "INTERNAL",
            "community-svc",
            "store event",
        ),
        (
            "project activities",
            "INTERNAL",
            "community-svc",
            "store event",
        ),
        ("fill cache", "INTERNAL", "community-svc", "project cache"),
        ("query MemberQuery", "CLIENT", "community-svc", "fill cache"),
    ] {
        let span = by_name.get(name);
        let span = span.unwrap_or_else(|| panic!("no {name}:\n{}", shown()));
        let above = by_id.get(span.parent.as_str()).map_or("", |it| &it.name);
        let found = (span.kind.as_str(), span.service.as_str(), above);
        assert_eq!(found, (kind, service, under), "{name}:\n{}", shown());
        assert!(!span.failed, "{name}:\n{}", shown());
        assert!(span.time.0 <= span.time.1, "{name}:\n{}", shown());
    }
    // The call of both sides, under the one event that it carried.
    let calls: Vec<_> = spans.iter().filter(|it| it.name == INGEST).collect();
    for (call, kind, under) in [(0, "CLIENT", "forward event"), (1, "SERVER", INGEST)] {
        let found = calls.iter().find(|it| it.kind == kind);
        let found = found.unwrap_or_else(|| panic!("no {kind} call {call}:\n{}", shown()));
        assert_eq!(by_id[found.parent.as_str()].name, under);
        assert_eq!(found.said("rpc.system.name"), "grpc");
        assert_eq!(found.said("rpc.method"), INGEST);
        assert_eq!(found.said("rpc.response.status_code"), "OK");
    }
}

/// What is said of each span, of the programs, and in the log.
fn all_is_said(spans: &[Recorded], sandbox: &Sandbox, collector: &Collector) {
    let by_name: BTreeMap<_, _> = spans.iter().map(|it| (it.name.as_str(), it)).collect();
    let door = by_name["POST /webhooks/bettermode"];
    assert_eq!(door.said("http.request.method"), "POST");
    assert_eq!(door.said("http.route"), "/webhooks/bettermode");
    assert_eq!(door.said("url.scheme"), "http");
    assert_eq!(door.said("http.response.status_code"), "200");
    assert_eq!(by_name["accept event"].said("community.outcome"), "stored");
    assert_eq!(by_name["store event"].said("community.outcome"), "stored");
    let fill = by_name["fill cache"];
    assert_eq!(fill.said("community.cache.entry"), "member");
    // The reader brought no trace, and has one of its own.
    let [(reader, _)] = &fill.links[..] else {
        panic!("{fill:?}");
    };
    assert_ne!(*reader, fill.trace);
    let asked = by_name["query MemberQuery"];
    assert_eq!(asked.said("http.request.method"), "POST");
    assert_eq!(asked.said("http.response.status_code"), "200");
    assert_eq!(asked.said("url.full"), format!("{}/", sandbox.fake.url("")));
    assert_eq!(asked.said("server.address"), "127.0.0.1");
    assert_eq!(asked.said("graphql.operation.name"), "MemberQuery");
    assert_eq!(asked.said("graphql.operation.type"), "query");

    for (service, said) in collector.resources() {
        assert!(!said["service.version"].is_empty(), "{service}");
        assert_eq!(said["service.instance.id"].len(), 32, "{service}");
    }
    // Log lines lead to the trace.
    let lines = sandbox.edge.lines();
    assert!(
        lines.iter().any(|line| line.contains(&door.trace)),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn a_stranger_leaves_no_span_and_a_sender_decides_nothing() {
    let collector = Collector::start().await;
    let sandbox = Sandbox::builder()
        .traced_to(&collector)
        .edge_setting("OTEL_TRACES_SAMPLER", "parentbased_always_off")
        .start()
        .await;
    let forced = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let send = async |id: &str, secret: Option<&str>| {
        let body = json!({ "type": "SUBSCRIPTION", "networkId": integration_tests::sandbox::NETWORK_ID,
            "data": { "id": id.repeat(16), "name": "post.published" } });
        let request = sandbox
            .clients
            .signed_webhook("/webhooks/bettermode", body.to_string().into_bytes())
            .header("traceparent", forced);
        let request = match secret {
            Some(wrong) => request.header("x-tribe-signature", wrong),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };
    // Sampled says the sender; the edge was told to record none.
    assert_eq!(send("a1", None).await, 200);
    assert_eq!(send("a2", Some("forged")).await, 401);
    projected(&sandbox).await;
    sandbox.forwarded().await;
    // What the edge decided holds for the service: of the event nothing is recorded.
    by_id(
        &sandbox.clients,
        &sandbox.fake.world().await.text("/members/0/id"),
    )
    .await;
    collector
        .find("the service's own trace", |spans| {
            spans
                .iter()
                .find(|it| it.name == "query MemberQuery")
                .map(|_| ())
        })
        .await;
    for span in collector.spans() {
        assert_eq!(span.service, "community-svc", "{span:?}");
        assert_ne!(span.name, "store event", "{span:?}");
        assert!(!forced.contains(&span.trace), "{span:?}");
    }
}

#[tokio::test]
async fn a_senders_own_trace_becomes_a_link() {
    let collector = Collector::start().await;
    let sandbox = Sandbox::builder().traced_to(&collector).start().await;
    let body = json!({ "event_type": "post.published", "data": { "id": "p1" } });
    let request = sandbox
        .clients
        .signed_webhook("/webhooks/bettermode", body.to_string().into_bytes())
        .header(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        );
    assert_eq!(request.send().await.unwrap().status(), 200);
    let door = collector
        .find("the webhook's span", |spans| {
            let mut doors = spans.iter().filter(|it| it.kind == "SERVER");
            doors.find(|it| it.service == "webhook-edge").cloned()
        })
        .await;
    assert_eq!(door.parent, "");
    assert_ne!(door.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    let sender = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    assert_eq!(door.links, [(sender.0.to_owned(), sender.1.to_owned())]);
}
