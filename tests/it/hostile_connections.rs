//! Clients that stall, flood, or send what can be understood in two ways: each is
//! shown the door within its limit, and honest webhooks are taken meanwhile.

use std::time::Duration;

use integration_tests::sandbox::WEBHOOK_SECRET;
use integration_tests::{Sandbox, eventually, signing};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::raw_http::{connect_from, exchange, rest, send, signed};
use crate::webhook_to_event::{of_type, subscription};

const HALF_A_HEAD: &str = "POST /webhooks/bettermode HTTP/1.1\r\nhost: edge\r\ncontent-le";
const STALLED_BODY: &str =
    "POST /webhooks/bettermode HTTP/1.1\r\nhost: edge\r\ncontent-length: 100\r\n\r\n{\"type\"";

/// An edge whose every limit in time is a second.
async fn impatient() -> Sandbox {
    Sandbox::builder()
        .edge_setting("WEBHOOK_EDGE_HEADER_TIMEOUT_SECONDS", "1")
        .edge_setting("WEBHOOK_EDGE_BODY_TIMEOUT_SECONDS", "1")
        .edge_setting("WEBHOOK_EDGE_IDLE_TIMEOUT_SECONDS", "1")
        .start()
        .await
}

/// Waits until the edge's metrics hold this line.
async fn counted(sandbox: &Sandbox, line: &str) {
    let url = sandbox.edge_admin_url("/metrics");
    eventually(line, async || {
        let answer = sandbox.clients.http().get(&url).send().await;
        let text = answer.unwrap().text().await.unwrap();
        if text.lines().any(|found| found == line) {
            Ok(())
        } else {
            Err(text)
        }
    })
    .await;
}

#[tokio::test]
async fn a_half_sent_head_is_closed_within_the_limit_in_one_piece_or_in_drops() {
    let sandbox = impatient().await;
    let address = sandbox.clients.edge_address();
    assert_eq!(exchange(address, HALF_A_HEAD).await, "");
    counted(
        &sandbox,
        r#"webhook_edge_connections_timed_out_total{limit="header"} 1"#,
    )
    .await;
    // A byte now and then buys no more time.
    let mut stream = send(address, HALF_A_HEAD).await;
    let mut byte = [0; 1];
    let closed = async {
        loop {
            let pause = Duration::from_millis(100);
            match tokio::time::timeout(pause, stream.read(&mut byte)).await {
                Ok(_) => break,
                Err(_) if stream.write_all(b"n").await.is_err() => break,
                Err(_) => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .expect("the edge closes the connection");
}

#[tokio::test]
async fn a_connection_that_falls_idle_is_closed() {
    let sandbox = impatient().await;
    let address = sandbox.clients.edge_address();
    let answer = exchange(address, "GET /health HTTP/1.1\r\nhost: edge\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    counted(
        &sandbox,
        r#"webhook_edge_connections_timed_out_total{limit="idle"} 1"#,
    )
    .await;
}

#[tokio::test]
async fn a_body_that_stalls_or_drips_is_408_and_its_connection_closed() {
    let sandbox = impatient().await;
    let address = sandbox.clients.edge_address();
    let answer = exchange(address, STALLED_BODY).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let chunked = "POST /webhooks/bettermode HTTP/1.1\r\nhost: edge\r\n\
                   transfer-encoding: chunked\r\n\r\n5\r\nabc";
    let answer = exchange(address, chunked).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");

    let mut dripping = send(address, STALLED_BODY).await;
    let mut first = [0; 12];
    let answered = async {
        loop {
            let pause = Duration::from_millis(100);
            match tokio::time::timeout(pause, dripping.read_exact(&mut first)).await {
                Ok(read) => break read.unwrap(),
                Err(_) => dripping.write_all(b"n").await.unwrap(),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), answered)
        .await
        .expect("the edge answers");
    assert_eq!(&first, b"HTTP/1.1 408");
}

#[tokio::test]
async fn heads_that_can_be_understood_in_two_ways_are_refused() {
    let sandbox = impatient().await;
    let address = sandbox.clients.edge_address();
    let body = subscription("space.twice", &"ab".repeat(16), "");
    for (more, status) in [
        ("", "200"),
        ("host: other\r\n", "400"),
        (&format!("content-length: {}\r\n", body.len()), "400"),
        ("content-length: 1\r\n", "400"),
        ("transfer-encoding: chunked\r\n", "400"),
        ("x-folded: a\r\n b\r\n", "400"),
        ("x-bare: a\n", "400"),
        (&format!("{}: 1\r\n", signing::TIMESTAMP_HEADER), "401"),
        (&format!("{}: 00\r\n", signing::SIGNATURE_HEADER), "401"),
        (&format!("x-long: {}\r\n", "x".repeat(17_000)), "431"),
        (&"x-many: a\r\n".repeat(80), "431"),
    ] {
        let answer = exchange(address, &signed(WEBHOOK_SECRET, &body, more)).await;
        let expected = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&expected), "{more:.40}: {answer}");
    }
    sandbox.forwarded().await;
    assert_eq!(of_type(&sandbox, "space.twice").await.len(), 1);
}

#[tokio::test]
async fn http_2_is_not_spoken_on_the_public_port() {
    let sandbox = impatient().await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let answer = exchange(sandbox.clients.edge_address(), preface).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"),
        "{answer}"
    );
}

#[tokio::test]
async fn one_address_cannot_take_more_than_its_share_of_connections() {
    let sandbox = Sandbox::builder()
        .edge_setting("WEBHOOK_EDGE_MAX_CONNECTIONS_PER_ADDRESS", "3")
        .start()
        .await;
    let address = sandbox.clients.edge_address();
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(connect_from(9, address).await);
    }
    let mut fourth = connect_from(9, address).await;
    assert_eq!(rest(&mut fourth).await, "");
    counted(
        &sandbox,
        r#"webhook_edge_connections_refused_total{cap="address"} 1"#,
    )
    .await;
    let body = subscription("space.elsewhere", &"cd".repeat(16), "");
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
    // A place is free again as soon as one is given back.
    held.pop();
    eventually("the address may connect again", async || {
        let mut again = connect_from(9, address).await;
        let request = "GET /health HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n\r\n";
        again.write_all(request.as_bytes()).await.unwrap();
        match rest(&mut again).await {
            answer if answer.starts_with("HTTP/1.1 200") => Ok(()),
            answer => Err(answer),
        }
    })
    .await;
}

