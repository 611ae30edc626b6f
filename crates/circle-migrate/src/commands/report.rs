//! `report`: what became of everything, out of ledger and snapshot alone.

use super::moving::{ending, pair, show};
use super::{Context, Ending};
use crate::Error;
use crate::cli::report::Args;
use crate::ledger::Ledger;
use crate::migration::Source;
use crate::report;

/// Runs the command.
///
/// # Errors
/// What stops it, see [`Error`].
#[expect(clippy::unused_async, reason = "every command is called alike")]
pub async fn run(_args: Args, context: &Context) -> Result<Ending, Error> {
    let source = Source::open(&context.config.snapshot_dir)?;
    let pair = pair(context, &source, "report")?;
    let ledger = Ledger::read(&context.config.work_dir, pair)?;
    let report = report::of_ledger(&source, &ledger, false, context.clock.now())?;
    show(&report, &context.config.work_dir)?;
    Ok(ending(&report))
}
