//! `bench overload`: five times the load that the service can hold.
//!
//! The load is pages of stored webhooks, because a page costs far more than its refusal: a
//! service whose calls cost no more than saying no cannot hold against five times as
//! many. First the most that it answers when each caller waits for its answer; then how
//! long a page takes when hardly anybody calls; then five times the most, offered whether
//! or not the ones before are answered. Probes and reads of a single event, which are
//! more urgent than pages, go beside it.

mod load;

use std::process::ExitCode;
use std::time::Duration;

use tempfile::TempDir;

use self::load::{Beside, Counted, Load, Offered};
use crate::figures::{Spread, float, number, rate};
use crate::machine;
use crate::report::{Report, say};
use crate::stored_events;
use crate::system::{Cores, Service};

const LEAST_OF_PEAK: f64 = 0.9;
const MOST_TIMES_P99: f64 = 3.0;
/// How many times the peak is offered.
const TIMES: f64 = 5.0;
/// What is offered when nothing shall be saturated, of the peak.
const UNLOADED: f64 = 0.2;
/// Callers who wait for their answers, to find the peak.
const CALLERS: usize = 4;

/// How long and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only that it works: everything once and briefly, bars not judged
    #[arg(long)]
    quick: bool,
    /// Rounds, in each of which everything is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each load
    #[arg(long, default_value_t = 8)]
    seconds: u64,
}

/// What was found in all rounds.
#[derive(Debug, Default)]
struct Found {
    peak: Spread,
    unloaded_p50: Spread,
    unloaded_p99: Spread,
    goodput: Spread,
    refused: Spread,
    accepted_p50: Spread,
    accepted_p99: Spread,
    refused_p99: Spread,
    /// Goodput and p99 against what was found in the same round.
    of_peak: Spread,
    times_p99: Spread,
    probe_p99: Spread,
    /// Refusals without a pushback, and failures that are no refusals.
    unhelpful: usize,
    failed: usize,
    failure: Option<String>,
    /// What went beside it: probes that failed, single reads and those that were refused.
    probes_failed: usize,
    urgent: usize,
    urgent_refused: usize,
    /// The service's cores under overload.
    cores: Spread,
}

/// Measures and judges.
pub(crate) async fn run(options: &Options) -> ExitCode {
    let (rounds, time, events) = if options.quick {
        (1, Duration::from_secs(1), 500)
    } else {
        (options.rounds, Duration::from_secs(options.seconds), 20_000)
    };
    let two = machine::cores() > 1;
    let cores = Cores {
        server: two.then_some(0),
        others: two.then_some(1),
    };
    let folder = TempDir::new().expect("a temporary folder can be made");
    let mut service = Service::on_sqlite(folder.path(), cores.server);
    service.program.start().await;
    let event = stored_events::fill(service.address, events).await;
    let process = service.program.id().expect("the service runs");
    let load = Load {
        address: service.address,
        event,
        core: cores.others,
    };
    load.waiting(CALLERS, Duration::from_secs(1)).await;
    let mut found = Found::default();
    for round in 1..=rounds {
        found.round(&load, time, process).await;
        say(&format!("round {round}: {}", found.summary()));
    }
    let mut report = Report::default();
    show(&mut report, &found, rounds, time);
    if options.quick {
        return Report::finish_quick();
    }
    report.finish("overload")
}

impl Found {
    async fn round(&mut self, load: &Load, time: Duration, process: u32) {
        let peak = load.waiting(CALLERS, time).await;
        let peak = rate(peak.accepted.count(), time);
        self.peak.add(peak);
        let quiet = load.offered(peak * UNLOADED, time).await;
        let unloaded = quiet.pages.accepted.percentile(0.99);
        self.unloaded_p50.add(quiet.pages.accepted.percentile(0.5));
        self.unloaded_p99.add(unloaded);

        let before = machine::processor_time(process);
        let offered = load.offered(peak * TIMES, time).await;
        let used = machine::processor_time(process).saturating_sub(before);
        self.cores.add(used.as_secs_f64() / time.as_secs_f64());
        let pages = &offered.pages;
        let goodput = rate(pages.accepted.count(), time);
        let p99 = pages.accepted.percentile(0.99);
        self.goodput.add(goodput);
        self.refused.add(rate(pages.refused.count(), time));
        self.accepted_p50.add(pages.accepted.percentile(0.5));
        self.accepted_p99.add(p99);
        self.refused_p99.add(pages.refused.percentile(0.99));
        self.of_peak.add(goodput / peak.max(f64::EPSILON));
        self.times_p99.add(p99 / unloaded.max(f64::EPSILON));
        self.note(&offered);
        self.failed += quiet.pages.failed;
        self.failure = self.failure.take().or(quiet.pages.failure);
    }

