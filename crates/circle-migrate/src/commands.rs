//! What each command does, one file for each.

use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;

use crate::Error;
use crate::cli::Command;
use crate::config::Config;

pub mod apply;
pub mod check;
pub mod extract;
mod moving;
pub mod plan;
pub mod report;
pub mod resume;
pub mod verify;

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: SharedClock,
    /// Who owns tasks.
    pub tasks: Tasks,
    /// When to stop: the record in hand is finished first.
    pub shutdown: Shutdown,
}

/// How a command ended that was not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All of it is done: exit code 0.
    Complete,
    /// Some of it is not, and its output says what: exit code 2.
    Partial,
}

/// Asks Circle, unless a signal says to stop: a read in flight is let go.
pub(crate) async fn unless_stopped<T>(
    context: &Context,
    asking: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        () = context.shutdown.draining().cancelled() => Err(Error::Interrupted {
            done: "nothing was changed".to_owned(),
            hint: "run the same command again",
        }),
        answer = asking => answer,
    }
}

/// Runs one command; without one, plans.
///
/// # Errors
/// What stopped it: exit code 1.
pub async fn run(command: Option<Command>, context: &Context) -> Result<Ending, Error> {
    match command.unwrap_or_else(|| Command::Plan(crate::cli::plan::Args::default())) {
        Command::Check(args) => check::run(args, context).await,
        Command::Extract(args) => extract::run(args, context).await,
        Command::Plan(args) => plan::run(args, context).await,
        Command::Apply(args) => apply::run(args, context).await,
        Command::Resume(args) => resume::run(args, context).await,
        Command::Verify(args) => verify::run(args, context).await,
        Command::Report(args) => report::run(args, context).await,
    }
}
