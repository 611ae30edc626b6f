//! The `notion-sync` program: settings, wiring, run, exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use notion_sync::cli::{Cli, Command, ConfigCommand};
use notion_sync::config::{Config, Loaded};
use notion_sync::{app, commands, mapping};
use service_kit::clock::SystemClock;
use service_kit::env::ProcessEnv;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use service_kit::telemetry;

/// The exit code for bad configuration, as sysexits.h numbers it.
const EX_CONFIG: u8 = 78;

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Run);
    if matches!(command, Command::Mapping) {
        let printed = io::stdout().write_all(mapping::DEFAULT.as_bytes());
        return exit(&printed.map(|()| true));
    }
    let loaded = match Config::load(&ProcessEnv) {
        Ok(loaded) => loaded,
        Err(invalid) => {
            let text = format!("notion-sync: the settings do not add up:\n{invalid}\n");
            let _closed = io::stderr().write_all(text.as_bytes());
            return ExitCode::from(EX_CONFIG);
        }
    };
    telemetry::init(loaded.config.log_format, &loaded.config.log_level);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let tasks = Tasks::new();
    let shutdown = Shutdown::new();
    if let Err(error) = shutdown.listen(&tasks) {
        tracing::error!(%error, "could not listen for signals");
        return ExitCode::FAILURE;
    }
    let (config, clock, out) = (&loaded.config, Arc::new(SystemClock), &mut io::stdout());
    match command {
        Command::Config(ConfigCommand::Check) => exit(&commands::settings(&loaded, out)),
        Command::Check { create } => exit(&commands::check(config, clock, create, out).await),
        Command::CreateColumns => exit(&commands::check(config, clock, true, out).await),
        Command::Reconcile { reindex } => {
            exit(&commands::reconcile(config, clock, reindex, &shutdown, out).await)
        }
        Command::Run | Command::Mapping => run(&loaded, tasks, shutdown).await,
    }
}

async fn run(loaded: &Loaded, tasks: Tasks, shutdown: Shutdown) -> ExitCode {
    match app::run(&loaded.config, Arc::new(SystemClock), tasks, shutdown).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not run");
            ExitCode::from(EX_CONFIG)
        }
    }
}

fn exit(fine: &io::Result<bool>) -> ExitCode {
    match fine {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}
