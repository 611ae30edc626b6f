//! The commands of this repository: `cargo xtask --help` lists them. It starts and stops
//! programs and fetches the tools that they need; it holds none of the product's logic
//! and depends on none of its crates.

mod bench;
mod chaos;
mod cli;
mod deploy;
mod error;
mod fuzz;
mod processes;
mod proto;
mod run_tests;
mod simulate;
mod terminal;
mod tools;
mod up;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::error::Error;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::failure(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    let workspace = Workspace::find()?;
    match command {
        Command::Up(options) => up::run(&workspace, &options),
        Command::Grpcurl(options) => up::grpcurl(&workspace, &options),
        Command::Test { filters } => run_tests::run(&workspace, &filters),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Chaos(options) => chaos::run(&workspace, &options),
        Command::Simulate(options) => simulate::run(&workspace, &options),
        Command::Fuzz(options) => fuzz::run(&workspace, &options),
        Command::Deploy(_) => deploy::check(&workspace),
        Command::Tools => tools::print_all(&workspace),
        Command::Proto(options) => proto::run(&workspace, options),
    }
}
