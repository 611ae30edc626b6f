//! The `communityctl` program: command line, settings, run, exit code.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use communityctl::cli::Cli;
use communityctl::commands::{self, Context};
use communityctl::output::{Format, Output};
use service_kit::clock::SystemClock;
use service_kit::env::ProcessEnv;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = if cli.json || !(cli.table || std::io::stdout().is_terminal()) {
        Format::Json
    } else {
        Format::Table
    };
    let mut context = Context {
        env: &ProcessEnv,
        clock: &SystemClock,
        random: &rand::random,
        output: Output::new(Box::new(std::io::stdout()), format),
        options: cli.options,
    };
    match commands::run(cli.command, &mut context).await {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            if let Some(text) = error.told(format) {
                let _closed = writeln!(std::io::stderr(), "{text}");
            }
            ExitCode::from(error.code())
        }
    }
}
