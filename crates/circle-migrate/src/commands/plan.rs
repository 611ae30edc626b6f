//! `plan`: reads everything, matches everybody, changes nothing.

use super::moving::{pair, show, target};
use super::{Context, Ending};
use crate::Error;
use crate::cli::plan::Args;
use crate::ledger::Ledger;
use crate::migration::{Migration, Source};
use crate::report;

/// Runs the command.
///
/// # Errors
/// What stops it, see [`Error`].
pub async fn run(args: Args, context: &Context) -> Result<Ending, Error> {
    let source = Source::open(&context.config.snapshot_dir)?;
    let pair = pair(context, &source, "plan")?;
    let ledger = Ledger::read(&context.config.work_dir, pair)?;
    let migration = Migration::new(source, &args.moving, context.config.max_members)?;
    let target = target(context, "plan", args.moving.max_failures)?;
    let plan = migration.plan(&target, &ledger, &args.moving).await?;
    let report = report::of_plan(&migration, &plan, &ledger, context.clock.now())?;
    show(&report, &context.config.work_dir)?;
    Ok(Ending::Complete)
}
