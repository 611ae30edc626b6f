//! `extract`.

/// Arguments of `extract`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Read space groups, spaces, posts, comments and events too, not only people
    #[arg(long)]
    pub content: bool,
    /// Read who is in which space too: at least one request for each space
    #[arg(long)]
    pub space_members: bool,
    /// Read again into a finished snapshot and keep what is new or changed since
    #[arg(long)]
    pub delta: bool,
}
