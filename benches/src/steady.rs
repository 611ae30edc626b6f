//! Webhooks at a steady rate, whatever becomes of them.
//!
//! Each connection has posts of its own and waits for each answer, so the webhooks of
//! one post have an order that everybody can know. A latency counts from the time at
//! which the webhook was due, so that a slow answer is not forgiven to those behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::{Connection, microseconds};
use crate::figures::Latencies;
use crate::report::say;
use crate::webhook::{Name, Writer};

const CONNECTIONS: u32 = 8;
/// Posts that a connection's webhooks are about.
const POSTS: u32 = 25;
/// A signature is good for 15 minutes.
const SIGN_ANEW: Duration = Duration::from_secs(60);

/// The load, running.
pub(crate) struct Steady {
    shared: Arc<Shared>,
    connections: JoinSet<BTreeMap<u32, u32>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    acknowledged: AtomicU64,
    wrong: AtomicU64,
    latencies: Mutex<Vec<u32>>,
}

/// Looks at a running load.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Shared>);

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) acknowledged: u64,
    /// Answers other than 200, and none.
    pub(crate) wrong: u64,
    /// How many webhooks of each post were acknowledged: the sequence numbers below.
    pub(crate) sent: BTreeMap<u32, u32>,
}

impl Steady {
    /// Starts sending so many in a second.
    pub(crate) fn start(address: SocketAddr, rate: u32, body_bytes: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let mut connections = JoinSet::new();
        let period = Duration::from_secs(1) * CONNECTIONS / rate.max(1);
        let start = Instant::now();
        for number in 0..CONNECTIONS {
            let first = start + period * number / CONNECTIONS;
            let shared = Arc::clone(&shared);
            connections.spawn(send(address, number, first, period, body_bytes, shared));
        }
        Self {
            shared,
            connections,
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress(Arc::clone(&self.shared))
    }

    /// Stops and waits for the last answers.
    pub(crate) async fn stop(mut self) -> Outcome {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut sent = BTreeMap::new();
        while let Some(ended) = self.connections.join_next().await {
            sent.append(&mut ended.expect("a connection ends with its counts"));
        }
        Outcome {
            acknowledged: self.shared.acknowledged.load(Ordering::Relaxed),
            wrong: self.shared.wrong.load(Ordering::Relaxed),
            sent,
        }
    }
}

impl Progress {
    /// How many were answered 200 so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.0.acknowledged.load(Ordering::Relaxed)
    }

    /// A mark for [`Progress::latencies_since`].
    pub(crate) fn latencies_from_now(&self) -> usize {
        self.latencies(<[u32]>::len)
    }

    /// Latencies of the answers since the mark.
    pub(crate) fn latencies_since(&self, mark: usize) -> Latencies {
        Latencies::new(self.latencies(|latencies| latencies[mark..].to_vec()))
    }

    fn latencies<T>(&self, look: impl FnOnce(&[u32]) -> T) -> T {
        look(
            &self
                .0
                .latencies
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

async fn send(
    address: SocketAddr,
    number: u32,
    first: Instant,
    period: Duration,
    body_bytes: usize,
    shared: Arc<Shared>,
) -> BTreeMap<u32, u32> {
    let mut connection = Connection::open(address).await;
    let (mut writer, mut signed) = (Writer::new(body_bytes), first);
    let mut request = Vec::new();
    let mut sent = BTreeMap::new();
    let (mut due, mut turn) = (first, 0);
    while !shared.stop.load(Ordering::Relaxed) {
        sleep_until(due).await;
        if signed.elapsed() > SIGN_ANEW {
            (writer, signed) = (Writer::new(body_bytes), Instant::now());
        }
        let entity = number + CONNECTIONS * (turn % POSTS);
        let sequence = sent.entry(entity).or_insert(0);
        let name = Name {
            run: std::process::id(),
            entity,
            sequence: *sequence,
        };
        writer.write(name, &mut request);
        match connection.exchange(&request).await {
            Ok(()) => {
                *sequence += 1;
                shared.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(wrong) => {
                if shared.wrong.fetch_add(1, Ordering::Relaxed) == 0 {
                    say(&format!("the first webhook that was not taken: {wrong}"));
                }
                sleep(period).await;
                connection = Connection::open(address).await;
            }
        }
        let latency = microseconds(due.elapsed());
        let mut latencies = shared
            .latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        latencies.push(latency);
        drop(latencies);
        due += period;
        turn = turn.wrapping_add(1);
    }
    sent
}
