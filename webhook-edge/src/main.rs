//! The `webhook-edge` program: settings, wiring, run, exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use service_kit::clock::SystemClock;
use service_kit::env::ProcessEnv;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use service_kit::telemetry;
use webhook_edge::app::App;
use webhook_edge::check;
use webhook_edge::cli::{Cli, Command, ConfigCommand};
use webhook_edge::config::{Config, Loaded};

/// The exit code for bad configuration, as sysexits.h numbers it.
const EX_CONFIG: u8 = 78;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let loaded = match Config::load(&ProcessEnv) {
        Ok(loaded) => loaded,
        Err(invalid) => {
            let _closed = writeln!(
                std::io::stderr(),
                "webhook-edge: the settings do not add up:\n{invalid}"
            );
            return ExitCode::from(EX_CONFIG);
        }
    };
    telemetry::init(loaded.config.log_format, &loaded.config.log_level);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(loaded).await,
        Command::Config(ConfigCommand::Check) => {
            check::config(&loaded, &mut std::io::stdout()).await
        }
        Command::Healthcheck => check::health(&loaded.config, &mut std::io::stdout()).await,
    }
}

async fn serve(loaded: Loaded) -> ExitCode {
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let tasks = Tasks::new();
    let shutdown = Shutdown::new();
    if let Err(error) = shutdown.listen(&tasks) {
        tracing::error!(%error, "could not listen for signals");
        return ExitCode::FAILURE;
    }
    match App::build(loaded.config, Arc::new(SystemClock), tasks, shutdown).await {
        Ok(app) => app.run().await,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not start");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
