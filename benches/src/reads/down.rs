//! BetterMode is away for minutes: who was read before is answered, who was not is told
//! so at once; then it comes back.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::Plan;
use super::client::Reader;
use super::stage::Stage;
use crate::client::microseconds;
use crate::figures::{Latencies, number};
use crate::report::{Report, say};

/// Members that are read before, and others that are not.
const KNOWN: usize = 100;
const UNKNOWN: usize = 1000;
/// One of each is asked for in this time.
const PERIOD: Duration = Duration::from_millis(100);
const MOST_P99_MS: f64 = 100.0;
const MOST_UNTIL_FRESH: Duration = Duration::from_secs(10);
/// The service's clock and ours do not look at the same moment.
const UNSURE: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Debug, Default)]
struct Found {
    answered: usize,
    not_answered: usize,
    stale: usize,
    /// Said to be stale while they were not, or the other way round.
    mislabelled: usize,
    /// Told UNAVAILABLE and when to try again.
    told: usize,
    /// Answered otherwise.
    told_wrong: usize,
    /// The first thing that was wrong.
    wrong: Option<String>,
    /// Microseconds of the answers about unknown members.
    refusals: Vec<u32>,
    /// From BetterMode's return until the first member, and every known one, was fresh.
    fresh: [Option<Duration>; 2],
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let ttl = Duration::from_secs(plan.pick(30, 2));
    let stage = Stage::new(plan);
    let mut upstream = stage.upstream(KNOWN + UNKNOWN, &[]).await;
    let settings = [
        (
            "COMMUNITY_SVC_MEMBER_TTL_SECONDS",
            &ttl.as_secs().to_string()[..],
        ),
        ("COMMUNITY_SVC_MEMBER_MAX_AGE_SECONDS", "3600"),
    ];
    let service = stage.replica(&upstream, &settings).await;
    let reader = service.reader().await;
    let known = upstream.members(0, KNOWN).await;
    let unknown = upstream.members(KNOWN, UNKNOWN).await;
    let mut found = Found::default();
    // From before the first was fetched until after the last was.
    let mut fetched = [Instant::now(); 2];
    for id in &known {
        reader.read(id).await.expect("a member can be read");
    }
    fetched[1] = Instant::now();
    upstream.program.kill();
    say(&format!("BetterMode is down for {} s", plan.down.as_secs()));
    let gone = Instant::now();
    let mut turns = known.iter().cycle().zip(unknown.iter().cycle());
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while gone.elapsed() < plan.down {
        tick.tick().await;
        let Some((known, unknown)) = turns.next() else {
            break;
        };
        found.ask_known(&reader, known, fetched, ttl).await;
        found.ask_unknown(&reader, unknown).await;
    }
    upstream.program.start().await;
    found.fresh = until_fresh(&reader, &known).await;
    show(report, plan, &found, ttl);
}

impl Found {
    async fn ask_known(
        &mut self,
        reader: &Reader,
        id: &str,
        [first, last]: [Instant; 2],
        ttl: Duration,
    ) {
        // The service varies each copy's time by up to a tenth.
        let unsure = UNSURE + ttl / 10;
        let must_be_fresh = first.elapsed() + unsure < ttl;
        let read = reader.read(id).await;
        let must_be_stale = last.elapsed() > ttl + unsure;
        match read {
            Ok(read) => {
                self.answered += 1;
                self.stale += usize::from(read.stale);
                if (must_be_stale && !read.stale) || (must_be_fresh && read.stale) {
                    self.mislabelled += 1;
                }
            }
            Err(status) => {
                self.not_answered += 1;
                self.note(format!("a member that was read before: {status}"));
            }
        }
    }

    async fn ask_unknown(&mut self, reader: &Reader, id: &str) {
        let start = Instant::now();
        let read = reader.read(id).await;
        self.refusals.push(microseconds(start.elapsed()));
        match read {
            Err(status) if is_told_well(&status) => self.told += 1,
            Err(status) => {
                self.told_wrong += 1;
                self.note(format!("a member that was not read before: {status}"));
            }
            Ok(_) => {
                self.told_wrong += 1;
                self.note("a member that nobody has was answered".to_owned());
            }
        }
    }

