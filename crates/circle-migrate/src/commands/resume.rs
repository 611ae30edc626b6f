//! `resume`: the same as the `apply` before, with its options.

use super::moving::{self, OPTIONS, pair};
use super::{Context, Ending};
use crate::Error;
use crate::cli::resume::Args;
use crate::ledger::Ledger;
use crate::migration::Source;

/// Runs the command.
///
/// # Errors
/// [`Error::NothingToResume`] without a run before; what stops it, see [`Error`].
pub async fn run(_args: Args, context: &Context) -> Result<Ending, Error> {
    let source = Source::open(&context.config.snapshot_dir)?;
    let pair = pair(context, &source, "resume")?;
    let ledger = Ledger::open(&context.config.work_dir, pair)?;
    let kept = ledger.bound(OPTIONS)?;
    let options = kept.and_then(|text| serde_json::from_str(&text).ok());
    let options = options.ok_or_else(|| Error::NothingToResume {
        path: context.config.work_dir.clone(),
    })?;
    moving::apply(context, "resume", source, ledger, options).await
}
