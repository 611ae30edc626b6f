//! The fault proxy by itself, before a server that sends back what it gets.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::time::Duration;

use integration_tests::FaultProxy;
use integration_tests::fault_proxy::{Direction, Faults};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Long enough for a byte on this machine, short enough to wait for nothing.
const NOTHING_COMES: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(20);

struct Echo {
    proxy: FaultProxy,
    _server: JoinSet<()>,
}

impl Echo {
    async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _reset = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        Self {
            proxy: FaultProxy::start(address, seed).await,
            _server: server,
        }
    }

    async fn with(faults: Faults) -> (Self, TcpStream) {
        let echo = Self::start(7).await;
        echo.proxy.set(Direction::ToServer, faults);
        let stream = echo.connect().await;
        (echo, stream)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.unwrap()
    }
}

async fn comes_back(stream: &mut TcpStream, sent: &[u8]) -> Vec<u8> {
    let (mut from, mut to) = stream.split();
    let mut got = vec![0; sent.len()];
    let both = async { tokio::try_join!(to.write_all(sent), from.read_exact(&mut got)) };
    timeout(PATIENCE, both).await.expect("it comes").unwrap();
    got
}

async fn nothing_comes(stream: &mut TcpStream) -> bool {
    timeout(NOTHING_COMES, stream.read_u8()).await.is_err()
}

fn text(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(length).collect()
}

#[tokio::test]
async fn without_faults_all_bytes_pass_and_the_end_passes_too() {
    let (_echo, mut stream) = Echo::with(Faults::default()).await;
    let sent = text(1_000_000);
    assert_eq!(comes_back(&mut stream, &sent).await, sent);
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_delay_holds_back_each_chunk() {
    let delay = Duration::from_millis(200);
    let (_echo, mut stream) = Echo::with(Faults {
        delay,
        ..Faults::default()
    })
    .await;
    let started = Instant::now();
    assert_eq!(comes_back(&mut stream, b"late").await, b"late");
    assert!(started.elapsed() >= delay);
}

#[tokio::test]
async fn what_is_dropped_never_comes_and_the_connection_stays_open() {
    let (echo, mut stream) = Echo::with(Faults {
        drop: 1.0,
        ..Faults::default()
    })
    .await;
    stream.write_all(b"lost").await.unwrap();
    assert!(nothing_comes(&mut stream).await);
    // Swallowed for good: a stream with a gap is what TCP never gives.
    echo.proxy.clear();
    stream.write_all(b"lost too").await.unwrap();
    assert!(nothing_comes(&mut stream).await);
    let mut another = echo.connect().await;
    assert_eq!(comes_back(&mut another, b"new").await, b"new");
}

#[tokio::test]
async fn a_reset_is_seen_as_one() {
    let (_echo, mut stream) = Echo::with(Faults {
        reset: 1.0,
        ..Faults::default()
    })
    .await;
    stream.write_all(b"x").await.unwrap();
    let read = timeout(PATIENCE, stream.read_u8()).await.unwrap();
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn open_connections_can_be_reset_all_at_once() {
    let echo = Echo::start(7).await;
    let mut streams = [echo.connect().await, echo.connect().await];
    for stream in &mut streams {
        assert_eq!(comes_back(stream, b"open").await, b"open");
    }
    echo.proxy.reset_all();
    for stream in &mut streams {
        let read = timeout(PATIENCE, stream.read_u8()).await.unwrap();
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(comes_back(&mut echo.connect().await, b"new").await, b"new");
}

#[tokio::test]
async fn a_blackhole_gives_back_what_it_held_once_it_is_over() {
    let (echo, mut stream) = Echo::with(Faults {
        blackhole: true,
        ..Faults::default()
    })
    .await;
    stream.write_all(b"held").await.unwrap();
    assert!(nothing_comes(&mut stream).await);
    echo.proxy.clear();
    let mut got = [0; 4];
    timeout(PATIENCE, stream.read_exact(&mut got))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&got, b"held");
}

#[tokio::test]
async fn slices_are_all_that_was_sent_in_small_pieces() {
    let (_echo, mut stream) = Echo::with(Faults {
        slice: Some(3),
        ..Faults::default()
    })
    .await;
    let sent = text(20_000);
    assert_eq!(comes_back(&mut stream, &sent).await, sent);
}

#[tokio::test]
async fn corruption_flips_one_bit_of_a_chunk_and_the_seed_says_which() {
    let mut flipped = Vec::new();
    for seed in [7, 7, 8] {
        let echo = Echo::start(seed).await;
        echo.proxy.set(
            Direction::ToServer,
            Faults {
                corrupt: 1.0,
                ..Faults::default()
            },
        );
        let sent = text(1000);
        let got = comes_back(&mut echo.connect().await, &sent).await;
        let bits = sent.iter().zip(&got).map(|(a, b)| (a ^ b).count_ones());
        assert_eq!(bits.sum::<u32>(), 1);
        flipped.push(got);
    }
    assert_eq!(flipped[0], flipped[1]);
    assert_ne!(flipped[0], flipped[2]);
}

#[tokio::test]
async fn a_narrow_wire_takes_its_time() {
    let (_echo, mut stream) = Echo::with(Faults {
        bytes_per_second: Some(10_000),
        ..Faults::default()
    })
    .await;
    let sent = text(3_000);
    let started = Instant::now();
    assert_eq!(comes_back(&mut stream, &sent).await, sent);
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn each_direction_has_faults_of_its_own() {
    let echo = Echo::start(7).await;
    let mut stream = echo.connect().await;
    assert_eq!(comes_back(&mut stream, b"both ways").await, b"both ways");
    let drop = Faults {
        drop: 1.0,
        ..Faults::default()
    };
    echo.proxy.set(Direction::ToClient, drop);
    stream.write_all(b"one way").await.unwrap();
    assert!(nothing_comes(&mut stream).await);
}

#[tokio::test]
async fn before_a_server_that_is_away_a_connection_is_reset() {
    let nobody = integration_tests::ports::free();
    let proxy = FaultProxy::start(nobody, 7).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let read = timeout(PATIENCE, stream.read_u8()).await.unwrap();
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
}
