//! Connections of callers: how old they get, how many there may be, how they are asked to
//! end, and what goes over them packed.

use std::time::Duration;

use bytes::Bytes;
use community_proto::client::Client;
use community_proto::v1::{GetStatusRequest, WatchWebhookEventsRequest};
use futures::StreamExt as _;
use h2::Reason;
use integration_tests::{Sandbox, eventually, eventually_within};
use tonic::codec::CompressionEncoding::Gzip;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::raw_h2::Connection;
use crate::raw_http::{connect_from, rest};

const STATUS: &str = "/community.v1.CommunityService/GetStatus";

fn empty() -> Bytes {
    crate::raw_h2::frame(&[])
}

#[tokio::test]
async fn an_old_connection_is_asked_to_end_and_no_call_fails_for_it() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_MAX_CONNECTION_AGE_SECONDS", "1")
        .start()
        .await;
    let old = Connection::plain(sandbox.clients.service_address()).await;
    old.call(STATUS, &[], empty()).await.unwrap();
    // One client, its connection again and again too old under it. The shipped one: it
    // knows a call that still waited in it when its connection ended.
    let address = format!("http://{}", sandbox.clients.service_address());
    let client = Client::builder([address], rand::random).build().unwrap();
    let end = tokio::time::Instant::now() + Duration::from_secs(4);
    let mut calls = 0;
    while tokio::time::Instant::now() < end {
        let mut community = client.community();
        community.get_status(GetStatusRequest {}).await.unwrap();
        calls += 1;
    }
    assert!(calls > 10, "{calls}");
    assert_eq!(old.closed().await, Some(Reason::NO_ERROR));
}

#[tokio::test]
async fn a_watch_outlives_the_age_of_its_connection_by_the_grace_and_no_longer() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_MAX_CONNECTION_AGE_SECONDS", "1")
        .service_setting("COMMUNITY_SVC_MAX_CONNECTION_GRACE_SECONDS", "2")
        .start()
        .await;
    let mut client = sandbox.clients.webhook_events();
    let started = tokio::time::Instant::now();
    let watch = client.watch_webhook_events(WatchWebhookEventsRequest::default());
    let mut watch = watch.await.unwrap().into_inner();
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        while let Some(Ok(_)) = watch.next().await {}
    });
    ended.await.expect("the watch is cut");
    let lived = started.elapsed();
    assert!(lived > Duration::from_millis(2_500), "{lived:?}");
}

#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_MAX_CONNECTIONS_PER_ADDRESS", "3")
        .start()
        .await;
    let address = sandbox.clients.service_address();
    let held = [
        connect_from(9, address).await,
        connect_from(9, address).await,
        connect_from(9, address).await,
    ];
    let mut fourth = connect_from(9, address).await;
    assert_eq!(rest(&mut fourth).await, "");
    let url = sandbox.service_admin_url("/metrics");
    let text = sandbox.clients.http().get(&url).send().await.unwrap();
    let text = text.text().await.unwrap();
    let line = r#"rpc_server_connections_refused_total{cap="address"} 1"#;
    assert!(text.contains(line), "{text}");
    let other = Connection::over(connect_from(10, address).await).await;
    other.unwrap().call(STATUS, &[], empty()).await.unwrap();
    drop(held);
    eventually("the address may connect again", async || {
        let again = Connection::over(connect_from(9, address).await).await;
        let again = again.map_err(|error| error.to_string())?;
        let answer = again.call(STATUS, &[], empty()).await;
        answer.map(drop).map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test]
async fn watchers_of_health_hear_that_the_service_stops_and_do_not_keep_it() {
    let mut sandbox = Sandbox::start().await;
    let watch = sandbox
        .clients
        .health()
        .watch(HealthCheckRequest::default())
        .await;
    let mut watch = watch.unwrap().into_inner();
    let first = watch.next().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
    sandbox.service.ask_to_end();
    let next = watch.next().await.unwrap().unwrap();
    assert_eq!(next.status(), ServingStatus::NotServing);
    // Far below the drain limit of 15 s.
    eventually_within(
        Duration::from_secs(8),
        "the service ends",
        async || match sandbox.service.ended() {
            Some(status) if status.success() => Ok(()),
            other => Err(format!("{other:?}")),
        },
    )
    .await;
}

#[tokio::test]
async fn calls_are_still_taken_while_the_notice_lasts() {
    let mut sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_DRAIN_NOTICE_SECONDS", "2")
        .start()
        .await;
    let open = Connection::plain(sandbox.clients.service_address()).await;
    open.call(STATUS, &[], empty()).await.unwrap();
    sandbox.service.ask_to_end();
    sandbox.service.line_with("draining").await;
    let request = HealthCheckRequest::default();
    let health = sandbox.clients.health().check(request).await.unwrap();
    assert_eq!(health.into_inner().status(), ServingStatus::NotServing);
    let new = Connection::plain(sandbox.clients.service_address()).await;
    new.call(STATUS, &[], empty()).await.unwrap();
    open.call(STATUS, &[], empty()).await.unwrap();
    // Then both are asked to end.
    assert_eq!(open.closed().await, Some(Reason::NO_ERROR));
    assert_eq!(new.closed().await, Some(Reason::NO_ERROR));
    assert_eq!(sandbox.service.wait().await.code(), Some(0));
}

#[tokio::test]
async fn answers_are_packed_for_those_who_ask_and_requests_may_be() {
    let sandbox = Sandbox::start().await;
    let channel = sandbox.clients.channel();
    let client = community_proto::v1::community_service_client::CommunityServiceClient::new;
    let mut packing = client(channel)
        .send_compressed(Gzip)
        .accept_compressed(Gzip);
    let answer = packing.get_status(GetStatusRequest {}).await.unwrap();
    let encoding = answer.metadata().get("grpc-encoding");
    assert_eq!(encoding.and_then(|value| value.to_str().ok()), Some("gzip"));
    assert!(answer.into_inner().status.is_some());
    let mut plain = sandbox.clients.community();
    let answer = plain.get_status(GetStatusRequest {}).await.unwrap();
    assert_eq!(answer.metadata().get("grpc-encoding"), None);
}
