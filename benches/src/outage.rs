//! `bench outage`: the service is gone for minutes while webhooks keep coming.
//!
//! The edge answers every one of them, hands all over once the service is back, and
//! keeps the order of each post's webhooks. The order is read where a consumer reads it,
//! from `WatchWebhookEvents`, whose stream goes by the order of storing.

mod follow;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use integration_tests::MongoDb;
use tempfile::TempDir;
use tokio::time::sleep;

use self::follow::Followed;
use crate::figures::{Latencies, number};
use crate::machine;
use crate::report::{Report, say};
use crate::steady::{self, Progress, Steady};
use crate::system::{Cores, Counter, Running, System};

/// How long and how much.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only that it works: a short outage, bars not judged
    #[arg(long)]
    quick: bool,
    /// Seconds without the service
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// Webhooks in a second, before, during and after
    #[arg(long, default_value_t = 200)]
    rate: u32,
}

const BODY_BYTES: usize = 2048;
/// With the service there, before it goes.
const BEFORE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The store may stand still for so long before what is missing counts as lost. Longer
/// than the longest pause between two attempts of the edge.
const PATIENCE: Duration = Duration::from_secs(120);
/// The backlog is gone when no more waits than comes in this part of a second.
const CAUGHT_UP: f64 = 0.5;

/// What was found.
#[derive(Debug)]
struct Found {
    answers: steady::Outcome,
    /// Milliseconds, while the service was gone.
    away: Latencies,
    /// Acknowledged and not stored when the service came back.
    backlog: u64,
    /// From the start of the service to its first webhook.
    first: Duration,
    /// From the first webhook until the backlog was gone, and what was stored then.
    drained: Duration,
    drained_count: u64,
    /// Resident memory of the edge in MiB: before, and the most afterwards.
    memory: (f64, f64),
    followed: Followed,
}

/// Measures and judges.
pub(crate) async fn run(options: &Options) -> ExitCode {
    let away = Duration::from_secs(if options.quick { 3 } else { options.seconds });
    let folder = TempDir::new().expect("a temporary folder can be made");
    let mongodb = MongoDb::start().await;
    let uri = mongodb.uri();
    let system = Running::start(System::Queued, folder.path(), &uri, Cores::default()).await;
    let found = measure(system, away, options.rate).await;
    let mut report = Report::default();
    show(&mut report, &found, away, options.rate);
    if options.quick {
        let right = found.answers.wrong == 0 && found.followed.is_right();
        assert!(
            right,
            "webhooks were refused, lost, doubled or out of order"
        );
        return Report::finish_quick();
    }
    report.finish("outage")
}

async fn measure(system: Running, away: Duration, rate: u32) -> Found {
    let edge = system.server_id();
    let mut service = system.service.expect("the set-up has a service");
    let counter = system.store.open().await;
    let beginning = follow::now(service.address).await;
    let steady = Steady::start(system.address, rate, BODY_BYTES);
    let progress = steady.progress();
    sleep(BEFORE).await;
    let memory = machine::memory(edge);

    say(&format!("{} s: the service is killed", BEFORE.as_secs()));
    service.program.kill();
    let mut most = memory;
    let before = progress.latencies_from_now();
    let gone = Instant::now();
    while gone.elapsed() < away {
        sleep(LOOK_EVERY).await;
        most = most.max(machine::memory(edge));
    }
    let away = progress.latencies_since(before);

    say("the service is started again");
    let stored = counter.count().await;
    let backlog = progress.acknowledged().saturating_sub(stored);
    let start = Instant::now();
    service.program.start().await;
    let drain = drain(&counter, &progress, stored, rate, || {
        most = most.max(machine::memory(edge));
    });
    let (first, drained, drained_count) = drain.await;
    let first = first.duration_since(start);
    let answers = steady.stop().await;
    say("drained; comparing what was acknowledged with what is stored");
    all_stored(&counter, answers.acknowledged).await;
    let followed = follow::all(service.address, beginning, &answers.sent).await;
    Found {
        away,
        backlog,
        first,
        drained,
        drained_count,
        memory: (memory, most),
        followed,
        answers,
    }
}

