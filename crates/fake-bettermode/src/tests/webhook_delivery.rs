//! Sending webhooks: signed, in order, again when it fails, spoilt on request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Bench, config};
use crate::{FakeConfig, HeaderPair, SendError, WebhookConfig};

const SECRET: &str = "whsec_test_0123456789abcdef";

type Received = Arc<Mutex<Vec<(Instant, Request<Bytes>)>>>;

/// A receiver that answers as a script says, and 200 after its end.
struct Receiver {
    bench: Bench,
    received: Received,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// One scripted answer: a status, or 0 for none at all.
async fn receiver(script: &[u16], change: impl FnOnce(&mut WebhookConfig)) -> Receiver {
    let received = Received::default();
    let (log, script) = (Arc::clone(&received), script.to_vec());
    let mut webhook = WebhookConfig::new("http://edge.example.com/hook".parse().unwrap(), SECRET);
    webhook.sender = Some(Arc::new(move |request| {
        let mut log = log.lock().unwrap();
        let status = script.get(log.len()).copied().unwrap_or(200);
        log.push((Instant::now(), request));
        async move {
            if status == 0 {
                std::future::pending::<()>().await;
            }
            if status == 1 {
                return Err(SendError("connection refused".to_owned()));
            }
            let mut response = Response::new(Bytes::from_static(b"{}"));
            *response.status_mut() = status.try_into().unwrap();
            Ok(response)
        }
        .boxed()
    }));
    change(&mut webhook);
    let bench = Bench::with(FakeConfig {
        webhook: Some(webhook),
        ..config()
    })
    .await;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (fake, stopping) = (bench.fake.clone(), stop.clone());
    tasks.spawn(async move { fake.run_webhooks(stopping).await });
    Receiver {
        bench,
        received,
        stop,
        tasks,
    }
}

impl Receiver {
    async fn change_member(&self) {
        let path = format!("/_fake/members/{}", self.bench.text("/members/0/id"));
        self.bench
            .post(&path, json!({ "tagline": "Changed" }))
            .await;
    }

