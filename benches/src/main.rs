//! Measures the built programs from outside and judges the figures by our bars.
//!
//! One subcommand for each measurement; `cargo xtask bench` builds everything and runs
//! it. The hidden subcommands are parts that a measurement starts as processes of their
//! own. What goes wrong ends the program with a sentence that says what; a missed bar
//! ends it with exit code 1.
#![expect(
    clippy::expect_used,
    reason = "a measurement that cannot go on ends here, with a sentence that says why"
)]

mod affinity;
mod baseline;
mod baseline_grpc;
mod client;
mod figures;
mod machine;
mod outage;
mod overload;
mod reads;
mod report;
mod slow_sockets;
mod steady;
mod stored_events;
mod system;
mod webhook;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "bench", about = "Measures the built programs from outside")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Acknowledged webhooks per second, beside two baselines
    Webhooks(webhooks::Options),
    /// Pages and summaries over a million stored events
    StoredEvents(stored_events::Options),
    /// Ordinary requests while thousands of sockets stall
    SlowSockets(slow_sockets::Options),
    /// The service is away, comes back, the edge drains
    Outage(outage::Options),
    /// Five times the load that the service can hold
    Overload(overload::Options),
    /// Reads of members: hits, misses, changes, outages, memory
    Reads(reads::Options),
    /// A baseline, to be measured beside the edge
    #[command(hide = true)]
    Baseline(baseline::Options),
    /// A baseline, to be measured beside the service
    #[command(hide = true)]
    BaselineGrpc(baseline_grpc::Options),
    /// Becomes another program that may use one core only
    #[command(hide = true)]
    OnCore(affinity::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Webhooks(options) => webhooks::run(&options).await,
        Command::StoredEvents(options) => stored_events::run(&options).await,
        Command::SlowSockets(options) => slow_sockets::run(&options).await,
        Command::Outage(options) => outage::run(&options).await,
        Command::Overload(options) => overload::run(&options).await,
        Command::Reads(options) => reads::run(options).await,
        Command::BaselineGrpc(options) => baseline_grpc::run(&options).await,
        Command::Baseline(options) => baseline::run(options).await,
        Command::OnCore(options) => affinity::become_program(&options),
    }
}
