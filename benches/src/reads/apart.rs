//! Reads as fast as they are answered, no two at once of the same member, so that none
//! shares the work of another. On a thread of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use community_proto::v1::Source;
use tokio::task::JoinSet;

use super::client::Reader;
use crate::affinity;
use crate::client::microseconds;
use crate::figures::Latencies;

/// Reads at once, and over how many connections.
const AT_ONCE: usize = 128;
const CONNECTIONS: usize = 4;
/// Members of each reader.
const EACH: usize = 8;

/// How many members it takes.
pub(super) const MEMBERS: usize = AT_ONCE * EACH;

/// What came of it; every answer was the member, from Redis.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) latencies: Latencies,
    pub(super) elapsed: Duration,
}

/// Reads for so long.
pub(super) async fn run(
    address: SocketAddr,
    ids: Arc<[String]>,
    time: Duration,
    core: Option<usize>,
) -> Outcome {
    let reading = tokio::task::spawn_blocking(move || {
        let thread = std::thread::spawn(move || {
            if let Some(core) = core {
                affinity::pin_this_thread(core);
            }
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made");
            runtime.block_on(read(address, &ids, time))
        });
        thread.join()
    });
    let outcome = reading.await.expect("waiting does not panic");
    outcome.expect("every read is answered from Redis")
}

async fn read(address: SocketAddr, ids: &Arc<[String]>, time: Duration) -> Outcome {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Reader::connect(address).await);
    }
    let started = Instant::now();
    let mut readers = JoinSet::new();
    for number in 0..AT_ONCE {
        let reader = connections[number % CONNECTIONS].clone();
        let ids = Arc::clone(ids);
        readers.spawn(async move {
            let mut latencies = Vec::new();
            for id in ids[number * EACH..(number + 1) * EACH].iter().cycle() {
                if started.elapsed() >= time {
                    break;
                }
                let sent = Instant::now();
                let read = reader.read(id).await.expect("the member can be read");
                latencies.push(microseconds(sent.elapsed()));
                let right = read.source == Source::Redis && read.member.id == *id;
                assert!(right, "asked for {id}, answered {read:?}");
            }
            latencies
        });
    }
    let latencies = readers.join_all().await.concat();
    Outcome {
        latencies: Latencies::new(latencies),
        elapsed: started.elapsed(),
    }
}
