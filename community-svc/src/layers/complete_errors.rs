//! No error leaves without `ErrorInfo`, whoever made it.
//!
//! Our own errors carry it already. What tonic makes by itself, such as an unknown
//! method or a message that does not decode, gets it here. And whoever is refused for
//! lack of room is told when to come again in the way that gRPC clients act on by
//! themselves.

use http::{HeaderName, HeaderValue};
use tonic::{Code, Status};

use super::Response;
use super::observe::code_of;
use crate::error::Error;

/// Milliseconds after which a client that retries by itself may call again (gRPC A6,
/// client retries).
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// Makes the answer of what the layers within refused, and adds what other answers
/// lack.
pub(crate) fn complete(outcome: Result<Response, Error>) -> Response {
    let response = match outcome {
        Ok(response) => response,
        Err(error) => return refused(error),
    };
    if code_of(&response) == Code::Ok {
        return response;
    }
    match Status::from_header_map(response.headers()) {
        Some(status) if status.details().is_empty() => Error::Transport {
            code: status.code(),
            message: status.message().to_owned(),
        }
        .into_http(),
        _ => response,
    }
}

/// An answer without a message has its trailers among its headers.
fn refused(error: Error) -> Response {
    let pushback = error.retry_after();
    let mut response = error.into_http();
    if let Some(delay) = pushback {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let headers = response.headers_mut();
        headers.insert(PUSHBACK, HeaderValue::from(millis));
    }
    response
}
