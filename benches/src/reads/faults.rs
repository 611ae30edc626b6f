//! Redis dies, comes back, hangs, loses everything, while members are read.
//!
//! Two services reach it through a proxy that can hold back every byte. The first one is
//! measured, the second one changes members, to see when the two share again.

use std::time::{Duration, Instant};

use integration_tests::fault_proxy::{Direction, Faults};
use integration_tests::{FaultProxy, Redis};
use tokio::time::{sleep, timeout};

use super::Plan;
use super::client::Reader;
use super::offered::{Offer, Window};
use super::stage::Stage;
use crate::affinity;
use crate::figures::number;
use crate::report::Report;

const RATE: u32 = 2000;
const MEMBERS: usize = 200;
const MOST_ABOVE_P99_MS: f64 = 2.0;
const MOST_UNTIL_SHARED: Duration = Duration::from_secs(1);
/// How long an invalidation may take to arrive before it counts as lost.
const ARRIVAL: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(5);

/// What Redis goes through, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Quiet,
    Killed,
    Restarted,
    Blackholed,
    Unblocked,
    Flushed,
}

impl Phase {
    const ALL: [Self; 6] = [
        Self::Quiet,
        Self::Killed,
        Self::Restarted,
        Self::Blackholed,
        Self::Unblocked,
        Self::Flushed,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Killed => "Redis killed",
            Self::Restarted => "started again, empty",
            Self::Blackholed => "nothing passes",
            Self::Unblocked => "all passes again",
            Self::Flushed => "FLUSHALL",
        }
    }

    /// Whether Redis is there again after it was not.
    fn is_return(self) -> bool {
        matches!(self, Self::Restarted | Self::Unblocked)
    }
}

/// Redis and the way to it.
struct Store {
    redis: Redis,
    proxy: FaultProxy,
    core: Option<usize>,
}

/// The two services, and a member that only this looks at.
struct Sharing {
    first: Reader,
    second: Reader,
    member: String,
}

/// What one phase gave.
struct Found {
    phase: Phase,
    window: Window,
    /// Where Redis came back: until the two shared again, unless they did not.
    shared: Option<Duration>,
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let stage = Stage::new(plan);
    let mut store = Store::start(&stage, plan).await;
    let upstream = stage.upstream(MEMBERS + 1, &[]).await;
    let url = format!("redis://{}", store.proxy.address());
    let settings = [("REDIS_URL", url.as_str())];
    let first = stage.replica(&upstream, &settings).await;
    let second = stage.other_replica(&upstream, &settings).await;
    let mut ids = upstream.members(0, MEMBERS + 1).await;
    let sharing = Sharing {
        first: first.reader().await,
        second: second.reader().await,
        member: ids.pop().unwrap_or_default(),
    };
    for id in &ids {
        sharing.first.read(id).await.expect("a member can be read");
    }
    let load = Offer {
        address: first.address,
        rate: f64::from(RATE),
        ids: ids.into(),
        core: plan.cores.others,
    };
    let load = load.start();
    let time = plan.pick(Duration::from_secs(5), Duration::from_secs(1));
    sleep(time / 2).await;
    let mut found = Vec::new();
    for phase in Phase::ALL {
        // A read belongs to the phase in which it is sent, however late its answer is.
        let period = load.begin();
        let shared = store.phase(phase, time, &sharing).await;
        found.push((phase, period, shared));
    }
    load.stop().await;
    let found: Vec<Found> = found
        .into_iter()
        .map(|(phase, period, shared)| Found {
            phase,
            window: period.window(),
            shared,
        })
        .collect();
    show(report, &found, time);
}

impl Store {
    async fn start(stage: &Stage, plan: Plan) -> Self {
        let redis = stage.redis().await;
        let address = redis.url().trim_start_matches("redis://").parse();
        let address = address.expect("the URL holds an address");
        Self {
            proxy: FaultProxy::start(address, 1).await,
            redis,
            core: plan.cores.others,
        }
    }

    /// Goes through it. Where Redis comes back, returns how long it took until the
    /// services shared again, unless they did not.
    async fn phase(&mut self, phase: Phase, time: Duration, sharing: &Sharing) -> Option<Duration> {
        let start = Instant::now();
        self.enter(phase).await;
        let shared = if phase.is_return() {
            sharing.again(time.max(MOST_UNTIL_SHARED * 2)).await
        } else {
            None
        };
        sleep(time.saturating_sub(start.elapsed())).await;
        shared
    }

