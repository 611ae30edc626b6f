//! `communityctl events`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What can be done with stored webhooks.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List stored webhooks, the latest first.
    #[command(
        after_help = "Examples:\n  communityctl events list --since 2h\n  communityctl events list --type post.published --member 1wo91T9QSb --limit 500\n  communityctl events list --state dead --json | jq -r .event.eventId"
    )]
    List(List),
    /// One stored webhook, with its payload and what became of it.
    #[command(after_help = "Example:\n  communityctl events get 0123456789abcdef0123456789abcdef")]
    Get(Get),
    /// Follow what is stored, from now on or from where an earlier watch ended.
    #[command(
        after_help = "Examples:\n  communityctl events watch --type member.created\n  communityctl events watch --token-file watch.token   # goes on where it ended\n\nIt goes on by itself when the service restarts, and ends with Ctrl-C."
    )]
    Watch(Watch),
    /// Let stored webhooks take effect again; what took effect does not do so twice.
    #[command(
        after_help = "Examples:\n  communityctl events replay 0123456789abcdef0123456789abcdef --dry-run\n  communityctl events replay --since 2h --state dead --dry-run\n  communityctl events replay --since 2h --state dead --yes"
    )]
    Replay(Replay),
    /// What was given up on, the latest failure first.
    #[command(after_help = "Example:\n  communityctl events dead-letters --projection activities")]
    DeadLetters(DeadLetters),
}

/// Which events. Filters that are given must all fit.
#[derive(Debug, Clone, Args)]
pub struct Filters {
    /// Only of this type, for example post.published.
    #[arg(long = "type", value_name = "TYPE")]
    pub event_type: Option<String>,
    /// Only those that this member did or that are about them.
    #[arg(long, value_name = "ID")]
    pub member: Option<String>,
}

/// How far an event has taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateName {
    /// Something has not run yet.
    Pending,
    /// All has run.
    Done,
    /// Something was given up on.
    Dead,
}

/// What an event is turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProjectionName {
    /// Cached copies are dropped.
    Cache,
    /// The record of members.
    Members,
    /// The record of what members do.
    Activities,
}

/// `events list`.
#[derive(Debug, Args)]
pub struct List {
    /// Which events.
    #[command(flatten)]
    pub filters: Filters,
    /// Received at this time or later: RFC 3339, or 2h for two hours ago.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Received before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only in this state.
    #[arg(long, value_name = "STATE")]
    pub state: Option<StateName>,
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// With the payloads, which hold personal data (JSON only).
    #[arg(long)]
    pub payload: bool,
}

/// `events get`.
#[derive(Debug, Args)]
pub struct Get {
    /// The event's id.
    pub event_id: String,
    /// Only the payload, byte for byte as it was signed.
    #[arg(long)]
    pub raw: bool,
}

/// `events watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Which events.
    #[command(flatten)]
    pub filters: Filters,
    /// Go on after this resume token.
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    pub from: Option<String>,
    /// Go on after the token in this file, and keep the latest there.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// End after this many events.
    #[arg(long)]
    pub limit: Option<u64>,
    /// With the payloads, which hold personal data (JSON only).
    #[arg(long)]
    pub payload: bool,
}

/// `events replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// These events, at most 500.
    #[arg(required_unless_present = "since", conflicts_with_all = ["since", "until", "event_type", "state"])]
    pub event_ids: Vec<String>,
    /// Those received at this time or later: RFC 3339, or 2h for two hours ago.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// And before this time; else before now.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// And of this type.
    #[arg(long = "type", value_name = "TYPE")]
    pub event_type: Option<String>,
    /// And in this state.
    #[arg(long, value_name = "STATE")]
    pub state: Option<StateName>,
    /// Only this projection; can be given several times.
    #[arg(long, value_name = "PROJECTION")]
    pub projection: Vec<ProjectionName>,
    /// Say what it would change, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do it for a whole range of time.
    #[arg(long)]
    pub yes: bool,
}

/// `events dead-letters`.
#[derive(Debug, Args)]
pub struct DeadLetters {
    /// Only of this projection.
    #[arg(long, value_name = "PROJECTION")]
    pub projection: Option<ProjectionName>,
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}