#[tokio::test]
async fn when_every_place_is_held_by_the_idle_an_honest_webhook_is_still_taken() {
    let sandbox = Sandbox::builder()
        .edge_setting("WEBHOOK_EDGE_MAX_CONNECTIONS", "64")
        .start()
        .await;
    let address = sandbox.clients.edge_address();
    let mut held = Vec::new();
    for host in 0..100 {
        let mut stream = connect_from(host % 8 + 2, address).await;
        // Those who had to go may not be written to.
        let _gone = stream.write_all(HALF_A_HEAD.as_bytes()).await;
        held.push(stream);
    }
    let body = subscription("space.squeezed", &"ef".repeat(16), "");
    eventually("a webhook is taken", async || {
        let request = signed(WEBHOOK_SECRET, &body, "");
        match exchange(address, &request).await {
            answer if answer.starts_with("HTTP/1.1 200") => Ok(()),
            answer => Err(answer),
        }
    })
    .await;
    // The first ones made room, long before their limit of ten seconds.
    assert_eq!(rest(&mut held[0]).await, "");
}

#[tokio::test]
async fn hundreds_of_stalled_bodies_keep_no_webhook_out() {
    let sandbox = Sandbox::start().await;
    let address = sandbox.clients.edge_address();
    let mut held = Vec::new();
    for _ in 0..600 {
        held.push(send(address, STALLED_BODY).await);
    }
    let body = subscription("space.unmoved", &"fe".repeat(16), "");
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
    drop(held);
}

#[tokio::test]
async fn draining_waits_for_no_connection_that_only_stalls() {
    let mut sandbox = Sandbox::start().await;
    let address = sandbox.clients.edge_address();
    let mut half = send(address, HALF_A_HEAD).await;
    let mut idle = send(address, "GET /health HTTP/1.1\r\nhost: edge\r\n\r\n").await;
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let status = sandbox.edge.terminate().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(rest(&mut half).await, "");
    rest(&mut idle).await;
}
