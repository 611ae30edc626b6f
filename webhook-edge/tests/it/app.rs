//! The whole edge in one process: real ports, and a small gRPC server where
//! `community-svc` stands.

use std::sync::Arc;
use std::time::Duration;

use crate::support::http::{Reply, get, post, post_chunked};
use crate::support::service::FakeService;
use crate::support::{MEMBER_CREATED, NOW_MS, SECRET, eventually, signature_headers};
use bytes::Bytes;
use community_proto::v1;
use service_kit::clock::ManualClock;
use service_kit::env::MapEnv;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use webhook_edge::app::{Addresses, App};
use webhook_edge::check;
use webhook_edge::config::{Config, Loaded};

/// A running edge.
struct Edge {
    addresses: Addresses,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Edge {
    async fn start(service_url: &str) -> Self {
        let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
        let clock = Arc::new(ManualClock::new(
            jiff::Timestamp::from_millisecond(NOW_MS).unwrap(),
        ));
        let config = load(service_url, &[]).config;
        let app = App::build(config, clock, Tasks::new(), shutdown.clone())
            .await
            .unwrap();
        let addresses = app.addresses();
        tasks.spawn("edge", app.run());
        Self {
            addresses,
            tasks,
            shutdown,
        }
    }

    async fn deliver(&self, body: &'static str) -> Reply {
        let headers = signature_headers(SECRET, body.as_bytes(), NOW_MS);
        let path = "/webhooks/bettermode";
        post(self.addresses.http, path, &headers, Bytes::from(body)).await
    }

    async fn is_ready(&self) -> bool {
        get(self.addresses.admin, "/readyz").await.status == 200
    }

    async fn stop(self) {
        self.shutdown.drain();
        assert!(self.tasks.finished(Duration::from_secs(20)).await);
    }
}

fn load(service_url: &str, more: &[(&str, &str)]) -> Loaded {
    let mut values = vec![
        ("BETTERMODE_WEBHOOK_SECRET", SECRET),
        ("WEBHOOK_EDGE_LISTEN", "127.0.0.1:0"),
        ("WEBHOOK_EDGE_ADMIN_LISTEN", "127.0.0.1:0"),
        ("COMMUNITY_SVC_URL", service_url),
        ("COMMUNITY_SVC_TOKEN", "a-service-token"),
        ("WEBHOOK_ACK", "stored"),
    ];
    values.extend(more);
    Config::load(&MapEnv::new(values)).unwrap()
}

#[tokio::test]
async fn a_webhook_reaches_the_service_once_with_the_token_and_its_bytes() {
    let service = FakeService::start().await;
    let edge = Edge::start(&service.url()).await;
    for _ in 0..2 {
        let reply = edge.deliver(MEMBER_CREATED).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let events = service.stored();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].payload, MEMBER_CREATED);
    assert_eq!(events[0].event_type, "member.created");
    assert_eq!(events[0].format(), v1::WebhookFormat::Bettermode);
    assert_eq!(service.last_authorization(), "Bearer a-service-token");
    edge.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn a_service_that_is_away_for_a_moment_is_tried_again_once() {
    let service = FakeService::start().await;
    let edge = Edge::start(&service.url()).await;
    service.fail_next(1, tonic::Code::Unavailable);
    assert_eq!(edge.deliver(MEMBER_CREATED).await.status, 200);
    service.fail_next(2, tonic::Code::Unavailable);
    assert_eq!(edge.deliver(MEMBER_CREATED).await.status, 503);
    service.fail_next(1, tonic::Code::Internal);
    assert_eq!(edge.deliver(MEMBER_CREATED).await.status, 503);
    edge.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn the_edge_starts_without_the_service_and_recovers_when_it_comes() {
    let place = FakeService::reserve();
    let edge = Edge::start(&place.url()).await;
    let reply = edge.deliver(MEMBER_CREATED).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), "5");
    assert_eq!(get(edge.addresses.http, "/health").await.status, 503);
    assert!(!edge.is_ready().await);

