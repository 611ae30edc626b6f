//! Sockets that are opened to be held, and when the other side closed each.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::figures::float;

/// How many addresses they come from: 127.0.0.2 and those after it.
pub(crate) const ADDRESSES: u8 = 8;

/// A slow head gets one more byte in this time.
const DRIP: Duration = Duration::from_secs(1);

/// How a socket stalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It sends a head a byte at a time.
    SlowHead,
    /// It sends a head and the beginning of a body, and nothing more.
    StalledBody,
}

/// Sockets of one kind.
pub(crate) struct Crowd {
    open: Arc<AtomicUsize>,
    closed_after: JoinSet<Duration>,
}

impl Crowd {
    /// Opens this many, one after the other, and begins with each.
    pub(crate) async fn open(kind: Kind, count: usize, address: SocketAddr) -> Self {
        let open = Arc::new(AtomicUsize::new(0));
        let mut closed_after = JoinSet::new();
        for number in 0..count {
            let host = 2 + u8::try_from(number % usize::from(ADDRESSES)).unwrap_or(0);
            let mut stream = connect_from(host, address).await;
            let opened = Instant::now();
            stream
                .write_all(kind.beginning())
                .await
                .expect("a fresh connection takes a few bytes");
            open.fetch_add(1, Ordering::Relaxed);
            let open = Arc::clone(&open);
            let first = DRIP.mul_f64(float(number) / float(count));
            closed_after.spawn(async move {
                hold(kind, first, stream).await;
                open.fetch_sub(1, Ordering::Relaxed);
                opened.elapsed()
            });
        }
        Self { open, closed_after }
    }

    /// How many are open.
    pub(crate) fn open_now(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Waits until all are closed; how long the longest was open.
    pub(crate) async fn longest(self) -> Duration {
        let all = self.closed_after.join_all().await;
        all.into_iter().max().unwrap_or_default()
    }
}

impl Kind {
    fn beginning(self) -> &'static [u8] {
        match self {
            Self::SlowHead => b"POST /webhooks/bettermode HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            Self::StalledBody => {
                b"POST /webhooks/bettermode HTTP/1.1\r\nHost: localhost\r\n\
                  Content-Length: 2048\r\n\r\n{\"networkId\":\""
            }
        }
    }
}

/// Until the other side closes it. The first byte more comes after `first`, so that
/// thousands do not send theirs at the same moment.
async fn hold(kind: Kind, first: Duration, mut stream: TcpStream) {
    let mut answer = [0; 512];
    if kind == Kind::StalledBody {
        while stream.read(&mut answer).await.is_ok_and(|count| count > 0) {}
        return;
    }
    let mut pause = first;
    loop {
        match timeout(pause, stream.read(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return,
            Err(_) if stream.write_all(b"x").await.is_err() => return,
            // More of an answer, or a byte sent.
            Ok(Ok(_)) | Err(_) => {}
        }
        pause = DRIP;
    }
}

async fn connect_from(host: u8, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0));
    socket.bind(from).expect("127.0.0.0/8 is this machine");
    socket
        .connect(address)
        .await
        .unwrap_or_else(|error| panic!("could not connect to {address}: {error}"))
}

/// Raises this process's limit of open files as far as it may.
pub(crate) fn allow_many_sockets() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).expect("the limit may be raised to its maximum");
}