    fn note(&mut self, wrong: String) {
        self.wrong.get_or_insert(wrong);
    }
}

fn is_told_well(status: &Status) -> bool {
    let retry = status.get_details_retry_info();
    status.code() == Code::Unavailable && retry.is_some_and(|retry| retry.retry_delay.is_some())
}

/// How long it takes from now until one is fresh, and until all are.
async fn until_fresh(reader: &Reader, known: &[String]) -> [Option<Duration>; 2] {
    let start = Instant::now();
    let mut first = None;
    let mut left: Vec<&String> = known.iter().collect();
    while start.elapsed() < MOST_UNTIL_FRESH * 3 {
        let mut still = Vec::new();
        for id in left {
            let read = reader.read(id).await;
            if read.is_ok_and(|read| !read.stale) {
                first = first.or(Some(start.elapsed()));
            } else {
                still.push(id);
            }
        }
        left = still;
        if left.is_empty() {
            return [first, Some(start.elapsed())];
        }
        sleep(Duration::from_millis(10)).await;
    }
    [first, None]
}

fn show(report: &mut Report, plan: Plan, found: &Found, ttl: Duration) {
    report.paragraph(&format!(
        "{KNOWN} members are read, then BetterMode is down for {} s. Every {} ms one of them is \
         asked for, and one that was not read before. Fresh for {} s, kept for an hour.",
        plan.down.as_secs(),
        PERIOD.as_millis(),
        ttl.as_secs()
    ));
    let refusals = Latencies::new(found.refusals.clone());
    let time = |time: Option<Duration>| {
        time.map_or("not".to_owned(), |time| number(time.as_secs_f64(), 2))
    };
    let rows = [
        (
            "reads of known members",
            (found.answered + found.not_answered).to_string(),
        ),
        ("answered", found.answered.to_string()),
        ("of these said to be stale", found.stale.to_string()),
        ("reads of unknown members", refusals.count().to_string()),
        (
            "told UNAVAILABLE, and when to try again",
            found.told.to_string(),
        ),
        (
            "time until they were told, p50 ms",
            number(refusals.percentile(0.5), 2),
        ),
        (
            "time until they were told, p99 ms",
            number(refusals.percentile(0.99), 2),
        ),
        (
            "time until they were told, most ms",
            number(refusals.percentile(1.0), 2),
        ),
        (
            "back: until the first was fresh again, s",
            time(found.fresh[0]),
        ),
        (
            "back: until all were, each asked for again, s",
            time(found.fresh[1]),
        ),
    ];
    let rows = rows.map(|(name, value)| vec![name.to_owned(), value]);
    report.table(&["", "Found"], &rows);
    if let Some(wrong) = &found.wrong {
        report.paragraph(&format!("The first that was wrong: {wrong}"));
    }
    bars(
        report,
        found,
        refusals.percentile(0.99),
        &time(found.fresh[1]),
    );
}

fn bars(report: &mut Report, found: &Found, p99: f64, fresh: &str) {
    report.bars(&[
        (
            "every known member is answered",
            format!("{} were not", found.not_answered),
            found.not_answered == 0 && found.answered > 0,
        ),
        (
            "stale is said of those that are older than their time, and of no other",
            format!("{} wrong", found.mislabelled),
            found.mislabelled == 0 && found.stale > 0,
        ),
        (
            "who asks for an unknown member is told UNAVAILABLE with RetryInfo",
            format!("{} were not", found.told_wrong),
            found.told_wrong == 0 && found.told > 0,
        ),
        (
            "and is told within 100 ms, p99",
            format!("{} ms", number(p99, 2)),
            p99 <= MOST_P99_MS,
        ),
        (
            "all are fresh within 10 s of BetterMode's return",
            format!("{fresh} s"),
            found.fresh[1].is_some_and(|time| time <= MOST_UNTIL_FRESH),
        ),
    ]);
}
