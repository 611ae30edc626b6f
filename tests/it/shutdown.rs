//! SIGTERM: what is open finishes, what comes is sent elsewhere, the exit code is 0.

use std::time::Duration;

use community_proto::v1::Source;
use futures::StreamExt as _;
use integration_tests::{Sandbox, eventually};
use serde_json::json;
use tokio::time::Instant;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::members::by_id;
use crate::webhook_to_event::{stored_of_type, subscription};

#[tokio::test]
async fn an_open_call_finishes_while_health_says_not_serving_and_the_exit_code_is_0() {
    let mut sandbox = Sandbox::start().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    let request = HealthCheckRequest::default();
    let mut health = sandbox
        .clients
        .health()
        .watch(request)
        .await
        .unwrap()
        .into_inner();
    let first = health.next().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);

    let late = json!({ "count": 1, "value": 2_000, "operation": "member" });
    sandbox.fake.fault("latency_ms", late).await;
    let clients = sandbox.clients.clone();
    let open = async { by_id(&clients, &id).await };
    let end = async {
        sandbox.fake.struck("latency_ms").await;
        sandbox.service.ask_to_end();
        let next = health.next().await.unwrap().unwrap();
        assert_eq!(next.status(), ServingStatus::NotServing);
        sandbox.service.line_with("draining").await;
    };
    let ((member, freshness), ()) = tokio::join!(open, end);
    assert_eq!(member.id, id);
    assert_eq!(freshness.source(), Source::Bettermode);
    drop(health);
    let status = sandbox.service.wait().await;
    assert_eq!(status.code(), Some(0), "{status}");
    sandbox.service.line_with("stopped").await;
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_when_the_drain_limit_is_reached() {
    let mut sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_DRAIN_SECONDS", "1")
        .start()
        .await;
    let late = json!({ "count": 1, "value": 60_000, "operation": "member" });
    sandbox.fake.fault("latency_ms", late).await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    let clients = sandbox.clients.clone();
    let request = community_proto::v1::GetMemberRequest {
        identifier: Some(community_proto::v1::get_member_request::Identifier::MemberId(id)),
        read_options: None,
    };
    let open = async { clients.community().get_member(request).await };
    let end = async {
        sandbox.fake.struck("latency_ms").await;
        let asked = Instant::now();
        let status = sandbox.service.terminate().await;
        (status, asked.elapsed())
    };
    let (cut, (status, took)) = tokio::join!(open, end);
    assert!(cut.is_err());
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test]
async fn an_idle_system_ends_at_once_with_exit_code_0() {
    let mut sandbox = Sandbox::builder().with_redis().with_mongodb().start().await;
    for program in [
        &mut sandbox.edge,
        &mut sandbox.service,
        &mut sandbox.fake_program,
    ] {
        let asked = Instant::now();
        let status = program.terminate().await;
        assert_eq!(status.code(), Some(0), "{program:?}");
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "{:?}",
            asked.elapsed()
        );
    }
}

#[tokio::test]
async fn a_webhook_that_the_edge_has_begun_with_is_answered_before_it_ends() {
    let mut sandbox = Sandbox::builder().acknowledging_when_stored().start().await;
    let body = subscription("space.last", &"5e".repeat(16), "");
    // The service hangs, so that the webhook is open when the signal comes.
    sandbox.service.freeze();
    let clients = sandbox.clients.clone();
    let open = async { clients.send_webhook(body).await.status() };
    let end = async {
        eventually("the edge works on the webhook", async || {
            let url = sandbox.edge_admin_url("/metrics");
            let text = clients
                .http()
                .get(url)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            let verified = text.lines().any(|line| {
                line.contains("verif") && line.contains("_count") && !line.ends_with(" 0")
            });
            if verified { Ok(()) } else { Err(text) }
        })
        .await;
        sandbox.edge.ask_to_end();
        sandbox.edge.line_with("drain").await;
        sandbox.service.thaw();
    };
    let (answer, ()) = tokio::join!(open, end);
    assert_eq!(answer, 200);
    let status = sandbox.edge.wait().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(stored_of_type(&sandbox, "space.last").await.len(), 1);
}
