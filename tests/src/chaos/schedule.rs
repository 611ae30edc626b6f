//! What is to happen, to whom, after how many acknowledged webhooks: made from the
//! seed alone.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::options::{Fault, Options, Store};
use crate::fault_proxy::{Direction, Faults};

/// Whom something happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Edge,
    Service,
    MongoDb,
    Redis,
    /// The wire between edge and service.
    EdgeToService,
    /// The wire between service and MongoDB.
    ServiceToMongoDb,
}

impl Target {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Edge => "webhook-edge",
            Self::Service => "community-svc",
            Self::MongoDb => "mongod",
            Self::Redis => "redis-server",
            Self::EdgeToService => "wire edge-service",
            Self::ServiceToMongoDb => "wire service-mongod",
        }
    }
}

/// One thing to happen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// Not before so many webhooks are acknowledged.
    pub(super) at: u64,
    pub(super) action: Action,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// SIGKILL, and a new start after the pause.
    Kill { pause: Duration },
    /// The life before this step ends when the program passes the named step for
    /// the nth time; a new start after the pause.
    Failpoint {
        name: &'static str,
        nth: u32,
        pause: Duration,
    },
    /// SIGSTOP, SIGCONT.
    Freeze { duration: Duration },
    /// No file of the program can be written beyond its beginning; then it is killed
    /// and started without the limit.
    DiskFull { duration: Duration },
    /// Every commit from the nth on fails; then the program is killed and started.
    CommitsFail { nth: u32, duration: Duration },
    /// The wall clock is wrong by this much for a while.
    ClockStep { seconds: i64, duration: Duration },
    /// The wire misbehaves for a while.
    Wire {
        direction: Direction,
        faults: Faults,
        duration: Duration,
    },
    /// Every connection on the wire is reset.
    Cut,
}

/// The steps of the edge between two durable effects.
const EDGE_FAILPOINTS: &[&str] = &[
    "queue.append",
    "queue.synced",
    "queue.segment",
    "forward.send",
    "forward.sent",
    "queue.removed",
];
/// Those of the service.
const SERVICE_FAILPOINTS: &[&str] = &[
    "ingest.received",
    "ingest.stored",
    "project.cache",
    "project.members",
    "project.activities",
    "project.settled",
];

/// How the kills are shared out, in hundredths. Starting mongod again takes longest.
const SHARES: &[(Target, u32)] = &[
    (Target::Edge, 43),
    (Target::Service, 40),
    (Target::MongoDb, 12),
    (Target::Redis, 5),
];

/// The steps for each target, in their order.
pub(super) fn plan(options: &Options) -> BTreeMap<Target, Vec<Step>> {
    let mut rng = StdRng::seed_from_u64(options.seed);
    let mut plan = BTreeMap::new();
    for (target, kills) in shares(options) {
        let steps = (0..kills).map(|number| ending(target, number, options, &mut rng));
        let mut actions: Vec<_> = steps.collect();
        for _ in 0..kills / 4 {
            if let Some(action) = harm(target, options, &mut rng) {
                actions.insert(rng.random_range(0..=actions.len()), action);
            }
        }
        plan.insert(target, spread(actions, options.events, &mut rng));
    }
    if options.has(Fault::Wire) {
        for wire in wires(options.store) {
            let actions = (0..options.kills / 5)
                .map(|_| on_the_wire(&mut rng))
                .collect();
            plan.insert(*wire, spread(actions, options.events, &mut rng));
        }
    }
    plan
}

fn wires(store: Store) -> &'static [Target] {
    match store {
        Store::MongoDb => &[Target::EdgeToService, Target::ServiceToMongoDb],
        Store::Sqlite => &[Target::EdgeToService],
    }
}

/// Rounded up, so that no kill is lost and everybody gets one.
fn shares(options: &Options) -> impl Iterator<Item = (Target, u32)> {
    let has_mongodb = options.store == Store::MongoDb;
    let there = move |target: Target| has_mongodb || target != Target::MongoDb;
    let whole: u32 = SHARES
        .iter()
        .filter(|(target, _)| there(*target))
        .map(|(_, share)| share)
        .sum();
    let kills = options.kills;
    SHARES
        .iter()
        .filter(move |(target, _)| there(*target))
        .map(move |(target, share)| (*target, (kills * share).div_ceil(whole)))
}

/// How one life of a program ends. Failpoints take turns, so that none is left out.
fn ending(target: Target, number: u32, options: &Options, rng: &mut StdRng) -> Action {
    let pause = millis(rng, 0..120);
    let names = match target {
        Target::Edge => EDGE_FAILPOINTS,
        Target::Service => SERVICE_FAILPOINTS,
        _ => &[],
    };
    let is_random = names.is_empty() || number.is_multiple_of(2) || !options.has(Fault::Failpoints);
    if is_random {
        return Action::Kill { pause };
    }
    let turn = usize::try_from(number / 2).unwrap_or(0);
    Action::Failpoint {
        name: names[turn % names.len()],
        nth: rng.random_range(1..=5),
        pause,
    }
}

