//! Hosts live, die, and are started again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use service_kit::shutdown::Shutdown;

use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::network::{Host, Network};
use crate::power::Power;

/// How often somebody looks whether a host has to be started again.
const LOOK: Duration = Duration::from_secs(1);
/// How long starting one takes.
const START: Duration = Duration::from_millis(300);
/// After so many starts that failed it is no error of the disk that passes.
const REFUSALS: u32 = 3;

/// How a life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The process is killed; the operating system goes on.
    Killed,
    /// The machine loses its power.
    PowerLost,
}

/// Why a life could not begin.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LifeError(String);

impl LifeError {
    /// Because of this.
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A program on a host.
pub trait Life: Send + Sync {
    /// The host.
    fn name(&self) -> Host;

    /// The power for a new life.
    fn power(&self) -> Power;

    /// Starts it.
    ///
    /// # Errors
    /// [`LifeError`] when it refuses to start.
    fn begin(&self, power: &Power, shutdown: &Shutdown) -> Result<(), LifeError>;

    /// What happens to what it had on disk; says so for the journal.
    fn end(&self, ending: Ending) -> String;

    /// Whether it says itself that it has to be started again.
    fn is_broken(&self) -> bool;
}

/// Keeps a host running; clones keep the same one.
#[derive(Clone)]
pub struct Keeper {
    life: Arc<dyn Life>,
    network: Network,
    journal: Journal,
    ledger: Ledger,
    state: Arc<Mutex<State>>,
}

struct State {
    power: Option<Power>,
    /// How the present life is to end, and how long until the next.
    ending: Ending,
    pause: Duration,
    refusals: u32,
}

impl Keeper {
    /// Of a host that is not started yet.
    #[must_use]
    pub fn new(life: Arc<dyn Life>, network: Network, journal: Journal, ledger: Ledger) -> Self {
        Self {
            life,
            network,
            journal,
            ledger,
            state: Arc::new(Mutex::new(State {
                power: None,
                ending: Ending::Killed,
                pause: START,
                refusals: 0,
            })),
        }
    }

    /// The host.
    #[must_use]
    pub fn name(&self) -> Host {
        self.life.name()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state().power.as_ref().is_some_and(Power::is_on)
    }

    /// Ends the present life after so many steps of its disk or database, 0 for now; the
    /// next begins after a pause. False when there is none to end.
    #[must_use]
    pub fn end(&self, ending: Ending, after_steps: u64, pause: Duration) -> bool {
        let mut state = self.state();
        let Some(power) = state.power.clone().filter(Power::is_on) else {
            return false;
        };
        (state.ending, state.pause) = (ending, pause);
        drop(state);
        if after_steps == 0 {
            power.cut();
        } else {
            power.cut_after(after_steps);
        }
        true
    }

    /// Lets the present life go on, where its end was still some steps away.
    pub fn spare(&self) {
        if let Some(power) = &self.state().power {
            power.spare();
        }
    }

    /// Starts it again and again, for ever.
    pub async fn keep(self) {
        loop {
            let (power, shutdown) = (self.life.power(), Shutdown::new());
            self.state().power = Some(power.clone());
            match self.life.begin(&power, &shutdown) {
                Ok(()) => {
                    self.network.up(self.name());
                    self.journal.note(format!("{} is up", self.name()));
                    self.state().refusals = 0;
                    self.until_it_ends(&power).await;
                }
                // It died on the way.
                Err(_) if !power.is_on() => {}
                Err(error) => {
                    power.cut();
                    self.refused(&error);
                }
            }
            shutdown.drain();
            shutdown.aborting().cancel();
            let (ending, pause) = {
                let state = self.state();
                (state.ending, state.pause)
            };
            let is_heard = ending == Ending::Killed;
            self.network.down(self.name(), is_heard);
            let what = self.life.end(ending);
            self.journal
                .note(format!("{} is down, {ending:?}{what}", self.name()));
            // Who refuses and refuses is tried less and less.
            let refusals = self.state().refusals;
            tokio::time::sleep(pause + refusals * refusals * LOOK).await;
        }
    }

    async fn until_it_ends(&self, power: &Power) {
        loop {
            let look = tokio::time::timeout(LOOK, power.off()).await;
            if look.is_ok() || !power.is_on() {
                return;
            }
            if self.life.is_broken() {
                self.journal
                    .note(format!("{} is started again by its operator", self.name()));
                self.journal.count("restarts by an operator", 1);
                self.state().pause = START;
                power.cut();
            }
        }
    }

    /// A host that refuses to start does so for a reason that only people can mend.
    fn refused(&self, error: &LifeError) {
        let refusals = {
            let mut state = self.state();
            state.refusals += 1;
            state.refusals
        };
        let text = format!("{} refuses to start: {error}", self.name());
        self.journal.note(text.clone());
        if refusals == REFUSALS {
            self.ledger.broken(
                "a host that had no other fault than a crash starts again",
                text,
                &[self.name()],
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