    let service = place.open();
    eventually("a webhook is stored", async || {
        edge.deliver(MEMBER_CREATED).await.status == 200
    })
    .await;
    eventually("the edge is healthy", async || {
        get(edge.addresses.http, "/health").await.status == 200
    })
    .await;
    assert!(edge.is_ready().await);
    edge.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn health_tells_the_state_of_every_part() {
    let service = FakeService::start().await;
    service.set_state("cache", v1::DependencyState::Down);
    let edge = Edge::start(&service.url()).await;
    let reply = get(edge.addresses.http, "/health").await;
    assert_eq!(reply.status, 200);
    let health: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["services"]["cache"]["status"], "down");
    assert_eq!(health["services"]["bettermode"]["status"], "ok");
    assert_eq!(health["services"]["event_store"]["status"], "ok");
    assert_eq!(health["services"]["community_svc"]["status"], "ok");
    assert!(!reply.body.contains("127.0.0.1"), "{}", reply.body);
    edge.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn chunked_bodies_have_the_same_limit_as_announced_ones() {
    let service = FakeService::start().await;
    let edge = Edge::start(&service.url()).await;
    let headers = signature_headers(SECRET, MEMBER_CREATED.as_bytes(), NOW_MS);
    let address = edge.addresses.http;
    let small = post_chunked(
        address,
        "/webhooks/bettermode",
        &headers,
        MEMBER_CREATED.into(),
    );
    assert_eq!(small.await.status, 200);
    let large = Bytes::from(vec![b' '; 1024 * 1024 + 1]);
    let announced = post(address, "/webhooks/bettermode", &headers, large.clone());
    assert_eq!(announced.await.status, 413);
    let chunked = post_chunked(address, "/webhooks/bettermode", &headers, large);
    assert_eq!(chunked.await.status, 413);
    edge.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn metrics_and_liveness_are_on_the_admin_port_only() {
    let service = FakeService::start().await;
    let edge = Edge::start(&service.url()).await;
    edge.deliver(MEMBER_CREATED).await;
    let metrics = get(edge.addresses.admin, "/metrics").await.body;
    let line = r#"webhook_edge_webhooks_total{outcome="accepted",reason=""} 1"#;
    assert!(metrics.contains(line), "{metrics}");
    assert_eq!(get(edge.addresses.admin, "/livez").await.status, 200);
    assert_eq!(get(edge.addresses.http, "/metrics").await.status, 404);
    assert_eq!(get(edge.addresses.admin, "/health").await.status, 404);
    edge.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn a_webhook_in_flight_is_answered_while_the_edge_drains() {
    let service = FakeService::start().await;
    let edge = Edge::start(&service.url()).await;
    service.hold();
    let in_flight = edge.deliver(MEMBER_CREATED);
    let drain = async {
        service.has_a_call_waiting().await;
        edge.shutdown.drain();
        service.release();
    };
    let (reply, ()) = tokio::join!(in_flight, drain);
    assert_eq!(reply.status, 200);
    edge.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn config_check_shows_settings_and_service_and_succeeds_when_webhooks_can_be_stored() {
    let service = FakeService::start().await;
    let loaded = load(&service.url(), &[]);
    let mut out = Vec::new();
    let code = check::config(&loaded, &mut out).await;
    let text = String::from_utf8(out).unwrap();
    assert_eq!(code, std::process::ExitCode::SUCCESS, "{text}");
    assert!(
        text.contains("BETTERMODE_WEBHOOK_SECRET=[redacted] (environment)\n"),
        "{text}"
    );
    assert!(
        text.contains("community-svc: ok (version 7.7.7)\n"),
        "{text}"
    );
    assert!(text.contains("  event_store (fake): ok\n"), "{text}");
    assert!(
        !text.contains(SECRET) && !text.contains("a-service-token"),
        "{text}"
    );

    service.set_state("event_store", v1::DependencyState::Down);
    let code = check::config(&loaded, &mut Vec::new()).await;
    assert_eq!(code, std::process::ExitCode::FAILURE);
    service.stop().await;
}

#[tokio::test]
async fn healthcheck_follows_readiness() {
    let service = FakeService::start().await;
    let edge = Edge::start(&service.url()).await;
    let admin = edge.addresses.admin.to_string();
    let config = load(&service.url(), &[("WEBHOOK_EDGE_ADMIN_LISTEN", &admin)]).config;
    eventually("the edge is ready", async || {
        check::health(&config, &mut Vec::new()).await == std::process::ExitCode::SUCCESS
    })
    .await;
    edge.stop().await;
    let mut out = Vec::new();
    let code = check::health(&config, &mut out).await;
    assert_eq!(code, std::process::ExitCode::FAILURE);
    assert!(
        String::from_utf8(out)
            .unwrap()
            .starts_with("no answer on 127.0.0.1:")
    );
    service.stop().await;
}

#[tokio::test]
async fn a_port_in_use_names_the_setting() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let loaded = load("http://127.0.0.1:1", &[("WEBHOOK_EDGE_LISTEN", &address)]);
    let clock = Arc::new(service_kit::clock::SystemClock);
    let error = App::build(loaded.config, clock, Tasks::new(), Shutdown::new())
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        format!("failed to listen on WEBHOOK_EDGE_LISTEN={address}; is the port in use?")
    );
}
