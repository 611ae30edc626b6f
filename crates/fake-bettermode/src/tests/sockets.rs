//! The same door over a real socket, and webhooks over real HTTP.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{TOKEN, config};
use crate::{Fake, FakeConfig, WebhookConfig};

fn client() -> reqwest::Client {
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build().unwrap()
}

/// A fake on a free port, until the token is cancelled.
async fn serve(config: FakeConfig, stop: &CancellationToken, tasks: &TaskTracker) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (fake, stop) = (Fake::new(config), stop.clone());
    tasks.spawn(async move { fake.serve(listener, stop).await });
    url
}

#[tokio::test]
async fn a_member_is_read_over_http_and_the_server_ends_when_told() {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let url = serve(config(), &stop, &tasks).await;
    let client = client();
    let world = client
        .get(format!("{url}/_fake/world"))
        .send()
        .await
        .unwrap();
    let world: Value = serde_json::from_slice(&world.bytes().await.unwrap()).unwrap();
    let body = json!({
        "query": "query($id: ID) { member(id: $id) { name } }",
        "variables": { "id": world["members"][0]["id"] },
    });
    let request = client.post(&url).bearer_auth(TOKEN).body(body.to_string());
    let answer: Value =
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(
        answer["data"]["member"]["name"],
        world["members"][0]["name"]
    );
    stop.cancel();
    tasks.close();
    tokio::time::timeout(Duration::from_secs(10), tasks.wait())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let url = serve(config(), &stop, &tasks).await;
    let body = vec![b' '; 5 * 1024 * 1024];
    let answer = client().post(&url).body(body).send().await;
    // The server may close before everything is sent; then there is no answer to read.
    assert!(answer.is_err() || answer.unwrap().status() == StatusCode::PAYLOAD_TOO_LARGE);
    stop.cancel();
}

#[tokio::test]
async fn webhooks_travel_over_http() {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    // Another fake is the receiver: whatever it answers, it was reached.
    let receiver = serve(config(), &stop, &tasks).await;
    let target = format!("{receiver}/_fake/reset").parse().unwrap();
    let sender = FakeConfig {
        webhook: Some(WebhookConfig::new(target, "secret")),
        ..config()
    };
    let url = serve(sender, &stop, &tasks).await;
    let client = client();
    client
        .post(format!("{url}/_fake/webhooks/test"))
        .send()
        .await
        .unwrap();
    let mut state = Value::Null;
    for _ in 0..1000 {
        let log = client
            .get(format!("{url}/_fake/deliveries"))
            .send()
            .await
            .unwrap();
        let log: Value = serde_json::from_slice(&log.bytes().await.unwrap()).unwrap();
        state = log[0]["state"].clone();
        if state == "delivered" {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(state, "delivered");
    stop.cancel();
    tasks.close();
    tokio::time::timeout(Duration::from_secs(10), tasks.wait())
        .await
        .unwrap();
}
