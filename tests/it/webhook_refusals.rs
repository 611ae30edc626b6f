//! Webhooks that are not taken for other reasons than their signature: size, form,
//! network, method, or nobody there to store them.

use std::fmt::Write as _;

use community_proto::v1::ListWebhookEventsRequest;
use integration_tests::{Sandbox, eventually};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::webhook_to_event::{of_type, subscription};

const PATH: &str = "/webhooks/bettermode";
const MEBIBYTE: usize = 1024 * 1024;

#[tokio::test]
async fn a_body_over_a_mebibyte_is_413_whether_its_length_is_told_or_not() {
    let sandbox = Sandbox::start().await;
    // Announced: refused before it is sent.
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: edge\r\ncontent-length: {}\r\n\r\n",
        MEBIBYTE + 1
    );
    assert_eq!(status_of_raw(&sandbox, head.as_bytes()).await, 413);

    // Not announced: refused where it gets too long.
    let mut chunked =
        format!("POST {PATH} HTTP/1.1\r\nhost: edge\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..17 {
        write!(chunked, "10000\r\n{}\r\n", "x".repeat(0x10000)).unwrap();
    }
    chunked.push_str("0\r\n\r\n");
    assert_eq!(status_of_raw(&sandbox, chunked.as_bytes()).await, 413);

    // One that just fits is read, and taken when it is signed.
    let frame = subscription("media.added", &"34".repeat(16), "");
    let filler = "x".repeat(MEBIBYTE - frame.len());
    let body = subscription("media.added", &"34".repeat(16), &filler);
    assert_eq!(body.len(), MEBIBYTE);
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
    assert_eq!(of_type(&sandbox, "media.added").await.len(), 1);
}

#[tokio::test]
async fn a_body_that_is_no_webhook_is_400_in_the_vendors_shape() {
    let sandbox = Sandbox::start().await;
    for body in [
        "not json",
        "",
        "[]",
        "null",
        "{\"type\":",
        "{\"data\":{}}",
        "{\"type\":\"TEST\"}",
    ] {
        let answer = sandbox.clients.send_webhook(body).await;
        assert_eq!(answer.status(), 400, "{body:?}");
        let text = answer.text().await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["status"], "FAILED");
        assert_eq!(answer["errorCode"], 400);
        assert!(answer["errorMessage"].as_str().unwrap().len() > 10);
    }
}

#[tokio::test]
async fn a_webhook_of_another_network_is_403_and_not_stored() {
    let sandbox = Sandbox::start().await;
    let body = json!({
        "networkId": "somebodyElse", "type": "SUBSCRIPTION",
        "data": { "id": "56".repeat(16), "name": "space.foreign" },
    });
    let answer = sandbox.clients.send_webhook(body.to_string()).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.text().await.unwrap(), "");
    assert!(of_type(&sandbox, "space.foreign").await.is_empty());
    sandbox.edge.line_with("BETTERMODE_NETWORK_ID").await;
}

#[tokio::test]
async fn other_methods_are_405_and_other_paths_404() {
    let sandbox = Sandbox::start().await;
    let http = sandbox.clients.http();
    for path in [PATH, "/webhooks/bettermode/member"] {
        for method in [
            reqwest::Method::GET,
            reqwest::Method::PUT,
            reqwest::Method::DELETE,
        ] {
            let answer = http.request(method.clone(), sandbox.clients.edge_url(path));
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status(), 405, "{method} {path}");
            assert_eq!(answer.headers()["allow"], "POST");
        }
    }
    for path in [
        "/",
        "/webhooks",
        "/webhooks/bettermode/other",
        "/webhooks/bettermode/member/x",
    ] {
        let answer = http
            .post(sandbox.clients.edge_url(path))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn without_a_queue_no_webhook_is_taken_while_the_service_is_away() {
    let mut sandbox = Sandbox::builder().acknowledging_when_stored().start().await;
    let body = subscription("space.lost", &"78".repeat(16), "");
    sandbox.service.kill();
    let answer = sandbox.clients.send_webhook(body.clone()).await;
    assert_eq!(answer.status(), 503);
    let seconds: u64 = answer.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&seconds));
    let text = answer.text().await.unwrap();
    let address = sandbox.clients.service_address().port().to_string();
    assert!(!text.contains(&address) && !text.contains("grpc"), "{text}");
    sandbox.edge.line_with("webhook not taken").await;
    // Refusals that need no service stay what they are.
    let unsigned = sandbox.clients.http().post(sandbox.clients.edge_url(PATH));
    assert_eq!(
        unsigned.body(body.clone()).send().await.unwrap().status(),
        401
    );

    sandbox.service.restart().await;
    sandbox.clients.send_webhook_until_taken(&body).await;
    assert_eq!(of_type(&sandbox, "space.lost").await.len(), 1);
}

#[tokio::test]
async fn without_a_queue_a_service_that_hangs_gets_no_webhook_acknowledged() {
    let sandbox = Sandbox::builder().acknowledging_when_stored().start().await;
    let body = subscription("space.hung", &"9a".repeat(16), "");
    sandbox.service.freeze();
    let answer = sandbox.clients.send_webhook(body.clone()).await;
    sandbox.service.thaw();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    sandbox.clients.send_webhook_until_taken(&body).await;
    assert_eq!(of_type(&sandbox, "space.hung").await.len(), 1);
}

#[tokio::test]
async fn the_vendors_faults_are_refused_and_its_good_webhooks_still_taken() {
    let sandbox = Sandbox::builder().logging_each_webhook().start().await;
    let space = crate::posts::space_for_posts(&sandbox.fake.world().await);
    for fault in [
        "webhook_corrupt_signature",
        "webhook_corrupt_body",
        "webhook_stale",
    ] {
        let before = sandbox.edge.lines().len();
        sandbox.fake.fault(fault, json!({ "count": 1 })).await;
        crate::posts::create(&sandbox, crate::posts::post_in(&space))
            .await
            .unwrap();
        eventually(fault, async || {
            let lines = sandbox.edge.lines().split_off(before);
            let refused = lines.iter().any(|line| line.contains("webhook refused"));
            let stored = lines.iter().any(|line| line.contains("webhook taken"));
            if refused && stored {
                Ok(())
            } else {
                Err(lines.join("\n"))
            }
        })
        .await;
    }
    sandbox.forwarded().await;
    let all = ListWebhookEventsRequest::default();
    let mut events = sandbox.clients.webhook_events();
    let stored = events.list_webhook_events(all).await.unwrap().into_inner();
    assert!(!stored.events.is_empty());
}

/// Sends these bytes over a connection of their own and reads the status line. What
/// the edge no longer wants to read may fail to be sent.
async fn status_of_raw(sandbox: &Sandbox, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(sandbox.clients.edge_address())
        .await
        .unwrap();
    let _refused_early = stream.write_all(request).await;
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.contains(&b'\n') {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the connection ended without an answer");
        answer.extend_from_slice(&buffer[..count]);
    }
    let line = String::from_utf8_lossy(&answer);
    let status = line
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("no status in {line}"));
    status.parse().unwrap()
}
