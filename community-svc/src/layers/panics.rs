//! A panic in one call is an INTERNAL error of that call, not the end of others.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use super::observe::Call;
use crate::error::Error;

/// Does the work of a call; its panic is logged and becomes an error that tells nothing
/// about it.
pub(crate) async fn catch<T>(
    call: &Call,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // Nothing of the call is used after its panic.
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => {
            let _in_span = call.span().entered();
            tracing::error!(panic = message(&*panic), "a call panicked");
            Err(Error::Internal)
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
