//! `verify`: whether BetterMode has what the ledger says.

use std::io::Write as _;

use super::moving::{pair, target};
use super::{Context, Ending};
use crate::Error;
use crate::cli::verify::Args;
use crate::ledger::Ledger;
use crate::migration::Source;
use crate::verify::{Depth, verify};

/// Runs the command.
///
/// # Errors
/// What stops it, see [`Error`].
pub async fn run(args: Args, context: &Context) -> Result<Ending, Error> {
    const MOST_FAILURES: u32 = 10;
    let source = Source::open(&context.config.snapshot_dir)?;
    let pair = pair(context, &source, "verify")?;
    let ledger = Ledger::read(&context.config.work_dir, pair)?;
    let target = target(context, "verify", MOST_FAILURES)?;
    let depth = if args.deep {
        Depth::Everything
    } else {
        Depth::Lists
    };
    let findings = verify(&source, &ledger, &target, depth).await?;
    let _closed = std::io::stdout().write_all(findings.text().as_bytes());
    Ok(if findings.is_good() {
        Ending::Complete
    } else {
        Ending::Partial
    })
}
