//! One file for each command: it asks, then prints.

use std::process::ExitCode;

use clap::CommandFactory as _;
use service_kit::clock::Clock;
use service_kit::env::Env;

use crate::cli::{Cli, Command, ConfigCommand, EventsCommand, MembersCommand, Options};
use crate::cli::{QueueCommand, TokensCommand};
use crate::error::{Error, code};
use crate::output::Output;

mod config;
mod dead_letters;
mod doctor;
mod event_json;
mod events;
mod files;
mod members;
mod queue;
mod replay;
mod send;
mod sign;
mod status;
mod tokens;
mod watch;

/// What every command has.
pub struct Context<'a> {
    /// The settings.
    pub env: &'a dyn Env,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness that nobody can guess.
    pub random: &'a dyn Fn() -> [u8; 32],
    /// Where to write.
    pub output: Output,
    /// Where things are.
    pub options: Options,
}

/// How a command that was done ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Good,
    /// The answer is no.
    No,
    /// With this exit code.
    Code(u8),
}

impl Outcome {
    fn of(good: bool) -> Self {
        if good { Self::Good } else { Self::No }
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Good => ExitCode::SUCCESS,
            Self::No => ExitCode::from(code::NO),
            Self::Code(code) => ExitCode::from(code),
        }
    }
}

/// Does what was asked.
///
/// # Errors
/// [`Error`], which says what to do next.
pub async fn run(command: Command, context: &mut Context<'_>) -> Result<Outcome, Error> {
    match command {
        Command::Events(EventsCommand::List(list)) => events::list(context, list).await,
        Command::Events(EventsCommand::Get(get)) => events::get(context, get).await,
        Command::Events(EventsCommand::Watch(watch)) => watch::run(context, watch).await,
        Command::Events(EventsCommand::Replay(replay)) => replay::run(context, replay).await,
        Command::Events(EventsCommand::DeadLetters(which)) => {
            dead_letters::run(context, which).await
        }
        Command::Queue(QueueCommand::Stats) => queue::stats(context).await,
        Command::Queue(QueueCommand::List(list)) => queue::list(context, list).await,
        Command::Queue(QueueCommand::Redrive(redrive)) => queue::redrive(context, redrive).await,
        Command::Doctor(doctor) => doctor::run(context, doctor).await,
        Command::Sign(sign) => sign::run(context, &sign),
        Command::Send(send) => send::run(context, send).await,
        Command::Members(MembersCommand::Get(get)) => members::get(context, get).await,
        Command::Tokens(TokensCommand::New(new)) => tokens::new(context, &new),
        Command::Tokens(TokensCommand::List) => tokens::list(context),
        Command::Config(ConfigCommand::Check(check)) => config::check(context, &check),
        Command::Status => status::run(context).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "communityctl", &mut script);
            context.output.raw(&script)?;
            Ok(Outcome::Good)
        }
    }
}
