//! `communityctl tokens`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Make a token, and its entry for `COMMUNITY_SVC_AUTH`. The token is shown this once.
    #[command(
        after_help = "Examples:\n  communityctl tokens new booking --scopes read+write\n  communityctl tokens new edge --scopes ingest --append-to callers.txt"
    )]
    New(NewToken),
    /// Who may call, by `COMMUNITY_SVC_AUTH` or `COMMUNITY_SVC_AUTH_FILE`.
    #[command(
        after_help = "Example:\n  COMMUNITY_SVC_AUTH_FILE=callers.txt communityctl tokens list"
    )]
    List,
}

/// `tokens new`.
#[derive(Debug, Args)]
pub struct NewToken {
    /// Who it is for: visible ASCII without colon and comma.
    pub name: String,
    /// What they may do: read, write, ingest, admin, joined by +.
    #[arg(long, default_value = "read")]
    pub scopes: String,
    /// Add the entry to this file, which `COMMUNITY_SVC_AUTH_FILE` names.
    #[arg(long, value_name = "FILE")]
    pub append_to: Option<PathBuf>,
}
