//! Those who make a plan happen: one for each program and each wire, all at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, join_all};

use super::load::Progress;
use super::schedule::{Action, Step, Target};
use super::system::{Doors, System};
use crate::clients;
use crate::fault_proxy::{FaultProxy, Faults};

mod process;

use process::{Driver, Victim};

/// All drivers of a run.
pub(super) struct Drivers<'a> {
    system: &'a mut System,
    shared: Shared,
    is_done: bool,
}

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// SIGKILLs from outside of programs that were serving.
    pub(super) kills: BTreeMap<Target, u32>,
    /// SIGKILLs of programs that had not served yet; they do not count as kills.
    pub(super) too_early: u32,
    /// Programs that died at a failpoint while they served, by its name.
    pub(super) failpoints: BTreeMap<&'static str, u32>,
    /// Failpoints that were not passed in time.
    pub(super) not_passed: BTreeMap<&'static str, u32>,
    /// Freezes, clock steps and so on.
    pub(super) others: BTreeMap<&'static str, u32>,
    /// From each start until the program listens; mongod until it takes writes.
    pub(super) recoveries: BTreeMap<Target, Vec<Duration>>,
    /// What a program must not do.
    pub(super) violations: Vec<String>,
}

/// What every driver has.
#[derive(Clone)]
struct Shared {
    progress: Progress,
    doors: Doors,
    http: reqwest::Client,
    tally: Arc<Mutex<Tally>>,
}

impl<'a> Drivers<'a> {
    pub(super) fn new(system: &'a mut System, progress: Progress) -> Self {
        let shared = Shared {
            progress,
            doors: system.doors.clone(),
            http: clients::http(),
            tally: Arc::default(),
        };
        Self {
            system,
            shared,
            is_done: false,
        }
    }

    /// Makes all of it happen. What went wrong is right again at the end.
    pub(super) async fn run(&mut self, mut plan: BTreeMap<Target, Vec<Step>>) {
        let mut steps = |target| plan.remove(&target).unwrap_or_default();
        let shared = &self.shared;
        let system = &mut *self.system;
        let mut all: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        let mut drive = |target, victim, steps| {
            all.push(
                Driver::new(target, victim, shared.clone())
                    .run(steps)
                    .boxed_local(),
            );
        };
        let edge = Victim::Program(&mut system.edge);
        drive(Target::Edge, edge, steps(Target::Edge));
        let service = Victim::Program(&mut system.service);
        drive(Target::Service, service, steps(Target::Service));
        let redis = Victim::Program(&mut system.redis.program);
        drive(Target::Redis, redis, steps(Target::Redis));
        if let Some(mongodb) = &mut system.mongodb {
            let mongodb = Victim::MongoDb(mongodb);
            drive(Target::MongoDb, mongodb, steps(Target::MongoDb));
        }
        let proxy = &system.edge_to_service;
        all.push(on_a_wire(proxy, steps(Target::EdgeToService), shared).boxed_local());
        if let Some(proxy) = &system.service_to_mongodb {
            all.push(on_a_wire(proxy, steps(Target::ServiceToMongoDb), shared).boxed_local());
        }
        join_all(all).await;
        self.is_done = true;
    }

    /// Nothing goes wrong from here on.
    pub(super) async fn finish(self) -> Tally {
        let Self {
            system,
            shared,
            is_done,
        } = self;
        let wires = [
            Some(&system.edge_to_service),
            system.service_to_mongodb.as_ref(),
        ];
        for wire in wires.into_iter().flatten() {
            wire.clear();
        }
        system.public.clear();
        if !is_done {
            // A step was broken off: whatever it had done is undone by a new start.
            for clock in [&shared.doors.edge_clock, &shared.doors.service_clock] {
                let _not_there = std::fs::remove_file(clock);
            }
            if let Some(mongodb) = &mut system.mongodb {
                mongodb.restart().await;
            }
            system.redis.restart().await;
            for program in [&mut system.service, &mut system.edge] {
                program.set("FAILPOINTS", "");
                program.restart().await;
            }
        }
        std::mem::take(&mut *shared.tally())
    }
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: &'static str) {
        *self.tally().others.entry(what).or_default() += 1;
    }
}

async fn on_a_wire(proxy: &FaultProxy, steps: Vec<Step>, shared: &Shared) {
    for step in steps {
        shared.progress.acknowledged(step.at).await;
        match step.action {
            Action::Cut => {
                shared.note("connections cut");
                proxy.reset_all();
            }
            Action::Wire {
                direction,
                faults,
                duration,
            } => {
                shared.note(name_of(&faults));
                proxy.set(direction, faults);
                tokio::time::sleep(duration).await;
                proxy.set(direction, Faults::default());
            }
            other => unreachable!("{other:?} does not happen to a wire"),
        }
    }
}

fn name_of(faults: &Faults) -> &'static str {
    match faults {
        Faults {
            blackhole: true, ..
        } => "wire: blackhole",
        Faults { slice: Some(_), .. } => "wire: slices",
        Faults {
            bytes_per_second: Some(_),
            ..
        } => "wire: little bandwidth",
        faults if faults.drop > 0.0 => "wire: swallowed",
        faults if faults.reset > 0.0 => "wire: resets",
        _ => "wire: delay",
    }
}