/// Waits until the backlog is gone while more keeps coming. Returns when the first
/// webhook was stored, how long the rest took, and how many were stored.
async fn drain(
    counter: &Counter,
    progress: &Progress,
    stored: u64,
    rate: u32,
    mut look: impl FnMut(),
) -> (Instant, Duration, u64) {
    let mut last = stored;
    let mut moved = Instant::now();
    let mut first = None;
    loop {
        let count = counter.count().await;
        look();
        if count > last {
            (last, moved) = (count, Instant::now());
            first = first.or(Some(moved));
        }
        let waiting = progress.acknowledged().saturating_sub(count);
        if let Some(first) = first
            && f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)) <= f64::from(rate) * CAUGHT_UP
        {
            return (first, first.elapsed().max(LOOK_EVERY), count - stored);
        }
        assert!(
            moved.elapsed() < PATIENCE,
            "{waiting} acknowledged webhooks wait, and the service stores none"
        );
        sleep(LOOK_EVERY).await;
    }
}

async fn all_stored(counter: &Counter, acknowledged: u64) {
    let start = Instant::now();
    loop {
        let count = counter.count().await;
        if count >= acknowledged {
            assert!(
                count == acknowledged,
                "{count} webhooks are stored, of {acknowledged} that were acknowledged"
            );
            return;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{} of {acknowledged} acknowledged webhooks are not stored",
            acknowledged - count
        );
        sleep(LOOK_EVERY).await;
    }
}

fn show(report: &mut Report, found: &Found, away: Duration, rate: u32) {
    let drain_rate = float(found.drained_count) / found.drained.as_secs_f64();
    let Followed {
        doubled,
        lost,
        disordered,
        ..
    } = found.followed;
    report.bars(&[
        (
            "every webhook is answered 200",
            format!("{} others", count(found.answers.wrong)),
            found.answers.wrong == 0,
        ),
        (
            "every acknowledged webhook is stored, once",
            format!("{} lost, {} doubled", count(lost), count(doubled)),
            lost == 0 && doubled == 0,
        ),
        (
            "the webhooks of each post are stored in their order",
            format!("{} out of order", count(disordered)),
            disordered == 0,
        ),
        (
            "the backlog drains at least 5 times as fast as it grew",
            format!("{:.1} times", drain_rate / f64::from(rate)),
            drain_rate >= 5.0 * f64::from(rate),
        ),
    ]);
    report.paragraph(&format!(
        "{rate} webhooks of {BODY_BYTES} bytes a second, all the time; the service killed for {} s, \
         then started again. Service on MongoDB. Machine: {}.",
        away.as_secs(),
        machine::described()
    ));
    details(report, found, drain_rate);
}

fn details(report: &mut Report, found: &Found, drain_rate: f64) {
    let (away, seconds) = (&found.away, |time: Duration| number(time.as_secs_f64(), 1));
    let rows = [
        ("acknowledged in all", count(found.answers.acknowledged)),
        (
            "seen by a consumer, in order of storing",
            count(found.followed.seen),
        ),
        ("backlog when the service came back", count(found.backlog)),
        (
            "its start until it stored the first, s",
            seconds(found.first),
        ),
        ("then until the backlog was gone, s", seconds(found.drained)),
        ("drained per second", number(drain_rate, 0)),
        (
            "answers without the service, p50 ms",
            number(away.percentile(0.5), 2),
        ),
        (
            "answers without the service, p99 ms",
            number(away.percentile(0.99), 2),
        ),
        ("memory of the edge before, MiB", number(found.memory.0, 0)),
        ("memory of the edge, most, MiB", number(found.memory.1, 0)),
    ];
    let rows = rows.map(|(name, value)| vec![name.to_owned(), value]);
    report.table(&["", "Found"], &rows);
}

fn count(count: u64) -> String {
    number(float(count), 0)
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
