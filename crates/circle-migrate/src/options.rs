//! What a move may do, as options of `plan` and `apply`.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What to do about people who are there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    /// Leave their profiles as they are.
    #[default]
    Never,
    /// Fill what they have left empty.
    FillEmpty,
}

/// Options that `plan` and `apply` share; `resume` takes those of the run before.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct MoveArgs {
    /// Invite people by e-mail: what happens unless --create-accounts says otherwise
    #[arg(long, conflicts_with = "create_accounts")]
    pub invite: bool,
    /// Make accounts at once instead of inviting: nobody is asked, everybody has to set a password
    #[arg(long)]
    pub create_accounts: bool,
    /// Move those too who never accepted Circle's invitation: a question of their consent
    #[arg(long)]
    pub include_unconfirmed: bool,
    /// Profiles of people who are in BetterMode already
    #[arg(long, value_enum, default_value_t)]
    pub update: Update,
    /// A TOML file: which profile field becomes which, who is left out, which spaces exist
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Move space groups, spaces, posts, comments and events too
    #[arg(long)]
    pub content: bool,
    /// Whom content belongs to whose author is no member yet, named in the text; without one it
    /// is held back
    #[arg(long, value_name = "MEMBER_ID")]
    pub fallback_owner: Option<String>,
    /// A canary: at most so many new people, and so many new things of each kind, in this run
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The role that people get; without one, the community's ordinary one
    #[arg(long, value_name = "ROLE_ID")]
    pub role_id: Option<String>,
    /// A file with words for the invitation's e-mail, plain text
    #[arg(long, value_name = "FILE")]
    pub message: Option<PathBuf>,
    /// Failures in a row that stop the run
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub max_failures: u32,
    /// Seconds to wait before looking for what may have happened
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub settle_seconds: u64,
    /// People in one request, at most 25: `--batch-size`
    #[arg(skip)]
    pub batch_size: Option<u32>,
}

impl Default for MoveArgs {
    fn default() -> Self {
        Self {
            invite: false,
            create_accounts: false,
            include_unconfirmed: false,
            update: Update::Never,
            mapping: None,
            content: false,
            fallback_owner: None,
            limit: None,
            role_id: None,
            message: None,
            max_failures: 10,
            settle_seconds: 10,
            batch_size: None,
        }
    }
}

impl MoveArgs {
    /// People in one request: how many BetterMode takes is not documented.
    #[must_use]
    pub fn chunk(&self) -> usize {
        const MOST: u32 = 25;
        let size = self.batch_size.unwrap_or(MOST).clamp(1, MOST);
        size as usize
    }

    /// How long to wait before looking for what may have happened.
    #[must_use]
    pub fn settle(&self) -> Duration {
        Duration::from_secs(self.settle_seconds)
    }
}
