//! The command line. Settings come from the environment, see `config.rs`.

use clap::{Parser, Subcommand};

/// gRPC service that wraps a BetterMode community.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Settings are environment variables; .env.bettermode.example documents each."
)]
pub struct Cli {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or Ctrl-C.
    Serve,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the service on `COMMUNITY_SVC_ADMIN_LISTEN` whether it is ready; exit 0 or 1.
    Healthcheck,
}

/// What can be done with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Print the resolved settings, secrets redacted, and try each dependency.
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
