//! One log line and one measurement for each call, whatever became of it.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tonic::Code;
use tracing::Instrument as _;

use super::request_id::RequestId;
use crate::metrics::Metrics;

/// Runs the call in a span that carries its method and request id.
pub(crate) async fn record(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let method = metrics.known_method(request.uri().path());
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let span = tracing::info_span!("call", method, request_id);
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let code = code_of(&response);
    let elapsed = started.elapsed();
    metrics.call(method, code, elapsed);
    let _in_span = span.enter();
    let micros = elapsed.as_micros();
    match code {
        Code::Ok => tracing::debug!(?code, micros, "call answered"),
        Code::Internal | Code::Unknown | Code::DataLoss => {
            tracing::error!(?code, micros, "call failed");
        }
        _ => tracing::info!(?code, micros, "call refused"),
    }
    response
}

/// A unary error comes without a body, its code in the headers; a success has its
/// code in the trailers, after the body.
pub(crate) fn code_of(response: &Response) -> Code {
    response
        .headers()
        .get(tonic::Status::GRPC_STATUS)
        .map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}
