//! No error leaves without `ErrorInfo`, whoever made it.
//!
//! Our own errors carry it already. What tonic makes by itself, such as an unknown
//! method or a message that does not decode, gets it here.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use tonic::{Code, Status};

use super::observe::code_of;
use crate::error::Error;

/// Adds what is missing.
pub(crate) async fn add(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if code_of(&response) == Code::Ok && is_grpc(&response) {
        return response;
    }
    match Status::from_header_map(response.headers()) {
        Some(status) if !status.details().is_empty() => response,
        Some(status) => Error::Transport {
            code: status.code(),
            message: status.message().to_owned(),
        }
        .into_http(),
        None => response,
    }
}

fn is_grpc(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}
