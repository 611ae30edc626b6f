//! The commands of this repository: `cargo xtask --help` lists them. It starts and stops
//! programs and fetches the tools that they need; it holds none of the product's logic
//! and depends on none of its crates.

mod bench;
mod chaos;
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

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Commands of this repository")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and run the fake BetterMode, the service and the edge; Ctrl-C stops all
    Up(up::Options),
    /// Call every RPC, and write docs/grpcurl.md from the answers
    Grpcurl(up::PageOptions),
    /// Run every test against real Redis, real `MongoDB` and the built programs
    Test {
        /// Only tests whose name contains one of these
        filters: Vec<String>,
    },
    /// Measure the release builds, and fail when a bar is missed
    Bench(bench::Options),
    /// Kill the programs under load, and fail when a webhook is lost or doubled
    Chaos(chaos::Options),
    /// Run the whole system in simulated time under faults, a seed after the other
    Simulate(simulate::Options),
    /// Throw bytes at the edge's verifier, routes, parser and queue records
    Fuzz(fuzz::Options),
    /// Have the files of deploy/ read by the tools that they are for; starts nothing
    Deploy(deploy::Options),
    /// Make sure that every tool is there, and print where each one is
    Tools,
    /// Regenerate the code of the contract, format and lint it
    Proto(proto::Options),
}

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
