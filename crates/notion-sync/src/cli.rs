//! The command line. Settings come from the environment, see `config.rs`.

use clap::{Parser, Subcommand};

/// Keeps members and their activities in Notion.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Settings are environment variables; .env.bettermode.example documents each, \
                  docs/notion.md explains the mapping file."
)]
pub struct Cli {
    /// What to do; without one, run.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Follow the community until SIGTERM or Ctrl-C.
    Run,
    /// Try Notion and community-svc, and compare the columns with the mapping; exit 0 or 1.
    Check {
        /// Add the columns that are missing. Columns of another type stay as they are.
        #[arg(long)]
        create: bool,
    },
    /// Add the columns that are missing: `check --create`.
    CreateColumns,
    /// Compare everything once, write what differs, and end.
    #[command(alias = "backfill")]
    Reconcile {
        /// Read Notion's rows again first: rows that people deleted come back, duplicates are
        /// reported.
        #[arg(long)]
        reindex: bool,
    },
    /// Print the default mapping, to begin a file of your own with.
    Mapping,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// What can be done with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Print the resolved settings, secrets redacted; `check` tries what they name.
    Check,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
