//! `communityctl queue`.

use clap::{Args, Subcommand};

/// What can be done with the edge's queue.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// How many webhooks wait, since when, and how many the service refuses.
    #[command(after_help = "Example:\n  communityctl queue stats --json | jq .waiting")]
    Stats,
    /// What waits, the oldest first; with --dead what the service refuses, and why.
    #[command(
        after_help = "Examples:\n  communityctl queue list\n  communityctl queue list --dead --limit 500"
    )]
    List(QueueList),
    /// Put dead letters at the end of the queue, to be offered to the service again.
    #[command(
        after_help = "Examples:\n  communityctl queue redrive 17 18\n  communityctl queue redrive --all"
    )]
    Redrive(Redrive),
}

/// `queue list`.
#[derive(Debug, Args)]
pub struct QueueList {
    /// Dead letters instead of what waits.
    #[arg(long)]
    pub dead: bool,
    /// After this position.
    #[arg(long, value_name = "POSITION")]
    pub after: Option<u64>,
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// `queue redrive`.
#[derive(Debug, Args)]
pub struct Redrive {
    /// Positions of dead letters, as queue list --dead shows them.
    #[arg(required_unless_present = "all", conflicts_with = "all", num_args = 1..=500)]
    pub positions: Vec<u64>,
    /// All that there are now.
    #[arg(long)]
    pub all: bool,
}