/// Something that does not end a life by itself.
fn harm(target: Target, options: &Options, rng: &mut StdRng) -> Option<Action> {
    let mut kinds = Vec::new();
    if options.has(Fault::Freezes) {
        kinds.push(Action::Freeze {
            duration: millis(rng, 50..1500),
        });
    }
    if target == Target::Edge && options.has(Fault::Disk) {
        kinds.push(Action::DiskFull {
            duration: millis(rng, 100..600),
        });
        if options.has(Fault::Failpoints) {
            kinds.push(Action::CommitsFail {
                nth: rng.random_range(1..=30),
                duration: millis(rng, 100..600),
            });
        }
    }
    if matches!(target, Target::Edge | Target::Service) && options.has(Fault::Clock) {
        kinds.push(Action::ClockStep {
            seconds: clock_step(target, rng),
            duration: millis(rng, 200..2000),
        });
    }
    if kinds.is_empty() {
        return None;
    }
    Some(kinds.swap_remove(rng.random_range(0..kinds.len())))
}

/// Mostly less than what signatures allow, so that work goes on with a wrong clock.
/// Now and then the edge is days ahead: it refuses everything and must not forget.
fn clock_step(target: Target, rng: &mut StdRng) -> i64 {
    const DAYS: i64 = 10 * 24 * 60 * 60;
    if target == Target::Edge && rng.random_ratio(1, 8) {
        return DAYS;
    }
    rng.random_range(-100..=100)
}

fn on_the_wire(rng: &mut StdRng) -> Action {
    let direction = if rng.random() {
        Direction::ToServer
    } else {
        Direction::ToClient
    };
    let nothing = Faults::default();
    let faults = match rng.random_range(0..7) {
        0 => return Action::Cut,
        1 => Faults {
            delay: millis(rng, 1..60),
            ..nothing
        },
        2 => Faults {
            drop: 0.1,
            ..nothing
        },
        3 => Faults {
            reset: 0.1,
            ..nothing
        },
        4 => Faults {
            blackhole: true,
            ..nothing
        },
        5 => Faults {
            slice: Some(rng.random_range(1..64)),
            ..nothing
        },
        _ => Faults {
            bytes_per_second: Some(rng.random_range(20_000..500_000)),
            ..nothing
        },
    };
    Action::Wire {
        direction,
        faults,
        duration: millis(rng, 100..2500),
    }
}

/// Spreads actions over the run: each somewhere in its own part of it.
fn spread(actions: Vec<Action>, events: u64, rng: &mut StdRng) -> Vec<Step> {
    let parts = u64::try_from(actions.len()).unwrap_or(u64::MAX).max(1);
    (0..)
        .zip(actions)
        .map(|(number, action)| {
            let from = events * number / parts;
            let until = (events * (number + 1) / parts).max(from + 1);
            Step {
                at: rng.random_range(from..until),
                action,
            }
        })
        .collect()
}

fn millis(rng: &mut StdRng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(rng.random_range(range))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn options(seed: u64, faults: &[Fault]) -> Options {
        Options {
            seed,
            kills: 100,
            events: 10_000,
            rate: 100,
            store: Store::MongoDb,
            faults: faults.iter().copied().collect(),
            is_watched: false,
        }
    }

    #[test]
    fn the_seed_fixes_the_schedule() {
        let all = |seed| plan(&options(seed, &Fault::ALL));
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
    }

    #[test]
    fn as_many_lives_end_as_asked_for_at_every_failpoint_too() {
        let plan = plan(&options(1, &Fault::ALL));
        let (mut kills, mut names) = (0, BTreeSet::new());
        for step in plan.values().flatten() {
            match step.action {
                Action::Kill { .. } => kills += 1,
                Action::Failpoint { name, .. } => {
                    kills += 1;
                    names.insert(name);
                }
                _ => {}
            }
        }
        assert!(kills >= 100, "{kills}");
        assert_eq!(
            names.len(),
            EDGE_FAILPOINTS.len() + SERVICE_FAILPOINTS.len()
        );
    }

    #[test]
    fn steps_come_in_order_and_within_the_run() {
        for steps in plan(&options(3, &Fault::ALL)).values() {
            assert!(steps.is_sorted_by_key(|step| step.at));
            assert!(steps.iter().all(|step| step.at < 10_000));
        }
    }

    #[test]
    fn without_faults_there_are_kills_only() {
        let plan = plan(&options(5, &[]));
        let mut actions = plan.values().flatten().map(|step| &step.action);
        assert!(actions.all(|action| matches!(action, Action::Kill { .. })));
    }
}
