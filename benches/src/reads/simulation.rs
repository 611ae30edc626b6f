//! An hour of reads in simulated time: the service's own cache, batches and budget over
//! the fake, whose windows refuse what the vendor would refuse; beside it a cache that
//! knows a time to live and nothing else, and no cache at all.
//!
//! Reads come at random over members whose popularity follows Zipf's law; webhooks change
//! some of them. Time is the runtime's, which jumps to the next thing to happen.

mod rival;
mod world;

use std::sync::Arc;
use std::time::Duration;

use bettermode::MemberId;
use community_svc::cache::{MemberKey, Options};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use service_kit::tasks::Tasks;
use tokio::time::Instant;

use self::rival::Rival;
use self::world::{Vendor, World};
use super::Plan;
use crate::figures::{Latencies, float, number};
use crate::report::{Report, say};

const SEED: u64 = 20_261_125;
/// Requests and points in 10 s, of the Growth plan.
const LIMITS: (u32, u32) = (100, 10_000);
/// Reads in a second, on average.
const RATE: f64 = 50.0;

/// What an hour came to.
#[derive(Debug, Default)]
struct Hour {
    reads: usize,
    requests: u64,
    /// Requests that the vendor refused with 429.
    refused: u64,
    /// Reads without an answer.
    failed: usize,
    stale: usize,
    latencies: Vec<u32>,
}

/// How much is simulated.
#[derive(Debug, Clone, Copy)]
struct Scale {
    members: usize,
    /// Members that a webhook changes.
    changes: usize,
    length: Duration,
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let scale = Scale {
        members: plan.pick(100_000, 2_000),
        changes: plan.pick(1_000, 20),
        length: plan.pick(Duration::from_secs(3600), Duration::from_secs(60)),
    };
    // Paused time needs a runtime, and so a thread, of its own.
    let simulating = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime can be made");
        let hour = |which: Which| runtime.block_on(simulate(which, scale));
        [Which::Ours, Which::TimeToLive, Which::NoCache].map(|which| (which, hour(which)))
    });
    let waiting = tokio::task::spawn_blocking(move || simulating.join());
    let hours = waiting.await.expect("waiting does not panic");
    show(
        report,
        hours.expect("the simulation runs to its end"),
        scale,
    );
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Ours,
    TimeToLive,
    NoCache,
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "community-svc",
            Self::TimeToLive => "a cache with a time to live of 300 s",
            Self::NoCache => "no cache",
        }
    }
}

async fn simulate(which: Which, scale: Scale) -> Hour {
    let vendor = Vendor::new(scale.members, LIMITS);
    let ids = vendor.members(scale.members).await;
    let mut world = World::new(&ids, SEED);
    let mut hour = match which {
        Which::Ours => ours(&vendor, &mut world, scale).await,
        Which::TimeToLive => {
            let rival = Rival::with_time_to_live(vendor.clone(), Duration::from_secs(300));
            rival.live(&mut world, RATE, scale.length).await
        }
        Which::NoCache => {
            let rival = Rival::without_a_cache(vendor.clone());
            rival.live(&mut world, RATE, scale.length).await
        }
    };
    (hour.requests, hour.refused) = vendor.counted();
    say(&format!("{}: {} requests", which.name(), hour.requests));
    hour
}

async fn ours(vendor: &Vendor, world: &mut World, scale: Scale) -> Hour {
    let tasks = Tasks::new();
    let members = vendor.service(&tasks);
    let started = Instant::now();
    let end = started + scale.length;
    let mut random = StdRng::seed_from_u64(SEED + 1);
    let between = scale.length / u32::try_from(scale.changes).unwrap_or(1);
    let mut next_change = started + between;
    let mut reads = tokio::task::JoinSet::new();
    loop {
        let pause = Duration::from_secs_f64(-random.random::<f64>().max(1e-12).ln() / RATE);
        let next_read = Instant::now() + pause;
        while next_change <= next_read {
            tokio::time::sleep_until(next_change).await;
            let changed = MemberId::new(world.pick());
            members
                .invalidate(&changed)
                .await
                .expect("memory can always be told");
            next_change += between;
        }
        if next_read >= end {
            break;
        }
        tokio::time::sleep_until(next_read).await;
        let (members, id) = (members.clone(), MemberId::new(world.pick()));
        reads.spawn(async move {
            let asked = Instant::now();
            let read = members.by_id(&MemberKey(id), &Options::default()).await;
            let took = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
            read.map(|read| (took, read.stale)).ok()
        });
    }
    let mut hour = Hour::default();
    while let Some(read) = reads.join_next().await {
        hour.reads += 1;
        match read.expect("a read does not panic") {
            Some((took, is_stale)) => {
                hour.latencies.push(took);
                hour.stale += usize::from(is_stale);
            }
            None => hour.failed += 1,
        }
    }
    hour
}

fn show(report: &mut Report, hours: [(Which, Hour); 3], scale: Scale) {
    let [(_, ours), ..] = &hours;
    let (refused, failed) = (ours.refused, ours.failed);
    report.bars(&[
        (
            "BetterMode refused no request of ours",
            format!("{refused} times 429"),
            refused == 0,
        ),
        (
            "no read of ours was refused",
            format!("{failed} of {}", number(float(ours.reads), 0)),
            failed == 0,
        ),
    ]);
    report.paragraph(&format!(
        "{} s of simulated time, {} reads a second at random over {} members by Zipf's law, {} \
         changes by webhook; the vendor allows {} requests and {} points in 10 s and takes 150 ms \
         for an answer. The two beside it send one request for each miss and keep to no limit; \
         the one with a time to live does not hear of changes.",
        scale.length.as_secs(),
        RATE,
        number(float(scale.members), 0),
        number(float(scale.changes), 0),
        LIMITS.0,
        number(f64::from(LIMITS.1), 0),
    ));
    let rows: Vec<Vec<String>> = hours
        .into_iter()
        .map(|(which, hour)| {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let requests = hour.requests as f64;
            let latencies = Latencies::new(hour.latencies);
            vec![
                which.name().to_owned(),
                number(1000.0 * requests / float(hour.reads), 1),
                number(requests, 0),
                hour.refused.to_string(),
                hour.failed.to_string(),
                hour.stale.to_string(),
                number(latencies.percentile(0.5), 1),
                number(latencies.percentile(0.99), 1),
            ]
        })
        .collect();
    report.table(
        &[
            "",
            "requests per 1,000 reads",
            "requests",
            "refused with 429",
            "reads failed",
            "served stale",
            "p50 ms",
            "p99 ms",
        ],
        &rows,
    );
}

/// A clock that goes with the runtime's.
#[derive(Debug)]
struct SimulatedClock {
    began: Instant,
}

impl SimulatedClock {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
        })
    }
}

impl service_kit::clock::Clock for SimulatedClock {
    fn now(&self) -> jiff::Timestamp {
        let start = jiff::Timestamp::from_second(1_772_600_000).unwrap_or_default();
        start.saturating_add(self.began.elapsed()).unwrap_or(start)
    }
}
