//! Traces that callers bring, a collector that is away, and nothing at all where none is
//! set.

use std::time::Duration;

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{GetMemberRequest, WatchWebhookEventsRequest};
use integration_tests::{Collector, Sandbox, eventually};
use serde_json::json;

use crate::members::by_id;
use crate::projections::projected;
use crate::webhook_to_event::of_type;

const BROUGHT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn read_with(sandbox: &Sandbox, member: &str, traceparent: &str) {
    let mut request = tonic::Request::new(GetMemberRequest {
        identifier: Some(Identifier::MemberId(member.to_owned())),
        ..GetMemberRequest::default()
    });
    let parent = traceparent.parse().unwrap();
    request.metadata_mut().insert("traceparent", parent);
    let mut client = sandbox.clients.community();
    client.get_member(request).await.unwrap();
}

#[tokio::test]
async fn a_callers_trace_is_gone_on_with_down_to_bettermode() {
    let collector = Collector::start().await;
    let sandbox = Sandbox::builder().traced_to(&collector).start().await;
    let member = sandbox.fake.world().await.text("/members/0/id");
    read_with(&sandbox, &member, BROUGHT).await;
    let spans = collector
        .find("the request to BetterMode", |spans| {
            let of_it = |it: &&_| BROUGHT.contains(&integration_tests::Recorded::clone(it).trace);
            let found: Vec<_> = spans.iter().filter(of_it).cloned().collect();
            (found.len() >= 3).then_some(found)
        })
        .await;
    let named = |name: &str| spans.iter().find(|it| it.name == name).unwrap();
    let call = named("community.v1.CommunityService/GetMember");
    assert_eq!(
        (call.kind.as_str(), call.parent.as_str()),
        ("SERVER", "b7ad6b7169203331")
    );
    let fill = named("fill cache");
    assert_eq!(fill.parent, call.id);
    assert_eq!(named("query MemberQuery").parent, fill.id);

    // One that the caller does not record is not recorded.
    let unsampled = BROUGHT.replace("0af7", "1af7").replace("-01", "-00");
    let other = sandbox.fake.world().await.text("/members/1/id");
    read_with(&sandbox, &other, &unsampled).await;
    read_with(&sandbox, &member, &BROUGHT.replace("0af7", "2af7")).await;
    collector
        .find("the call after it", |spans| {
            spans
                .iter()
                .find(|it| it.trace.starts_with("2af7"))
                .map(|_| ())
        })
        .await;
    let spans = collector.spans();
    assert!(
        !spans.iter().any(|it| it.trace.starts_with("1af7")),
        "{spans:?}"
    );
}

#[tokio::test]
async fn who_follows_events_can_go_on_with_their_traces() {
    let collector = Collector::start().await;
    let sandbox = Sandbox::builder().traced_to(&collector).start().await;
    let member = sandbox.fake.world().await.text("/members/2/id");
    let mut client = sandbox.clients.webhook_events();
    let request = WatchWebhookEventsRequest::default();
    let stream = client.watch_webhook_events(request).await.unwrap();
    let mut stream = stream.into_inner();
    let path = format!("/_fake/members/{member}");
    sandbox.fake.post(&path, &json!({ "tagline": "New" })).await;
    let event = loop {
        let step = stream.message().await.unwrap().unwrap();
        if let Some(event) = step.event {
            break event.event.unwrap();
        }
    };
    read_with(&sandbox, &member, &event.trace_parent).await;
    let trace = event.trace_parent.split('-').nth(1).unwrap().to_owned();
    collector
        .find("the follower's call in the webhook's trace", |spans| {
            let of_it = |name: &str| spans.iter().find(|it| it.trace == trace && it.name == name);
            let stored = of_it("store event")?;
            let call = of_it("community.v1.CommunityService/GetMember")?;
            of_it("POST /webhooks/bettermode")?;
            of_it("query MemberQuery")?;
            (call.parent == stored.id).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nobody_up_and_what_is_lost_is_counted() {
    let collector = Collector::start().await;
    let mut sandbox = Sandbox::builder()
        .traced_to(&collector)
        // Nobody listens there.
        .edge_setting("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .edge_setting("OTEL_EXPORTER_OTLP_TIMEOUT", "200")
        .start()
        .await;
    let body = json!({ "event_type": "post.published", "data": { "id": "p1" } });
    let answer = sandbox.clients.send_webhook(body.to_string()).await;
    assert_eq!(answer.status(), 200);
    projected(&sandbox).await;
    let url = sandbox.edge_admin_url("/metrics");
    eventually("lost spans are counted", async || {
        let answer = sandbox.clients.http().get(&url).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let failed = text
            .lines()
            .find_map(|line| line.strip_prefix("trace_spans_total{outcome=\"failed\"} "));
        match failed {
            Some("0") | None => Err(text),
            Some(_) => Ok(()),
        }
    })
    .await;
    let begun = std::time::Instant::now();
    assert!(sandbox.edge.terminate().await.success());
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_last_spans_leave_when_a_program_ends() {
    let collector = Collector::start().await;
    let mut sandbox = Sandbox::builder()
        .traced_to(&collector)
        .edge_setting("OTEL_BSP_SCHEDULE_DELAY", "600000")
        .start()
        .await;
    let body = json!({ "event_type": "post.published", "data": { "id": "p1" } });
    assert_eq!(
        sandbox
            .clients
            .send_webhook(body.to_string())
            .await
            .status(),
        200
    );
    sandbox.forwarded().await;
    assert!(
        !collector
            .spans()
            .iter()
            .any(|it| it.service == "webhook-edge")
    );
    assert!(sandbox.edge.terminate().await.success());
    let spans = collector.spans();
    let names: Vec<_> = spans
        .iter()
        .filter(|it| it.service == "webhook-edge")
        .map(|it| it.name.as_str())
        .collect();
    for name in ["POST /webhooks/bettermode", "accept event", "forward event"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[tokio::test]
async fn without_a_collector_no_trace_is_begun_kept_or_passed_on() {
    let sandbox = Sandbox::start().await;
    let body = json!({ "event_type": "post.published", "data": { "id": "p1" } });
    let request = sandbox
        .clients
        .signed_webhook("/webhooks/bettermode", body.to_string().into_bytes())
        .header("traceparent", BROUGHT);
    assert_eq!(request.send().await.unwrap().status(), 200);
    projected(&sandbox).await;
    let stored = of_type(&sandbox, "post.published").await;
    assert_eq!(stored[0].event.as_ref().unwrap().trace_parent, "");
    let member = sandbox.fake.world().await.text("/members/0/id");
    read_with(&sandbox, &member, BROUGHT).await;
    by_id(&sandbox.clients, &member).await;
    for url in [
        sandbox.edge_admin_url("/metrics"),
        sandbox.service_admin_url("/metrics"),
    ] {
        let answer = sandbox.clients.http().get(url).send().await.unwrap();
        assert!(!answer.text().await.unwrap().contains("trace_spans"));
    }
    let trace = BROUGHT.split('-').nth(1).unwrap();
    let lines = sandbox.all_lines();
    let about_traces = |line: &&String| line.contains(trace) || line.contains("trace_id");
    assert_eq!(lines.iter().find(about_traces), None);
}
