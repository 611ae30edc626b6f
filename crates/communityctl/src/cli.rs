//! The command line. Settings come from the environment, the same as the services'.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use url::Url;

mod events;
mod queue;
mod tokens;
mod webhooks;

pub use events::{
    DeadLetters, EventsCommand, Filters, Get, List, ProjectionName, Replay, StateName, Watch,
};
pub use queue::{QueueCommand, QueueList, Redrive};
pub use tokens::{NewToken, TokensCommand};
pub use webhooks::{DoctorArgs, InputFormat, SendArgs, SignArgs};

const EXIT_CODES: &str = "\
Output is a table on a terminal and JSON lines elsewhere; --json and --table decide.

Exit codes: 0 done; 1 done, and the answer is no; 2 wrong command line; 3 not found;
4 not allowed; 5 not reachable or too busy; 6 refused as asked; 7 failed inside;
78 settings that do not add up.

Settings are those of the services (.env.bettermode.example): COMMUNITY_SVC_URL and
COMMUNITY_SVC_TOKEN, WEBHOOK_EDGE_LISTEN, WEBHOOK_EDGE_ADMIN_LISTEN and
WEBHOOK_EDGE_ADMIN_TOKEN, COMMUNITY_SVC_ADMIN_LISTEN, BETTERMODE_WEBHOOK_SECRET.

Examples:
  communityctl status
  communityctl events list --since 2h --state dead
  communityctl events watch --type member.created
  communityctl doctor captured-request.txt
  communityctl queue list --dead";

/// Operates the community bridge: events, queue, members, webhooks and why they are refused.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Write JSON lines, also on a terminal.
    #[arg(long, global = true, conflicts_with = "table")]
    pub json: bool,
    /// Write tables, also where there is no terminal.
    #[arg(long, global = true)]
    pub table: bool,
    /// Where things are.
    #[command(flatten)]
    pub options: Options,
}

/// Where things are, where the settings do not say it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Where things are")]
pub struct Options {
    /// The service's gRPC address, several with commas; else `COMMUNITY_SVC_URL`.
    #[arg(long, global = true, value_name = "URL")]
    pub service: Option<String>,
    /// The service's admin port; else where `COMMUNITY_SVC_ADMIN_LISTEN` is.
    #[arg(long, global = true, value_name = "URL")]
    pub service_admin: Option<Url>,
    /// The edge's public port; else where `WEBHOOK_EDGE_LISTEN` is.
    #[arg(long, global = true, value_name = "URL")]
    pub edge: Option<Url>,
    /// The edge's admin port; else where `WEBHOOK_EDGE_ADMIN_LISTEN` is.
    #[arg(long, global = true, value_name = "URL")]
    pub edge_admin: Option<Url>,
    /// How long a call may take, retries included, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Stored webhooks: list, get, watch, replay, and those that had no effect.
    #[command(subcommand)]
    Events(EventsCommand),
    /// The edge's queue: how full it is, what waits, what is given up on.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Say why a webhook's signature does not hold.
    Doctor(DoctorArgs),
    /// Sign a webhook as BetterMode does, and print its headers.
    Sign(SignArgs),
    /// Sign a test webhook and deliver it to the edge.
    Send(SendArgs),
    /// Members of the community.
    #[command(subcommand)]
    Members(MembersCommand),
    /// Tokens of those who may call the service.
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// The settings of both programs.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// How every part is. Exit 1 when one is down.
    #[command(after_help = "Example:\n  communityctl status && echo all well")]
    Status,
    /// Print a shell's completion of these commands.
    #[command(
        after_help = "Example:\n  communityctl completions bash > ~/.local/share/bash-completion/completions/communityctl"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum MembersCommand {
    /// Read one member, by id, user name or e-mail address.
    #[command(
        after_help = "Examples:\n  communityctl members get 1wo91T9QSb\n  communityctl members get --email ada@example.com\n  communityctl members get 1wo91T9QSb --fresh"
    )]
    Get(GetMember),
}

/// `members get`.
#[derive(Debug, Args)]
pub struct GetMember {
    /// Which member.
    #[command(flatten)]
    pub who: Who,
    /// Ask BetterMode, whatever the cache holds.
    #[arg(long)]
    pub fresh: bool,
}

/// One of the ways to name a member.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Who {
    /// BetterMode's id of the member.
    pub id: Option<String>,
    /// The user name, without "@".
    #[arg(long)]
    pub username: Option<String>,
    /// The e-mail address. It stands in the shell's history then.
    #[arg(long)]
    pub email: Option<String>,
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Let both programs check their settings in this environment. Exit 1 or 78 when one
    /// has something to say against them.
    #[command(
        after_help = "Example:\n  set -a; . ./.env; set +a; communityctl config check\n\nThe programs are looked for beside communityctl, then in PATH."
    )]
    Check(ConfigCheck),
}

/// Where the programs are.
#[derive(Debug, Args)]
pub struct ConfigCheck {
    /// The folder of community-svc and webhook-edge.
    #[arg(long, value_name = "FOLDER")]
    pub programs: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for wrong in [
            &["members", "get"][..],
            &["members", "get", "id", "--email", "a@b"],
            &["events", "replay"],
            &["events", "replay", "id", "--since", "2h"],
            &["queue", "redrive"],
            &["queue", "redrive", "1", "--all"],
            &["status", "--json", "--table"],
        ] {
            let line = std::iter::once(&"communityctl").chain(wrong);
            assert!(Cli::try_parse_from(line).is_err(), "{wrong:?}");
        }
    }
}
