//! `verify`.

/// Arguments of `verify`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Ask BetterMode about each mark and each comment too: one request for each person and post
    #[arg(long)]
    pub deep: bool,
}
