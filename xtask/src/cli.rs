//! The commands and what each takes.

use clap::{Parser, Subcommand};

use crate::{bench, chaos, deploy, fuzz, proto, simulate, up};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Commands of this repository")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
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
