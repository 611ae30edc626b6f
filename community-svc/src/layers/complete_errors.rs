//! No error leaves without `ErrorInfo`, whoever made it.
//!
//! Our own errors carry it already. What tonic makes by itself, such as an unknown
//! method or a message that does not decode, gets it here.

use tonic::{Code, Status};

use super::Response;
use super::observe::code_of;
use crate::error::Error;

/// Makes the answer of what the layers within refused, and adds what other answers
/// lack.
pub(crate) fn complete(outcome: Result<Response, Error>) -> Response {
    let response = match outcome {
        Ok(response) => response,
        Err(error) => return error.into_http(),
    };
    if code_of(&response) == Code::Ok {
        return response;
    }
    match Status::from_header_map(response.headers()) {
        Some(status) if status.details().is_empty() => {
            let error = Error::of_library(status.code(), status.message());
            let mut completed = error.into_http();
            // Such as the encodings that the library would have taken.
            for (name, value) in response.headers() {
                completed
                    .headers_mut()
                    .entry(name)
                    .or_insert_with(|| value.clone());
            }
            completed
        }
        _ => response,
    }
}