    /// Waits, in tokio's paused time, until so many requests have arrived.
    async fn wait_for(&self, count: usize) -> Vec<(Instant, Request<Bytes>)> {
        for _ in 0..10_000 {
            let seen = self.received.lock().unwrap().clone();
            if seen.len() >= count {
                return seen;
            }
            // Yields to the courier; paused time jumps when everybody waits.
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        panic!(
            "only {} of {count} arrived",
            self.received.lock().unwrap().len()
        );
    }

    async fn deliveries(&self) -> Value {
        let log = self
            .bench
            .control(Method::GET, "/_fake/deliveries", &Value::Null)
            .await;
        log.json
    }

    async fn settled(&self, state: &str) -> Value {
        for _ in 0..10_000 {
            let log = self.deliveries().await;
            if log
                .as_array()
                .unwrap()
                .iter()
                .all(|entry| entry["state"] == state)
            {
                return log;
            }
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        panic!("not all {state}: {}", self.deliveries().await);
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn header<'r>(request: &'r Request<Bytes>, name: &str) -> &'r str {
    request
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

fn is_signed(request: &Request<Bytes>) -> bool {
    let timestamp: i64 = header(request, "x-bettermode-request-timestamp")
        .parse()
        .unwrap();
    header(request, "x-bettermode-signature") == crate::sign(SECRET, timestamp, request.body())
}

fn name(request: &Request<Bytes>) -> String {
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    body["data"]["name"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn webhooks_arrive_signed_in_milliseconds_and_in_order() {
    let receiver = receiver(&[], |_| {}).await;
    receiver
        .bench
        .write(&format!("Bearer {}", super::TOKEN), "Hello")
        .await
        .data();
    let seen = receiver.wait_for(2).await;
    assert_eq!(
        [name(&seen[0].1), name(&seen[1].1)],
        ["post.created", "post.published"]
    );
    let request = &seen[0].1;
    assert_eq!(
        header(request, "x-bettermode-request-timestamp"),
        "1772366400000"
    );
    assert!(is_signed(request) && is_signed(&seen[1].1));
    assert_eq!(header(request, "content-type"), "application/json");
    let log = receiver.settled("delivered").await;
    assert_eq!(log[0]["attempts"][0]["status"], 200);
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_older_headers_replace_the_newer_ones() {
    let receiver = receiver(&[], |webhook| webhook.headers = HeaderPair::Tribe).await;
    receiver.change_member().await;
    let seen = receiver.wait_for(1).await;
    let timestamp: i64 = header(&seen[0].1, "x-tribe-request-timestamp")
        .parse()
        .unwrap();
    let expected = crate::sign(SECRET, timestamp, seen[0].1.body());
    assert_eq!(header(&seen[0].1, "x-tribe-signature"), expected);
    assert_eq!(header(&seen[0].1, "x-bettermode-signature"), "");
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_time_out_an_error_and_a_refusal_are_each_tried_again_later() {
    let receiver = receiver(&[0, 1, 503], |_| {}).await;
    receiver.change_member().await;
    let seen = receiver.wait_for(4).await;
    let ids: Vec<&Bytes> = seen.iter().map(|(_, request)| request.body()).collect();
    assert!(
        ids.iter().all(|body| *body == ids[0]),
        "every try has the same bytes"
    );
    let pause = |n: usize| (seen[n].0 - seen[n - 1].0).as_secs();
    // 10 s until the time-out and 1 s; then 5 s; then 25 s.
    assert_eq!([pause(1), pause(2), pause(3)], [11, 5, 25]);
    let log = receiver.settled("delivered").await;
    let attempts = &log[0]["attempts"];
    assert_eq!(attempts[0]["error"], "no answer in time");
    assert!(
        attempts[1]["error"]
            .as_str()
            .unwrap()
            .contains("connection refused")
    );
    assert_eq!(
        (&attempts[2]["status"], &attempts[3]["status"]),
        (&json!(503), &json!(200))
    );
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_given_up_after_its_last_try() {
    let receiver = receiver(&[500; 9], |webhook| {
        webhook.retry_delays = vec![Duration::from_secs(1), Duration::from_secs(2)];
    })
    .await;
    receiver.change_member().await;
    let log = receiver.settled("given_up").await;
    assert_eq!(log[0]["attempts"].as_array().unwrap().len(), 3);
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_webhook_holds_up_no_other() {
    let receiver = receiver(&[500, 200], |_| {}).await;
    receiver
        .bench
        .write(&format!("Bearer {}", super::TOKEN), "Hello")
        .await
        .data();
    let seen = receiver.wait_for(3).await;
    let names: Vec<String> = seen.iter().map(|(_, request)| name(request)).collect();
    assert_eq!(names, ["post.created", "post.published", "post.created"]);
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_duplicated_webhook_arrives_twice_with_the_same_id() {
    let receiver = receiver(&[], |_| {}).await;
    receiver
        .bench
        .fault("webhook_duplicate", json!({ "count": 1 }))
        .await;
    receiver.change_member().await;
    let seen = receiver.wait_for(2).await;
    assert_eq!(seen[0].1.body(), seen[1].1.body());
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_reordered_webhook_arrives_after_its_follower() {
    let receiver = receiver(&[], |_| {}).await;
    receiver
        .bench
        .fault("webhook_reorder", json!({ "count": 1 }))
        .await;
    receiver
        .bench
        .write(&format!("Bearer {}", super::TOKEN), "Hello")
        .await
        .data();
    let seen = receiver.wait_for(2).await;
    assert_eq!(
        [name(&seen[0].1), name(&seen[1].1)],
        ["post.published", "post.created"]
    );
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn damaged_webhooks_do_not_verify_and_arrive_whole_when_refused() {
    for fault in ["webhook_corrupt_signature", "webhook_corrupt_body"] {
        let receiver = receiver(&[401], |_| {}).await;
        receiver.bench.fault(fault, json!({ "count": 1 })).await;
        receiver.change_member().await;
        let seen = receiver.wait_for(2).await;
        assert!(!is_signed(&seen[0].1), "{fault}");
        assert!(is_signed(&seen[1].1), "{fault}");
        receiver.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_webhook_is_signed_an_hour_ago() {
    let receiver = receiver(&[], |_| {}).await;
    receiver
        .bench
        .fault("webhook_stale", json!({ "count": 1 }))
        .await;
    receiver.change_member().await;
    let seen = receiver.wait_for(1).await;
    assert_eq!(
        header(&seen[0].1, "x-bettermode-request-timestamp"),
        "1772362800000"
    );
    assert!(is_signed(&seen[0].1));
    receiver.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_test_challenge_has_forty_hex_digits_and_is_signed() {
    let receiver = receiver(&[], |_| {}).await;
    let answer = receiver
        .bench
        .post("/_fake/webhooks/test", Value::Null)
        .await;
    let seen = receiver.wait_for(1).await;
    let body: Value = serde_json::from_slice(seen[0].1.body()).unwrap();
    assert_eq!(body["type"], "TEST");
    assert_eq!(body["data"]["challenge"], answer.json["challenge"]);
    assert_eq!(answer.json["challenge"].as_str().unwrap().len(), 40);
    assert!(is_signed(&seen[0].1));
    receiver.end().await;
}
