//! Callers of gRPC who break the rules or use them against the service: each finds its
//! limit, and an honest caller is served all the while.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use community_proto::v1::{ErrorReason, GetStatusRequest};
use h2::Reason;
use integration_tests::{Clients, Failure, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tonic::Code;

use crate::raw_h2::{Connection, frame, frame_of};

const READ: &str = "/community.v1.CommunityService/GetMember";
const STATUS: &str = "/community.v1.CommunityService/GetStatus";

/// Longer than an honest call takes on a loaded machine.
const UNHARMED: Duration = Duration::from_secs(5);

/// Longer than anything takes while a test itself has ten thousand things to send.
const PATIENCE: Duration = Duration::from_secs(15);

/// Somebody honest who calls one call after the other.
struct Honest {
    stop: Arc<AtomicBool>,
    calls: JoinHandle<Vec<Duration>>,
}

impl Honest {
    fn start(clients: &Clients) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, mut client) = (Arc::clone(&stop), clients.community());
        #[expect(clippy::disallowed_methods, reason = "awaited by `was_served`")]
        let calls = tokio::spawn(async move {
            let mut took = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let begun = Instant::now();
                client.get_status(GetStatusRequest {}).await.unwrap();
                took.push(begun.elapsed());
            }
            took
        });
        Self { stop, calls }
    }

    /// Panics when a call failed or took long.
    async fn was_served(self) {
        self.stop.store(true, Ordering::Relaxed);
        let took = self.calls.await.expect("every honest call is answered");
        let longest = took.iter().max().expect("there was a call");
        assert!(*longest < UNHARMED, "{longest:?} of {} calls", took.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_taken_back_at_once_by_the_thousand_harm_nobody() {
    let sandbox = Sandbox::start().await;
    let honest = Honest::start(&sandbox.clients);
    let address = sandbox.clients.service_address();
    let mut opened = 0;
    while opened < 20_000 {
        let hostile = Connection::plain(address).await;
        loop {
            match hostile.open(READ, &[]).await {
                Ok((_, mut sending)) => sending.send_reset(Reason::CANCEL),
                // Shown the door.
                Err(_) => break,
            }
            opened += 1;
            if opened >= 20_000 {
                break;
            }
        }
        opened += 1;
    }
    honest.was_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_rapid_resets_written_by_hand_end_the_connection_or_harm_nobody() {
    let sandbox = Sandbox::start().await;
    let honest = Honest::start(&sandbox.clients);
    let mut hostile = RawFrames::connect(sandbox.clients.service_address()).await;
    // Head and reset of each call in one go, as fast as they can be written.
    for chunk in 0..200_u32 {
        let mut frames = Vec::new();
        for number in 0..100 {
            let stream = 1 + 2 * (chunk * 100 + number);
            frames.extend(headers(stream, false));
            frames.extend(reset(stream));
        }
        if hostile.write(&frames).await.is_err() {
            break;
        }
    }
    honest.was_served().await;
    hostile.is_over_or_answers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_streams_on_one_connection_are_not_opened() {
    let sandbox = Sandbox::start().await;
    let honest = Honest::start(&sandbox.clients);
    let mut hostile = RawFrames::connect(sandbox.clients.service_address()).await;
    // Each waits for a message that never comes.
    for chunk in 0..100_u32 {
        let mut frames = Vec::new();
        for number in 0..100 {
            frames.extend(headers(1 + 2 * (chunk * 100 + number), false));
        }
        if hostile.write(&frames).await.is_err() {
            break;
        }
    }
    let refused = hostile.refused_or_closed().await;
    assert!(refused, "ten thousand streams were opened");
    honest.was_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_streams_over_many_connections_leave_room_for_others() {
    let sandbox = Sandbox::start().await;
    let address = sandbox.clients.service_address();
    let mut held = Vec::new();
    for _ in 0..40 {
        let connection = Connection::plain(address).await;
        let mut streams = Vec::new();
        for _ in 0..250 {
            // Half a message: the call is open and waits for the other half.
            let (answer, mut sending) = connection.open(READ, &[]).await.unwrap();
            sending
                .send_data(frame_of(false, 100, b"half"), false)
                .unwrap();
            streams.push((answer, sending));
        }
        held.push((connection, streams));
    }
    // They take all slots, and more are refused, at once and with pushback; probes are
    // not.
    let mut client = sandbox.clients.community();
    let refused = timeout(PATIENCE, client.get_status(GetStatusRequest {}))
        .await
        .unwrap();
    let failure = Failure::of(refused).is(Code::ResourceExhausted, ErrorReason::Overloaded);
    assert!(failure.retry_after.is_some());
    let check = tonic_health::pb::HealthCheckRequest::default();
    let mut health = sandbox.clients.health();
    timeout(PATIENCE, health.check(check))
        .await
        .unwrap()
        .unwrap();
    drop(held);
    integration_tests::eventually("others are served again", async || {
        client.get_status(GetStatusRequest {}).await.map(drop)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_are_too_large_cut_or_lie_about_their_length_are_refused_with_a_reason() {
    let sandbox = Sandbox::start().await;
    let honest = Honest::start(&sandbox.clients);
    let connection = Connection::plain(sandbox.clients.service_address()).await;
    let large = vec![0; 9 * 1024 * 1024];
    for (what, body) in [
        ("too large", frame(&large)),
        ("says 4 GiB", frame_of(false, u32::MAX as usize, b"little")),
        ("cut in the message", frame_of(false, 100, b"cut")),
        ("cut in the length", Bytes::from_static(&[0, 0, 0])),
        ("no message", Bytes::new()),
        ("no protobuf", frame(&[0xff; 40])),
        ("packed with nothing", frame_of(true, 3, b"abc")),
        ("no such flag", Bytes::from_static(&[7, 0, 0, 0, 0])),
    ] {
        let status = connection.call(READ, &[], body).await.unwrap();
        assert_ne!(status.code(), Code::Ok, "{what}");
        let failure = Failure::read(&status);
        assert_ne!(failure.code, Code::Unknown, "{what}: {failure:?}");
    }
    connection.call(STATUS, &[], frame(&[])).await.unwrap();
    honest.was_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_grows_when_it_is_unpacked_is_refused() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let megabyte = vec![0; 1024 * 1024];
    for _ in 0..32 {
        packer.write_all(&megabyte).unwrap();
    }
    let small = packer.finish().unwrap();
    assert!(small.len() < 1024 * 1024);
    let sandbox = Sandbox::start().await;
    let honest = Honest::start(&sandbox.clients);
    let connection = Connection::plain(sandbox.clients.service_address()).await;
    let body = frame_of(true, small.len(), &small);
    let headers = [("grpc-encoding", "gzip")];
    for _ in 0..4 {
        let status = connection
            .call(STATUS, &headers, body.clone())
            .await
            .unwrap();
        let failure = Failure::read(&status);
        let _checked = failure.is(Code::InvalidArgument, ErrorReason::InvalidField);
    }
    honest.was_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_outs_that_are_none_count_as_none_and_unknown_packing_is_named() {
    let sandbox = Sandbox::start().await;
    let connection = Connection::plain(sandbox.clients.service_address()).await;
    for timeout in [
        "",
        "S",
        "-1S",
        "1x",
        "123456789S",
        "0x10S",
        "1 S",
        "99999999H",
    ] {
        let headers = [("grpc-timeout", timeout)];
        let status = connection.call(STATUS, &headers, frame(&[])).await.unwrap();
        assert_eq!(status.code(), Code::Ok, "{timeout:?}: {status:?}");
    }
    let headers = [("grpc-timeout", "0n")];
    let status = connection
        .call(READ, &headers, frame(b"\x0a\x01a"))
        .await
        .unwrap();
    let _checked = Failure::read(&status).is(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded);

    let headers = [("grpc-encoding", "snappy")];
    let status = connection.call(STATUS, &headers, frame(&[])).await.unwrap();
    let failure = Failure::read(&status);
    let failure = failure.is(Code::Unimplemented, ErrorReason::Unimplemented);
    assert!(failure.message.contains("snappy"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_beyond_the_limit_and_garbage_end_the_connection_and_nothing_else() {
    let sandbox = Sandbox::start().await;
    let honest = Honest::start(&sandbox.clients);
    let address = sandbox.clients.service_address();
    let connection = Connection::plain(address).await;
    let long = "x".repeat(64 * 1024);
    let refused = connection
        .call(STATUS, &[("x-long", &long)], frame(&[]))
        .await;
    assert!(refused.is_err_and(|error| error.is_reset() || error.is_go_away() || error.is_io()));

    for bytes in [
        b"GET / HTTP/1.1\r\nhost: service\r\n\r\n".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n garbage that is no frame at all, far too long for one",
        &[0xff; 64],
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _refused_early = stream.write_all(bytes).await;
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        let _reset = closed.expect("the service closes the connection");
    }
    honest.was_served().await;
}

/// HTTP/2 frame by frame, without a client that keeps the rules.
struct RawFrames(TcpStream);

impl RawFrames {
    async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let settings = frame_bytes(4, 0, 0, &[]);
        let first = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &settings].concat();
        stream.write_all(&first).await.unwrap();
        Self(stream)
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        // A service that no longer reads must not hold up the test.
        match timeout(Duration::from_secs(2), self.0.write_all(bytes)).await {
            Ok(written) => written,
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }

    /// The next frame's type and payload.
    async fn next(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await?;
        Ok((head[3], payload))
    }

    /// Whether streams are refused, or the connection is closed.
    async fn refused_or_closed(&mut self) -> bool {
        const RST_STREAM: u8 = 3;
        const GOAWAY: u8 = 7;
        let looking = async {
            loop {
                match self.next().await {
                    Ok((RST_STREAM | GOAWAY, _)) | Err(_) => return true,
                    Ok(_) => {}
                }
            }
        };
        timeout(Duration::from_secs(10), looking)
            .await
            .unwrap_or(false)
    }

    /// The connection is closed, or still answers a ping.
    async fn is_over_or_answers(&mut self) {
        const GOAWAY: u8 = 7;
        const PING: u8 = 6;
        if self.write(&frame_bytes(PING, 0, 0, &[1; 8])).await.is_err() {
            return;
        }
        let looking = async {
            loop {
                match self.next().await {
                    Ok((GOAWAY | PING, _)) | Err(_) => return,
                    Ok(_) => {}
                }
            }
        };
        timeout(Duration::from_secs(10), looking)
            .await
            .expect("the connection is closed, or answers");
    }
}

fn frame_bytes(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The head of a call, in HPACK without a table.
fn headers(stream: u32, ends: bool) -> Vec<u8> {
    let mut block = vec![0x83, 0x86]; // POST, http
    for (name, value) in [
        (b":path".as_slice(), READ.as_bytes()),
        (b":authority", b"service"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
    ] {
        block.push(0x00);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text);
        }
    }
    let end_headers = 0x4 | u8::from(ends);
    frame_bytes(1, end_headers, stream, &block)
}

/// Takes a call back.
fn reset(stream: u32) -> Vec<u8> {
    const CANCEL: u32 = 8;
    frame_bytes(3, 0, stream, &CANCEL.to_be_bytes())
}
