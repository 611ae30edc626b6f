//! A TCP proxy that misbehaves on demand: it delays, swallows, resets, holds back,
//! slices, corrupts and slows down, each direction apart, from one moment to the next.
//!
//! It knows nothing of what it carries. Its randomness comes from a seed; when
//! chunks arrive and how they are cut is the operating system's affair.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

mod pump;

use pump::{End, pump};

/// What goes wrong in one direction. The default is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Faults {
    /// Every chunk waits this long before it goes on.
    pub delay: Duration,
    /// The chance, for each chunk, that from it on this direction of its connection
    /// is swallowed while the connection stays open. TCP never leaves a gap and goes
    /// on, so neither does this.
    pub drop: f64,
    /// The chance, for each chunk, that its connection is reset on both sides.
    pub reset: f64,
    /// Nothing passes; what came meanwhile goes on when this is over.
    pub blackhole: bool,
    /// Chunks go on in pieces of at most this many bytes.
    pub slice: Option<usize>,
    /// The chance, for each chunk, that one of its bits is flipped.
    pub corrupt: f64,
    /// At most this many bytes pass in a second.
    pub bytes_per_second: Option<u32>,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the one who connected.
    ToServer,
    /// The answers.
    ToClient,
}

/// A running proxy; ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    wires: Arc<Wires>,
    _accepting: JoinSet<()>,
}

/// What all connections share.
#[derive(Debug)]
struct Wires {
    target: SocketAddr,
    to_server: watch::Sender<Faults>,
    to_client: watch::Sender<Faults>,
    cut: watch::Sender<()>,
}

impl FaultProxy {
    /// A proxy on a free port before `target`, which need not listen yet.
    pub async fn start(target: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("this machine has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let wires = Arc::new(Wires {
            target,
            to_server: watch::Sender::default(),
            to_client: watch::Sender::default(),
            cut: watch::Sender::default(),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&wires), seed));
        Self {
            address,
            wires,
            _accepting: accepting,
        }
    }

    /// Where to connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this goes wrong in this direction, on connections that are open
    /// too.
    pub fn set(&self, direction: Direction, faults: Faults) {
        self.wires.direction(direction).send_replace(faults);
    }

    /// Nothing goes wrong any more, but on connections that swallow already.
    pub fn clear(&self) {
        self.set(Direction::ToServer, Faults::default());
        self.set(Direction::ToClient, Faults::default());
    }

    /// Resets every connection that is open.
    pub fn reset_all(&self) {
        self.wires.cut.send_replace(());
    }
}

impl Wires {
    fn direction(&self, direction: Direction) -> &watch::Sender<Faults> {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }
}

async fn accept(listener: TcpListener, wires: Arc<Wires>, seed: u64) {
    let mut connections = JoinSet::new();
    let mut rng = StdRng::seed_from_u64(seed);
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                let wires = Arc::clone(&wires);
                connections.spawn(connection(client, wires, StdRng::from_rng(&mut rng)));
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Carries one connection to its end.
async fn connection(mut client: TcpStream, wires: Arc<Wires>, mut rng: StdRng) {
    let mut cut = wires.cut.subscribe();
    let Ok(mut server) = TcpStream::connect(wires.target).await else {
        reset(&client);
        return;
    };
    // What is sliced must not be put together again.
    let _slower = (client.set_nodelay(true), server.set_nodelay(true));
    let mut other_rng = StdRng::from_rng(&mut rng);
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let requests = pump(
            from_client,
            to_server,
            wires.to_server.subscribe(),
            &mut rng,
        );
        let answers = pump(
            from_server,
            to_client,
            wires.to_client.subscribe(),
            &mut other_rng,
        );
        tokio::select! {
            ended = async { tokio::try_join!(requests, answers) } => {
                ended.err().unwrap_or(End::Closed)
            }
            _cut = cut.changed() => End::Reset,
        }
    };
    if end == End::Reset {
        reset(&client);
        reset(&server);
    }
}

/// Closing is an RST from now on, not a FIN.
fn reset(stream: &TcpStream) {
    let _already_gone = stream.set_zero_linger();
}
