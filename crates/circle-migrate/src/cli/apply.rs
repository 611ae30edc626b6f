//! `apply`.

use crate::options::MoveArgs;

/// Arguments of `apply`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// What the move may do.
    #[command(flatten)]
    pub moving: MoveArgs,
}
