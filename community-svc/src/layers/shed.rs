//! More calls at once than the service can hold are refused at the door, quickly,
//! rather than all of them getting slow.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;

use crate::error::Error;

/// Runs the call while a slot is free. Health checks take none: a probe must not
/// fail because the service is busy. A call that is answered with a stream holds its
/// slot until the stream is open; watchers have places of their own to run out of.
pub(crate) async fn limit(
    State(slots): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/grpc.health.v1.Health/") {
        return next.run(request).await;
    }
    match slots.try_acquire() {
        Ok(_slot) => next.run(request).await,
        Err(_) => Error::Overloaded.into_http(),
    }
}
