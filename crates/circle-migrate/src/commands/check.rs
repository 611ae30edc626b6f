//! `check`: tokens, communities, quotas, addresses, fields. Changes nothing.

use std::io::Write as _;

use super::{Context, Ending, unless_stopped};
use crate::Error;
use crate::cli::check::Args;

mod bettermode;
mod circle;
mod findings;

pub use findings::{Finding, Findings, Grade};

/// Tries both sides and says what it found. One side's failure does not hide the other's.
///
/// # Errors
/// Never; what is wrong is a finding.
pub async fn run(_args: Args, context: &Context) -> Result<Ending, Error> {
    let mut findings = Findings::default();
    let circle = circle::check(context, &mut findings);
    if let Err(error) = unless_stopped(context, circle).await {
        findings.bad("Circle", error.to_string());
    }
    bettermode::check(context, &mut findings).await;
    let _closed = write!(std::io::stdout().lock(), "{findings}");
    Ok(if findings.has(Grade::Bad) {
        Ending::Partial
    } else {
        Ending::Complete
    })
}
