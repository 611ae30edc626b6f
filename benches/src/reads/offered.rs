//! Reads that are offered at a steady rate, whether or not the ones before are answered.
//!
//! On a thread of its own. Each read is timed from the moment it is sent, so what is
//! measured is the service with all that waits in it, and not the client's timer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::client::Reader;
use crate::affinity;
use crate::client::microseconds;
use crate::figures::Latencies;

const CONNECTIONS: usize = 4;
const TICK: Duration = Duration::from_millis(1);

/// Whom to ask for what, how often.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) address: SocketAddr,
    /// In a second.
    pub(super) rate: f64,
    /// Members, in turns.
    pub(super) ids: Arc<[String]>,
    pub(super) core: Option<usize>,
}

/// Reads that are being offered.
pub(super) struct Offered {
    shared: Arc<Shared>,
    thread: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    /// Where the reads that are sent now are noted.
    period: Mutex<Period>,
}

/// A time in which reads are sent. What came of them is known once all are answered,
/// which may be in a later one.
#[derive(Debug, Clone, Default)]
pub(super) struct Period(Arc<Mutex<Answers>>);

#[derive(Debug, Default)]
struct Answers {
    microseconds: Vec<u32>,
    failed: usize,
    failure: Option<String>,
}

/// What came of the reads of a period.
#[derive(Debug)]
pub(super) struct Window {
    /// Of all answers, failures too.
    pub(super) latencies: Latencies,
    /// Answers that are no member or not the right one.
    pub(super) failed: usize,
    /// The first of them.
    pub(super) failure: Option<String>,
}

impl Offer {
    /// Offers for so long.
    pub(super) async fn run(self, time: Duration) -> Window {
        let offered = self.start();
        let period = offered.begin();
        tokio::time::sleep(time).await;
        offered.stop().await;
        period.window()
    }

    /// Offers until it is stopped.
    pub(super) fn start(self) -> Offered {
        let shared = Arc::new(Shared::default());
        let sharing = Arc::clone(&shared);
        let mut thread = JoinSet::new();
        thread.spawn(affinity::on_own_thread(self.core, move || {
            self.send(sharing)
        }));
        Offered { shared, thread }
    }

    async fn send(self, shared: Arc<Shared>) {
        let mut readers = Vec::new();
        for _ in 0..CONNECTIONS {
            readers.push(Reader::connect(self.address).await);
        }
        let mut turns = self.ids.iter().cycle().zip(readers.iter().cycle());
        let mut calls = JoinSet::new();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let start = Instant::now();
        let mut sent = 0.0;
        while !shared.stop.load(Ordering::Relaxed) {
            tick.tick().await;
            let due = start.elapsed().as_secs_f64() * self.rate;
            while sent < due {
                let Some((id, reader)) = turns.next() else {
                    return;
                };
                let period = lock(&shared.period).clone();
                calls.spawn(one(reader.clone(), id.clone(), period));
                sent += 1.0;
            }
            while calls.try_join_next().is_some() {}
        }
        let _all = calls.join_all().await;
    }
}

async fn one(reader: Reader, id: String, period: Period) {
    let start = Instant::now();
    let outcome = reader.read(&id).await;
    let took = microseconds(start.elapsed());
    let failure = match outcome {
        Ok(read) if read.member.id == id => None,
        Ok(read) => Some(format!("asked for {id}, got {}", read.member.id)),
        Err(status) => Some(status.to_string()),
    };
    let mut answers = lock(&period.0);
    answers.microseconds.push(took);
    if failure.is_some() {
        answers.failed += 1;
        answers.failure = answers.failure.take().or(failure);
    }
}

impl Offered {
    /// A new period begins now.
    pub(super) fn begin(&self) -> Period {
        let period = Period::default();
        lock(&self.shared.period).clone_from(&period);
        period
    }

    /// Stops and waits for the last answers.
    pub(super) async fn stop(mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.thread.join_next().await {
            ended.expect("the reads end by themselves");
        }
    }
}

impl Period {
    /// What came of its reads. To be asked for after the load has stopped.
    pub(super) fn window(&self) -> Window {
        let answers = std::mem::take(&mut *lock(&self.0));
        Window {
            latencies: Latencies::new(answers.microseconds),
            failed: answers.failed,
            failure: answers.failure,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
