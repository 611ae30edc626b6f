//! One set-up under load for a few seconds, and what became of the webhooks.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Setting;
use crate::client::{Answers, Load};
use crate::figures::{float, rate};
use crate::machine;
use crate::system::{Cores, Counter, Running, System};

const WARM_UP: Duration = Duration::from_millis(500);
/// Counting often enough to see the end, seldom enough not to be in the way.
const COUNT_EVERY: Duration = Duration::from_millis(50);
/// The store stands still for so long: what is missing then is lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is measured, with what.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub(super) system: System,
    pub(super) setting: Setting,
    pub(super) seconds: Duration,
    pub(super) folder: &'a Path,
    pub(super) mongodb: &'a str,
}

/// What one round found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// Answers in a second.
    pub(super) rate: f64,
    /// Answers for each second of the server's processor time while it answered.
    pub(super) answers_per_processor_second: f64,
    /// The same with the processor time until the last was stored.
    pub(super) stored_per_processor_second: f64,
    /// Milliseconds.
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    /// Stored in a second, from the first request until the last is stored.
    pub(super) end_to_end: f64,
    /// Cores that the client used, on average.
    pub(super) client_cores: f64,
    /// Cores that the server used while it answered.
    pub(super) server_cores: f64,
    /// Cores that the service behind it used until the last was stored.
    pub(super) service_cores: f64,
}

/// Runs rounds; no two webhooks of its runs are alike.
#[derive(Debug)]
pub(super) struct Client {
    body_bytes: usize,
    next: Arc<AtomicU64>,
}

impl Client {
    pub(super) fn new(body_bytes: usize) -> Self {
        Self {
            body_bytes,
            next: Arc::default(),
        }
    }

    /// Starts the set-up, warms it up, loads it, waits until all is stored, ends it.
    pub(super) async fn measure(&mut self, round: &Round<'_>) -> Measured {
        let cores = if round.setting.pinned {
            Cores {
                server: Some(0),
                others: Some(1),
            }
        } else {
            Cores::default()
        };
        let running = Running::start(round.system, round.folder, round.mongodb, cores).await;
        let counter = running.store.open().await;
        let keeps = !matches!(counter, Counter::Nothing);
        let load = Load {
            address: running.address,
            connections: round.setting.connections,
            duration: WARM_UP,
            body_bytes: self.body_bytes,
            run: std::process::id(),
            next: Arc::clone(&self.next),
            core: cores.others,
        };
        let before = counter.count().await;
        let warm_up = load.clone().run().await;
        let before = if keeps {
            all_stored(&counter, before, warm_up.latencies.count()).await
        } else {
            before
        };

        let usage = Usage::now(&running);
        let start = Instant::now();
        let duration = round.seconds;
        let answers = Load { duration, ..load }.run().await;
        let answered = Usage::now(&running);
        if keeps {
            all_stored(&counter, before, answers.latencies.count()).await;
        }
        let until_stored = start.elapsed();
        let stored = Usage::now(&running);
        measured(&answers, until_stored, [usage, answered, stored])
    }
}

/// Waits until exactly so many more are stored; returns how many there are then.
async fn all_stored(counter: &Counter, before: u64, acknowledged: usize) -> u64 {
    let wanted = before + acknowledged as u64;
    let (mut count, mut moved) = (counter.count().await, Instant::now());
    while count != wanted {
        assert!(
            count < wanted,
            "{count} webhooks are stored, of {wanted} that were sent"
        );
        assert!(
            moved.elapsed() < PATIENCE,
            "{} of {acknowledged} acknowledged webhooks are not stored",
            wanted - count
        );
        sleep(COUNT_EVERY).await;
        let now = counter.count().await;
        if now != count {
            (count, moved) = (now, Instant::now());
        }
    }
    count
}

/// Processor time so far.
#[derive(Debug, Clone, Copy)]
struct Usage {
    server: Duration,
    service: Duration,
    client: Duration,
}

impl Usage {
    fn now(running: &Running) -> Self {
        Self {
            server: machine::processor_time(running.server_id()),
            service: running
                .service_id()
                .map_or(Duration::ZERO, machine::processor_time),
            client: machine::processor_time(std::process::id()),
        }
    }
}

fn measured(
    answers: &Answers,
    until_stored: Duration,
    [before, answered, stored]: [Usage; 3],
) -> Measured {
    let count = answers.latencies.count();
    let cores = |used: Duration, time: Duration| used.as_secs_f64() / time.as_secs_f64();
    Measured {
        rate: rate(count, answers.elapsed),
        answers_per_processor_second: rate(count, answered.server.saturating_sub(before.server)),
        stored_per_processor_second: rate(count, stored.server.saturating_sub(before.server)),
        p50: answers.latencies.percentile(0.5),
        p99: answers.latencies.percentile(0.99),
        p999: answers.latencies.percentile(0.999),
        end_to_end: float(count) / until_stored.as_secs_f64(),
        client_cores: cores(
            answered.client.saturating_sub(before.client),
            answers.elapsed,
        ),
        server_cores: cores(
            answered.server.saturating_sub(before.server),
            answers.elapsed,
        ),
        service_cores: cores(stored.service.saturating_sub(before.service), until_stored),
    }
}
