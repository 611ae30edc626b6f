//! The command line. Every option of a setting has its environment variable, see
//! `config.rs`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub mod apply;
pub mod check;
pub mod extract;
pub mod plan;
pub mod report;
pub mod resume;
pub mod verify;

const AFTER_HELP: &str = "\
Without a command: plan, which changes nothing anywhere.

Tokens: set CIRCLE_API_TOKEN, BETTERMODE_API_TOKEN and NOTION_API_TOKEN, or better
CIRCLE_API_TOKEN_FILE and so on, the path of a file that only you can read. A token given as an
option is taken out of the process list as soon as it is read, but it stays in your shell's
history, and everybody on this machine can see it until then.

Exit codes: 0 all done, 2 some of it not (see the report), 1 stopped, 64 wrong option, 78 wrong
setting.";

/// Moves a community from Circle to BetterMode: its people, and its content on request.
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// Settings that every command shares.
    #[command(flatten)]
    pub options: Options,
    /// What to do; without one, plan.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Try tokens, communities, quotas and fields, and change nothing.
    Check(check::Args),
    /// Read Circle into a snapshot on this machine, once.
    Extract(extract::Args),
    /// Say what would happen to each person and why, and change nothing.
    Plan(plan::Args),
    /// Do what the plan says.
    Apply(apply::Args),
    /// Go on with an `apply` that was interrupted.
    Resume(resume::Args),
    /// Compare BetterMode with the snapshot and the ledger.
    Verify(verify::Args),
    /// Write what became of everybody as JSON, CSV and a page.
    Report(report::Args),
}

/// Settings as options; each has its environment variable too.
#[derive(Debug, Clone, Default, Args)]
pub struct Options {
    /// Circle's API token (safer: `CIRCLE_API_TOKEN_FILE`)
    #[arg(long, global = true, value_name = "TOKEN")]
    pub circle_token: Option<String>,
    /// The community that the Circle token must be of: its id or slug (`CIRCLE_COMMUNITY_ID`)
    #[arg(long, global = true, value_name = "ID")]
    pub circle_community_id: Option<String>,
    /// `BetterMode`'s API token (safer: `BETTERMODE_API_TOKEN_FILE`)
    #[arg(long, global = true, value_name = "TOKEN")]
    pub bettermode_token: Option<String>,
    /// The network that is moved to (`BETTERMODE_NETWORK_ID`)
    #[arg(long, global = true, value_name = "ID")]
    pub bettermode_network_id: Option<String>,
    /// Notion's API token, to link rows of the Community Hub (safer: `NOTION_API_TOKEN_FILE`)
    #[arg(long, global = true, value_name = "TOKEN")]
    pub notion_token: Option<String>,
    /// Members that are worked on together; also rows of a page that Circle is asked for, at most
    /// 100 [default: 100]
    #[arg(long, global = true, value_name = "N")]
    pub batch_size: Option<u32>,
    /// Members to move, the first ones of the snapshot [default: all]
    #[arg(long, global = true, value_name = "N")]
    pub max_members: Option<u64>,
    /// Requests to Circle that this run may spend of its monthly quota [default: no limit]
    #[arg(long, global = true, value_name = "N")]
    pub max_requests: Option<u64>,
    /// Where ledger and reports are kept [default: circle-migrate]
    #[arg(long, global = true, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// Where the snapshot is kept [default: snapshot in the working directory above]
    #[arg(long, global = true, value_name = "DIR")]
    pub snapshot: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_guides_own_call_is_a_plan() {
        let cli = Cli::try_parse_from([
            "circle-migrate",
            "--batch-size",
            "100",
            "--max-members",
            "1000",
        ])
        .unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.options.batch_size, Some(100));
        assert_eq!(cli.options.max_members, Some(1000));
    }

    #[test]
    fn options_may_follow_the_command() {
        let line = ["circle-migrate", "extract", "--max-requests", "5"];
        let cli = Cli::try_parse_from(line).unwrap();
        assert_eq!(cli.options.max_requests, Some(5));
    }
}
