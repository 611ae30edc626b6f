//! One program through its many lives.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::Instant;

use super::super::schedule::{Action, Step, Target};
use super::Shared;
use crate::program::Program;
use crate::stores::MongoDb;

const POLL: Duration = Duration::from_millis(5);
/// How long a program may take until it has served, and until it passes a failpoint.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often a program may fail to start before the run goes on without it.
const STARTS: u32 = 5;
/// How often a kill that does not count is repeated.
const TRIES: u32 = 3;
/// No file can be written beyond this byte while the disk is full.
const FULL_AT: u64 = 512;

/// Who is killed, and how it is started again.
pub(super) enum Victim<'a> {
    Program(&'a mut Program),
    MongoDb(&'a mut MongoDb),
}

/// Drives one program.
pub(super) struct Driver<'a> {
    target: Target,
    victim: Victim<'a>,
    shared: Shared,
    /// The failpoint that this life was started with.
    armed: Option<&'static str>,
    /// This life's failpoint struck before its step was due.
    struck: bool,
    /// How many webhooks were acknowledged when this life began.
    born_at: u64,
}

/// How a life is to go.
#[derive(Debug, Clone, Copy)]
enum Life {
    Plain,
    DiesAt { name: &'static str, nth: u32 },
    CommitsFail { nth: u32 },
}

impl Life {
    /// The life that the first of these steps to end one wants.
    fn before(steps: &[Step]) -> Self {
        for step in steps {
            match step.action {
                Action::Failpoint { name, nth, .. } => return Self::DiesAt { name, nth },
                Action::Kill { .. } | Action::DiskFull { .. } | Action::CommitsFail { .. } => {
                    return Self::Plain;
                }
                _ => {}
            }
        }
        Self::Plain
    }

    fn failpoints(self) -> String {
        match self {
            Self::Plain => String::new(),
            Self::DiesAt { name, nth } => format!("{name}=kill@{nth}"),
            Self::CommitsFail { nth } => format!("queue.commit=error@{nth}+"),
        }
    }
}

impl Victim<'_> {
    fn program(&mut self) -> &mut Program {
        match self {
            Self::Program(program) => program,
            Self::MongoDb(mongodb) => &mut mongodb.program,
        }
    }

    async fn start(&mut self) -> Result<(), ExitStatus> {
        match self {
            Self::Program(program) => {
                program.kill();
                program.try_start().await
            }
            Self::MongoDb(mongodb) => {
                mongodb.restart().await;
                Ok(())
            }
        }
    }
}

impl<'a> Driver<'a> {
    pub(super) fn new(target: Target, victim: Victim<'a>, shared: Shared) -> Self {
        Self {
            target,
            victim,
            shared,
            armed: None,
            struck: false,
            born_at: 0,
        }
    }

    pub(super) async fn run(mut self, steps: Vec<Step>) {
        for (index, step) in steps.iter().enumerate() {
            self.wait_for(step).await;
            let next = Life::before(&steps[index + 1..]);
            self.perform(&step.action, next).await;
        }
        self.wait_for_the_last_life().await;
    }

