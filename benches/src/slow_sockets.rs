//! `bench slow-sockets`: thousands of sockets stall while ordinary webhooks come.
//!
//! Half of them send a head a byte at a time, the other half begin a body and stop.
//! They come from several addresses, so that the edge's caps hold as they do in life.

mod hostile;

use std::process::ExitCode;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until};

use self::hostile::{Crowd, Kind};
use crate::figures::{Latencies, number};
use crate::machine;
use crate::report::Report;
use crate::steady::{Progress, Steady};
use crate::system::{Cores, Running, System};

/// How much.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only that it works: few sockets, bars not judged
    #[arg(long)]
    quick: bool,
}

const BODY_BYTES: usize = 2048;
/// Ordinary webhooks in a second: what a busy community sends, far from what the edge
/// can take, so that it is the sockets that are measured and not a queue.
const RATE: u32 = 200;
/// The edge's limits for a head and for a body, its defaults.
const LIMIT: Duration = Duration::from_secs(10);
/// What closing may take beyond the limit on a busy machine.
const GRACE: Duration = Duration::from_secs(2);
const MOST_SLOWER_MS: f64 = 5.0;
const MOST_MIB: f64 = 64.0;

/// What was found.
struct Found {
    before: Latencies,
    during: Latencies,
    /// Ordinary webhooks that were not answered 200.
    wrong: u64,
    /// Of each kind, how many sockets there were.
    sockets: usize,
    /// How many were open when the ordinary requests had ended.
    held: usize,
    /// The longest that one was open, of each kind.
    longest: [Duration; 2],
    /// MiB: before, and the most.
    memory: (f64, f64),
}

/// Measures and judges.
pub(crate) async fn run(options: &Options) -> ExitCode {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let system = Running::start(System::QueuedSqlite, folder.path(), "", Cores::default()).await;
    // After the edge has started: it is to raise its own limit.
    hostile::allow_many_sockets();
    let sockets = if options.quick { 100 } else { 2000 };
    let found = measure(&system, sockets, options.quick).await;
    let mut report = Report::default();
    show(&mut report, &found);
    if options.quick {
        return Report::finish_quick();
    }
    report.finish("slow-sockets")
}

async fn measure(system: &Running, sockets: usize, quick: bool) -> Found {
    let seconds = |full| Duration::from_secs(if quick { 2 } else { full });
    let ordinary = Steady::start(system.address, RATE, BODY_BYTES);
    let progress = ordinary.progress();
    // Warm: what the first webhooks make is not counted as growth.
    sleep(seconds(5)).await;
    let before = latencies_for(&progress, seconds(20)).await;
    let process = system.server_id();
    let memory = machine::memory(process);

    let heads = Crowd::open(Kind::SlowHead, sockets, system.address).await;
    let bodies = Crowd::open(Kind::StalledBody, sockets, system.address).await;
    let mut most = JoinSet::new();
    most.spawn(most_memory(process, Instant::now() + LIMIT + GRACE));
    // All are held for the whole of this.
    let during = latencies_for(&progress, seconds(7)).await;
    let held = heads.open_now() + bodies.open_now();
    let longest = [heads.longest().await, bodies.longest().await];
    Found {
        before,
        during,
        wrong: ordinary.stop().await.wrong,
        sockets,
        held,
        longest,
        memory: (memory, most.join_all().await.into_iter().sum()),
    }
}

/// How long the ordinary webhooks took from now on, for so long.
async fn latencies_for(progress: &Progress, time: Duration) -> Latencies {
    let mark = progress.latencies_from_now();
    sleep(time).await;
    progress.latencies_since(mark)
}

async fn most_memory(process: u32, until: Instant) -> f64 {
    let mut looks = interval(Duration::from_millis(50));
    let mut most = 0.0_f64;
    let watch = async {
        loop {
            looks.tick().await;
            most = most.max(machine::memory(process));
        }
    };
    tokio::select! {
        () = watch => {}
        () = sleep_until(until) => {}
    }
    most
}

fn show(report: &mut Report, found: &Found) {
    report.paragraph(&format!(
        "{}. {} sockets that send a head slowly and {} that stall in a body, from {} addresses; \
         {RATE} ordinary signed webhooks of {BODY_BYTES} bytes a second, sender, queue and \
         service on this machine too.",
        machine::described(),
        found.sockets,
        found.sockets,
        hostile::ADDRESSES,
    ));
    let row = |name: &str, latencies: &Latencies| {
        vec![
            name.to_owned(),
            latencies.count().to_string(),
            number(latencies.percentile(0.5), 2),
            number(latencies.percentile(0.99), 2),
        ]
    };
    report.table(
        &["Ordinary webhooks", "taken", "p50 ms", "p99 ms"],
        &[
            row("unloaded", &found.before),
            row("while all sockets are held", &found.during),
        ],
    );
    judge(report, found);
}

fn judge(report: &mut Report, found: &Found) {
    let slower = found.during.percentile(0.99) - found.before.percentile(0.99);
    let last = found.longest.into_iter().max().unwrap_or_default();
    let [heads, bodies] = found
        .longest
        .map(|longest| number(longest.as_secs_f64(), 1));
    let (before, most) = found.memory;
    report.bars(&[
        (
            "every ordinary webhook answered 200",
            format!("{} were not", found.wrong),
            found.wrong == 0,
        ),
        (
            "sockets held while measuring: all",
            found.held.to_string(),
            found.held == found.sockets * 2,
        ),
        (
            "p99 at most 5 ms above the unloaded one",
            format!("{} ms", number(slower, 2)),
            slower <= MOST_SLOWER_MS,
        ),
        (
            "all closed within their limits of 10 s, 2 s for a busy machine",
            format!("last head after {heads} s, last body after {bodies} s"),
            last <= LIMIT + GRACE,
        ),
        (
            "memory grows by less than 64 MiB",
            format!(
                "{} MiB, from {} to {}",
                number(most - before, 1),
                number(before, 1),
                number(most, 1)
            ),
            most - before < MOST_MIB,
        ),
    ]);
}
