//! `plan`.

use super::{Context, Ending};
use crate::Error;
use crate::cli::plan::Args;

#[expect(clippy::unused_async, reason = "the same shape as its neighbours")]
/// Runs the command.
///
/// # Errors
/// What stops it, see [`Error`].
pub async fn run(_args: Args, _context: &Context) -> Result<Ending, Error> {
    Err(Error::NotInThisBuild { command: "plan" })
}
