//! `apply`.

use super::moving::{self, pair};
use super::{Context, Ending};
use crate::Error;
use crate::cli::apply::Args;
use crate::ledger::Ledger;
use crate::migration::Source;

/// Runs the command.
///
/// # Errors
/// What stops it, see [`Error`].
pub async fn run(args: Args, context: &Context) -> Result<Ending, Error> {
    let source = Source::open(&context.config.snapshot_dir)?;
    let pair = pair(context, &source, "apply")?;
    let ledger = Ledger::open(&context.config.work_dir, pair)?;
    moving::apply(context, "apply", source, ledger, args.moving).await
}
