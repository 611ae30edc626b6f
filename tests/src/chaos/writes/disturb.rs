//! What goes wrong: services die, BetterMode's answers are lost, late or broken.

use std::time::Duration;

use futures::future::{FutureExt as _, LocalBoxFuture, join_all};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use super::callers::Progress;
use super::options::Options;
use crate::{Fake, Program};

/// Steps of a write at which a service can die by itself.
const STEPS: &[&str] = &[
    "writes.begun",
    "writes.sent",
    "writes.finished",
    "writes.taken",
    "writes.begun_again",
];

/// So many deaths before it serves are no chance.
const MOST_DEATHS: u32 = 10;

const POLL: Duration = Duration::from_millis(20);

/// What can go wrong with a request, and how late an answer is, in milliseconds: later
/// than the service waits, earlier than it looks.
const FAULTS: &[(&str, Option<u64>)] = &[
    ("cut_body", None),
    ("status_5xx_after", None),
    ("late_answer_ms", Some(1_400)),
    ("latency_ms", Some(1_400)),
    ("latency_ms", Some(300)),
    ("status_5xx", None),
    ("html_body", None),
    ("status_429", Some(1)),
    ("graphql_error_in_200", Some(10)),
    ("expired_token", None),
];

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// SIGKILLs from outside.
    pub(super) kills: u32,
    /// Deaths at a step.
    pub(super) deaths: u32,
    /// Requests that were spoilt, or were to be.
    pub(super) faults: u32,
}

/// Everything that goes wrong, until all callers are told.
pub(super) async fn all(
    options: &Options,
    programs: Vec<&mut Program>,
    fake: &Fake,
    progress: &Progress,
    tally: &mut Tally,
) {
    let count = u32::try_from(programs.len()).unwrap_or(1);
    let kills = (0..).zip(programs).map(|(number, program)| {
        let driver = Driver {
            options,
            number,
            step: count,
            progress,
            rng: StdRng::seed_from_u64(options.seed ^ u64::from(number) ^ 0xdead),
        };
        driver.run(program).boxed_local()
    });
    let kills: Vec<LocalBoxFuture<'_, (u32, u32)>> = kills.collect();
    let (died, faults) = tokio::join!(join_all(kills), spoil(options, fake, progress));
    tally.faults = faults;
    for (kills, deaths) in died {
        tally.kills += kills;
        tally.deaths += deaths;
    }
}

/// Who kills one program and starts it again.
struct Driver<'a> {
    options: &'a Options,
    /// Which program of how many: they take turns.
    number: u32,
    step: u32,
    progress: &'a Progress,
    rng: StdRng,
}

impl Driver<'_> {
    async fn run(mut self, program: &mut Program) -> (u32, u32) {
        let (mut kills, mut deaths) = (0, 0);
        let mut next = self.number;
        if self.options.failpoints {
            deaths += self.restart(program).await;
        }
        while !self.progress.finished_within(POLL).await {
            if program.ended().is_some() {
                deaths += 1;
            } else if next < self.options.kills && self.progress.told() >= self.place(next) {
                // At any moment of whatever is under way.
                let moment = Duration::from_millis(self.rng.random_range(0..50));
                tokio::time::sleep(moment).await;
                program.kill();
                kills += 1;
                next += self.step;
            } else {
                continue;
            }
            deaths += self.restart(program).await;
        }
        (kills, deaths)
    }

    /// Until it serves; how often it died at a step before anybody saw it serve.
    async fn restart(&mut self, program: &mut Program) -> u32 {
        let mut deaths = 0;
        loop {
            program.kill();
            self.arm(program);
            if program.try_start().await.is_ok() {
                return deaths;
            }
            deaths += 1;
            assert!(
                deaths < MOST_DEATHS,
                "it does not start:\n{}",
                program.log()
            );
        }
    }

    /// After how many messages a kill comes.
    fn place(&self, kill: u32) -> u32 {
        let (messages, kills) = (
            u64::from(self.options.messages),
            u64::from(self.options.kills),
        );
        let place = messages * (u64::from(kill) + 1) / (kills + 2);
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Lets it die at a step, at its next start.
    fn arm(&mut self, program: &mut Program) {
        if !self.options.failpoints {
            return;
        }
        let step = STEPS[self.rng.random_range(0..STEPS.len())];
        let pass = match step {
            // Passed only now and then.
            "writes.taken" | "writes.begun_again" => self.rng.random_range(1..3),
            _ => self.rng.random_range(20..120),
        };
        program.set("FAILPOINTS", &format!("{step}=kill@{pass}"));
    }
}

async fn spoil(options: &Options, fake: &Fake, progress: &Progress) -> u32 {
    let mut rng = StdRng::seed_from_u64(options.seed ^ 0xfa17);
    let mut faults = 0;
    let pause = |rng: &mut StdRng| Duration::from_millis(rng.random_range(20..150));
    // The last ones are left in peace, or they would meet all that goes wrong.
    let end = options.messages - options.messages / 10;
    let mut told = u32::MAX;
    while !progress.finished_within(pause(&mut rng)).await {
        if progress.told() >= end {
            fake.clear_faults().await;
            break;
        }
        // No more than callers get along with.
        if progress.told() == told {
            continue;
        }
        told = progress.told();
        let (name, value) = FAULTS[rng.random_range(0..FAULTS.len())];
        let reading = options.generation.reading();
        let operation = if rng.random_bool(0.8) {
            options.generation.sending()
        } else {
            reading[rng.random_range(0..reading.len())]
        };
        let mut setting = json!({ "count": 1, "operation": operation });
        if let Some(value) = value {
            setting["value"] = value.into();
        }
        fake.fault(name, setting).await;
        faults += 1;
    }
    faults
}