    async fn enter(&mut self, phase: Phase) {
        match phase {
            Phase::Quiet => {}
            Phase::Killed => self.redis.program.kill(),
            Phase::Restarted => {
                self.redis.restart().await;
                affinity::pin_program(&self.redis.program, self.core);
            }
            Phase::Blackholed => {
                let faults = Faults {
                    blackhole: true,
                    ..Faults::default()
                };
                self.proxy.set(Direction::ToServer, faults);
                self.proxy.set(Direction::ToClient, faults);
            }
            Phase::Unblocked => self.proxy.clear(),
            Phase::Flushed => self.flush().await,
        }
    }

    async fn flush(&self) {
        let client = redis::Client::open(self.redis.url()).expect("the URL is one of Redis");
        let connection = client.get_multiplexed_async_connection().await;
        let mut connection = connection.expect("Redis is there");
        let () = redis::cmd("FLUSHALL")
            .query_async(&mut connection)
            .await
            .expect("Redis forgets everything");
    }
}

impl Sharing {
    /// How long it takes from now until what the second drops is dropped by the first;
    /// nothing when that does not happen in time.
    async fn again(&self, patience: Duration) -> Option<Duration> {
        let start = Instant::now();
        let shares = async {
            while !self.shares().await {
                sleep(PAUSE).await;
            }
            start.elapsed()
        };
        timeout(patience, shares).await.ok()
    }

    async fn shares(&self) -> bool {
        let Ok(old) = self.first.read(&self.member).await else {
            return false;
        };
        if self.second.invalidate(&self.member).await.is_err() {
            return false;
        }
        let dropped = Instant::now();
        while dropped.elapsed() < ARRIVAL {
            let read = self.first.read(&self.member).await;
            if read.is_ok_and(|read| read.fetched_at != old.fetched_at) {
                return true;
            }
        }
        false
    }
}

fn show(report: &mut Report, found: &[Found], time: Duration) {
    report.paragraph(&format!(
        "{} reads a second of {MEMBERS} members that the service holds in memory, {} s in each \
         phase. \"Shared again\" is the time from Redis' return until an InvalidateMember call to \
         a second service makes the first one drop its copy. The first service has core 0 for \
         itself.",
        number(f64::from(RATE), 0),
        time.as_secs()
    ));
    let row = |found: &Found| {
        let latencies = &found.window.latencies;
        let shared = match found.shared {
            None if !found.phase.is_return() => "-".to_owned(),
            None => "not".to_owned(),
            Some(time) => number(time.as_secs_f64() * 1000.0, 0),
        };
        vec![
            found.phase.name().to_owned(),
            number(crate::figures::float(latencies.count()), 0),
            found.window.failed.to_string(),
            number(latencies.percentile(0.5), 2),
            number(latencies.percentile(0.99), 2),
            number(latencies.percentile(1.0), 2),
            shared,
        ]
    };
    report.table(
        &[
            "Phase",
            "reads",
            "failed",
            "p50 ms",
            "p99 ms",
            "most ms",
            "shared again, ms",
        ],
        &found.iter().map(row).collect::<Vec<_>>(),
    );
    if let Some(failure) = found.iter().find_map(|one| one.window.failure.as_ref()) {
        report.paragraph(&format!("The first read that failed: {failure}"));
    }
    bars(report, found);
}

fn bars(report: &mut Report, found: &[Found]) {
    let failed: usize = found.iter().map(|one| one.window.failed).sum();
    let p99 = |one: &Found| one.window.latencies.percentile(0.99);
    let quiet = found.first().map_or(0.0, p99);
    let above = found.iter().map(p99).fold(0.0, f64::max) - quiet;
    let returns = found.iter().filter(|one| one.phase.is_return());
    let shared: Option<Vec<Duration>> = returns.map(|one| one.shared).collect();
    let slowest = shared.and_then(|times| times.into_iter().max());
    report.bars(&[
        ("no read fails", format!("{failed} failed"), failed == 0),
        (
            "p99 of every phase at most 2 ms above the quiet one",
            format!("{above:+.2} ms"),
            above <= MOST_ABOVE_P99_MS,
        ),
        (
            "shared again within 1 s of Redis' return, each time",
            slowest.map_or("not shared again".to_owned(), |time| {
                format!("{} ms", time.as_millis())
            }),
            slowest.is_some_and(|time| time <= MOST_UNTIL_SHARED),
        ),
    ]);
}
