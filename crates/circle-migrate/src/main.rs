//! The `circle-migrate` program: options, settings, one command, exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use circle_migrate::cli::Cli;
use circle_migrate::commands::{self, Context, Ending};
use circle_migrate::config::Config;
use circle_migrate::hiding;
use clap::Parser as _;
use service_kit::clock::SystemClock;
use service_kit::env::ProcessEnv;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use service_kit::telemetry;

/// Exit codes for a wrong command line and for bad settings, as sysexits.h numbers them.
/// Not clap's 2, which here means that a part did not succeed.
const EX_USAGE: u8 = 64;
const EX_CONFIG: u8 = 78;

fn main() -> ExitCode {
    // Before anything else: until then everybody on this machine can read them.
    match hiding::start_again(std::env::args_os()) {
        Ok(()) => run(),
        Err(error) => say(1, &error.to_string()),
    }
}

#[tokio::main]
async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _closed = error.print();
            let wrong = error.use_stderr();
            return ExitCode::from(if wrong { EX_USAGE } else { 0 });
        }
    };
    let config = match Config::load(&cli.options, &ProcessEnv) {
        Ok(config) => config,
        Err(invalid) => {
            return say(
                EX_CONFIG,
                &format!("the settings do not add up:\n{invalid}"),
            );
        }
    };
    telemetry::init(config.log_format, &config.log_level);
    let tasks = Tasks::new();
    let shutdown = Shutdown::new();
    if let Err(error) = shutdown.listen(&tasks) {
        return say(1, &format!("could not listen for signals: {error}"));
    }
    let context = Context {
        config,
        clock: Arc::new(SystemClock),
        tasks,
        shutdown,
    };
    match commands::run(cli.command, &context).await {
        Ok(Ending::Complete) => ExitCode::SUCCESS,
        Ok(Ending::Partial) => ExitCode::from(2),
        Err(error) => say(1, &error.to_string()),
    }
}

fn say(code: u8, text: &str) -> ExitCode {
    let _closed = writeln!(std::io::stderr(), "circle-migrate: {text}");
    ExitCode::from(code)
}