    fn note(&mut self, offered: &Offered) {
        let Offered {
            pages,
            beside: Beside { probes, urgent },
        } = offered;
        self.unhelpful += pages.unhelpful + urgent.unhelpful;
        self.failed += pages.failed + urgent.failed;
        self.failure = self.failure.take().or_else(|| pages.failure.clone());
        self.probes_failed += probes.failed + probes.refused.count();
        self.probe_p99.add(probes.accepted.percentile(0.99));
        self.urgent += Counted::count(urgent);
        self.urgent_refused += urgent.refused.count();
    }

    fn summary(&self) -> String {
        format!(
            "peak {}/s, at five times that {}/s answered, p99 {} ms beside {} ms",
            self.peak.show(0),
            self.goodput.show(0),
            self.accepted_p99.show(2),
            self.unloaded_p99.show(2)
        )
    }
}

fn show(report: &mut Report, found: &Found, rounds: usize, time: Duration) {
    report.bars(&bars(found));
    report.paragraph(&format!(
        "{rounds} rounds of {} s for each load, median (least-most). Pages of {} of 20,000 stored \
         webhooks, SQLite; the service has core 0 for itself, the client the other one. The peak is \
         what {CALLERS} callers get who each wait for their answer; what is offered comes over as many \
         connections. Refusals carry \
         `grpc-retry-pushback-ms`; nobody of these clients heeds it. Machine: {}.",
        time.as_secs(),
        load::PAGE_SIZE,
        machine::described()
    ));
    let row = |name: &str, cells: [String; 4]| [vec![name.to_owned()], cells.to_vec()].concat();
    report.table(
        &["load", "answered/s", "refused/s", "p50 ms", "p99 ms"],
        &[
            row(
                "callers who wait",
                [found.peak.show(0), "-".into(), "-".into(), "-".into()],
            ),
            row(
                "a fifth of that, offered",
                [
                    "all".into(),
                    "-".into(),
                    found.unloaded_p50.show(2),
                    found.unloaded_p99.show(2),
                ],
            ),
            row(
                "five times that, offered",
                [
                    found.goodput.show(0),
                    found.refused.show(0),
                    found.accepted_p50.show(2),
                    found.accepted_p99.show(2),
                ],
            ),
        ],
    );
    report.paragraph(&format!(
        "While five times the peak is offered: p99 of a refusal {} ms, of a health probe {} ms; the \
         service uses {} cores. Of {} reads of a single event {} were refused.",
        found.refused_p99.show(2),
        found.probe_p99.show(2),
        found.cores.show(2),
        number(float(found.urgent), 0),
        number(float(found.urgent_refused), 0),
    ));
}

fn bars(found: &Found) -> [(&'static str, String, bool); 5] {
    let failure = found.failure.as_deref().unwrap_or_default();
    [
        (
            "at five times the peak at least 0.9 of it is answered",
            found.of_peak.show(2),
            found.of_peak.median() >= LEAST_OF_PEAK,
        ),
        (
            "p99 of what is answered at most 3 times that without load",
            format!("{} times", found.times_p99.show(2)),
            found.times_p99.median() <= MOST_TIMES_P99,
        ),
        (
            "every refusal is RESOURCE_EXHAUSTED or UNAVAILABLE with pushback",
            format!("{} are not", found.unhelpful),
            found.unhelpful == 0,
        ),
        (
            "nothing fails in any other way",
            format!("{} {failure}", found.failed).trim_end().to_owned(),
            found.failed == 0,
        ),
        (
            "every health probe is answered",
            format!("{} were not", found.probes_failed),
            found.probes_failed == 0,
        ),
    ]
}
