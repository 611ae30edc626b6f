//! The loop over real sockets, beside warp's own server where that matters.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use warp::Filter as _;

use super::{ConnectionMetrics, Limits, Port, serve};
use crate::shutdown::Shutdown;
use crate::tasks::Tasks;

/// Bounds what never happens; a test that passes does not wait for it.
const PATIENCE: Duration = Duration::from_secs(20);

fn routes() -> impl warp::Filter<Extract = (String,), Error = warp::Rejection> + Clone {
    let echo = warp::path!("echo")
        .and(warp::body::bytes())
        .map(|body: bytes::Bytes| String::from_utf8_lossy(&body).into_owned());
    let large = warp::path!("large").map(|| "x".repeat(32 * 1024 * 1024));
    echo.or(large).unify()
}

fn quick() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(200),
        write_timeout: Duration::from_millis(200),
        ..Limits::default()
    }
}

async fn start(limits: Limits) -> (SocketAddr, Shutdown, Tasks) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    let port = Port {
        listener,
        limits,
        tls: None,
        metrics: ConnectionMetrics::default(),
    };
    let service = warp::service(routes());
    tasks.spawn(
        "http",
        serve(port, service, tasks.clone(), shutdown.clone()),
    );
    (address, shutdown, tasks)
}

async fn send(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the connection is closed.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes));
    let _reset = read.await.expect("the connection is closed");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn exchange(address: SocketAddr, text: &str) -> String {
    rest(&mut send(address, text).await).await
}

#[tokio::test]
async fn a_half_sent_head_is_closed_here_and_stays_open_at_warps_own_server() {
    let half = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-le";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let warps = listener.local_addr().unwrap();
    let server = warp::serve(routes()).incoming(listener).run();
    let (ours, _shutdown, tasks) = start(quick()).await;
    let warps_own = tasks.spawn("warp", server);
    let mut at_warps = send(warps, half).await;
    let mut at_ours = send(ours, half).await;
    assert_eq!(rest(&mut at_ours).await, "");
    // By now warp's has waited as long; it goes on for five times our limit.
    let mut byte = [0; 1];
    let closed = tokio::time::timeout(Duration::from_secs(1), at_warps.read(&mut byte)).await;
    assert!(closed.is_err(), "warp's server closed it too: {closed:?}");
    warps_own.abort();
}

#[tokio::test]
async fn a_connection_that_sends_nothing_or_falls_idle_is_closed() {
    let (address, ..) = start(quick()).await;
    assert_eq!(exchange(address, "").await, "");
    let answer = exchange(
        address,
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("hi"),
        "{answer}"
    );
    // Nor does a later head get longer than the first.
    let answer = exchange(address, "GET /none HTTP/1.1\r\nhost: a\r\n\r\nGET /no").await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_closed() {
    let (address, ..) = start(quick()).await;
    let mut stream = send(
        address,
        "GET /large HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    // Fails once the peer has closed.
    let peer_has_gone = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, peer_has_gone).await.unwrap();
    assert!(rest(&mut stream).await.len() < 32 * 1024 * 1024);
}

#[tokio::test]
async fn requests_one_behind_the_other_are_answered_in_order_with_bodies_of_both_kinds() {
    let (address, ..) = start(quick()).await;
    let answer = exchange(
        address,
        concat!(
            "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\none",
            "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\ntwo",
            "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n",
            "2\r\nth\r\n3\r\nree\r\n0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nfour",
        ),
    )
    .await;
    let bodies: Vec<_> = answer
        .match_indices("\r\n\r\n")
        .map(|(at, _)| &answer[at + 4..])
        .collect();
    // Chunked is the last on its connection.
    assert_eq!(bodies.len(), 3, "{answer}");
    assert!(bodies[0].starts_with("one") && bodies[1].starts_with("two"));
    assert_eq!(bodies[2], "three");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn heads_that_can_be_read_in_two_ways_are_refused_first_or_later() {
    let (address, ..) = start(quick()).await;
    let good = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi";
    for bad in [
        "POST /echo HTTP/1.1\r\nhost: a\r\nhost: b\r\ncontent-length: 2\r\n\r\nhi",
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi",
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nfolded: a\r\n b\r\n\r\nhi",
        "POST /echo HTTP/1.1\ncontent-length: 2\nhost: a\n\nhi",
    ] {
        let answer = exchange(address, bad).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{bad}: {answer}");
        let answer = exchange(address, &format!("{good}{bad}")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{bad}: {answer}");
        assert!(answer.contains("HTTP/1.1 400"), "{bad}: {answer}");
    }
    let preface = exchange(address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!preface.contains(" 200"), "{preface}");
    let large = format!(
        "GET /echo HTTP/1.1\r\nhost: a\r\nlarge: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let answer = exchange(address, &large).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = format!(
        "GET /echo HTTP/1.1\r\nhost: a\r\n{}\r\n",
        "a: b\r\n".repeat(80)
    );
    let answer = exchange(address, &many).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_head_in_single_bytes_is_a_head() {
    let (address, ..) = start(Limits::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in
        b"\r\nPOST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi"
    {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = rest(&mut stream).await;
    assert!(answer.ends_with("hi"), "{answer}");
}

#[tokio::test]
async fn when_all_places_are_taken_the_longest_waiting_goes_and_a_request_is_answered() {
    let limits = Limits {
        connections: 4,
        connections_per_address: 0,
        ..Limits::default()
    };
    let (address, ..) = start(limits).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(send(address, "GET /ec").await);
    }
    let request =
        "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
    let answered = async {
        // The first one that finds no place makes the longest waiting go.
        while !exchange(address, request).await.ends_with("hi") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
    assert_eq!(rest(&mut waiting.remove(0)).await, "");
}

#[tokio::test]
async fn draining_closes_what_only_waits_at_once() {
    let (address, shutdown, tasks) = start(Limits::default()).await;
    let mut idle = send(
        address,
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi",
    )
    .await;
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    let mut half = send(address, "GET /ec").await;
    // Accepted, as the answer to one that came later shows.
    let closing = "GET /none HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert!(exchange(address, closing).await.starts_with("HTTP/1.1 404"));
    shutdown.drain();
    assert!(tasks.finished(Duration::from_secs(5)).await);
    assert!(rest(&mut idle).await.ends_with("hi"));
    assert_eq!(rest(&mut half).await, "");
}