    /// Waits until a step is due, and looks after a program that dies before.
    async fn wait_for(&mut self, step: &Step) {
        while self.shared.progress.count() < step.at {
            if let Some(status) = self.victim.program().ended() {
                if matches!(step.action, Action::Failpoint { .. }) && self.armed.is_some() {
                    return;
                }
                self.died(status).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Nothing is armed any more; what ends now ends by itself.
    async fn wait_for_the_last_life(&mut self) {
        if self.armed.is_some() {
            self.start(Life::Plain).await;
        }
    }

    async fn perform(&mut self, action: &Action, next: Life) {
        if !matches!(action, Action::Failpoint { .. })
            && let Some(status) = self.victim.program().ended()
        {
            self.died(status).await;
        }
        match *action {
            Action::Kill { pause } => self.kill_and_start(pause, next).await,
            Action::Failpoint { name, nth, pause } => {
                if std::mem::take(&mut self.struck) {
                    return;
                }
                if self.armed.is_none() {
                    self.kill().await;
                    self.start(Life::DiesAt { name, nth }).await;
                }
                self.die_at(name).await;
                tokio::time::sleep(pause).await;
                self.start(next).await;
            }
            Action::Freeze { duration } => {
                self.shared.note("frozen");
                self.victim.program().freeze();
                tokio::time::sleep(duration).await;
                self.victim.program().thaw();
            }
            Action::DiskFull { duration } => {
                self.shared.note("disk full");
                self.wait_until_it_serves().await;
                self.victim.program().limit_files(Some(FULL_AT));
                tokio::time::sleep(duration).await;
                self.end();
                self.start(next).await;
            }
            Action::CommitsFail { nth, duration } => {
                self.shared.note("commits fail");
                self.kill().await;
                self.start(Life::CommitsFail { nth }).await;
                tokio::time::sleep(duration).await;
                self.end();
                self.start(next).await;
            }
            Action::ClockStep { seconds, duration } => {
                self.shared.note("clock stepped");
                self.step_clock(seconds, duration).await;
            }
            Action::Wire { .. } | Action::Cut => unreachable!("a program is no wire"),
        }
    }

    /// Kills it, once more if it had not served: such a kill does not count.
    async fn kill_and_start(&mut self, pause: Duration, next: Life) {
        for _ in 0..TRIES {
            let counts = self.kill().await;
            tokio::time::sleep(pause).await;
            if counts {
                break;
            }
            self.start(Life::Plain).await;
        }
        self.start(next).await;
    }

    /// SIGKILL while it serves. Says whether it did.
    async fn kill(&mut self) -> bool {
        let served = self.wait_until_it_serves().await;
        let was_alive = self.victim.program().ended().is_none();
        self.end();
        let mut tally = self.shared.tally();
        if served && was_alive {
            *tally.kills.entry(self.target).or_default() += 1;
        } else {
            tally.too_early += 1;
        }
        served && was_alive
    }

    /// SIGKILL; reaping it takes a while, which must hold up nobody else.
    fn end(&mut self) {
        let program = self.victim.program();
        tokio::task::block_in_place(|| program.kill());
    }

    /// Waits for the death that was armed; helps when the step is never passed.
    async fn die_at(&mut self, name: &'static str) {
        let deadline = Instant::now() + PATIENCE;
        while self.victim.program().ended().is_none() {
            if Instant::now() > deadline {
                *self.shared.tally().not_passed.entry(name).or_default() += 1;
                self.kill().await;
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        *self.shared.tally().failpoints.entry(name).or_default() += 1;
    }

    /// It died between steps: where it was told to, or by itself.
    async fn died(&mut self, status: ExitStatus) {
        match self.armed {
            Some(name) => {
                *self.shared.tally().failpoints.entry(name).or_default() += 1;
                self.struck = true;
            }
            None => self.violation(&format!("ended by itself with {status}")),
        }
        self.start(Life::Plain).await;
    }

    /// Starts it for this life; when it does not come up, for a plain one.
    async fn start(&mut self, life: Life) {
        let mut failpoints = life.failpoints();
        self.armed = match life {
            Life::DiesAt { name, .. } => Some(name),
            Life::Plain | Life::CommitsFail { .. } => None,
        };
        for _ in 0..STARTS {
            self.victim.program().set("FAILPOINTS", &failpoints);
            let started = Instant::now();
            let outcome = self.victim.start().await;
            let status = match outcome {
                Ok(()) => {
                    let mut tally = self.shared.tally();
                    let recoveries = tally.recoveries.entry(self.target).or_default();
                    recoveries.push(started.elapsed());
                    self.born_at = self.shared.progress.count();
                    return;
                }
                Err(status) => status,
            };
            match self.armed.take() {
                // On its backlog, before it listened: does not count.
                Some(_) => self.struck = true,
                None => self.violation(&format!("ended with {status} instead of listening")),
            }
            failpoints.clear();
        }
    }

    /// Whether it has done its work since it was started.
    async fn wait_until_it_serves(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while !self.has_served().await {
            if Instant::now() > deadline || self.victim.program().ended().is_some() {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    async fn has_served(&self) -> bool {
        match self.target {
            Target::Edge => self.shared.progress.count() > self.born_at,
            Target::Service => {
                self.shared
                    .doors
                    .service_has_stored(&self.shared.http)
                    .await
            }
            _ => true,
        }
    }

    async fn step_clock(&mut self, seconds: i64, duration: Duration) {
        let file = match self.target {
            Target::Edge => &self.shared.doors.edge_clock,
            _ => &self.shared.doors.service_clock,
        };
        write(file, &seconds.to_string());
        tokio::time::sleep(duration).await;
        write(file, "0");
    }

    fn violation(&mut self, what: &str) {
        let log = self.victim.program().lines();
        let last = log.len().saturating_sub(5);
        let text = format!(
            "{} {what}; its last lines:\n    {}",
            self.target.name(),
            log[last..].join("\n    ")
        );
        self.shared.tally().violations.push(text);
    }
}

fn write(file: &Path, text: &str) {
    std::fs::write(file, text).expect("the run's folder takes files");
}
