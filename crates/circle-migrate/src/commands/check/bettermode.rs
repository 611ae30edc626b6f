//! BetterMode's side.

use super::super::Context;
use super::Findings;

#[expect(clippy::unused_async, reason = "the same shape as its neighbour")]
/// Tries BetterMode's credentials.
pub(super) async fn check(_context: &Context, _findings: &mut Findings) {}
