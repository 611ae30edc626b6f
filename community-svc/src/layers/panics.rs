//! A panic in one call is an INTERNAL error of that call, not the end of others.

use std::any::Any;

use axum::response::Response;

use crate::error::Error;

/// Logs the panic and makes the answer, which tells nothing about it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that the panic layer asks for"
)]
pub(crate) fn answer(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = message, "a call panicked");
    Error::Internal.into_http()
}
