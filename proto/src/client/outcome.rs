//! What became of one attempt.
//!
//! The one thing that matters for a write is whether the server may have done it. That
//! it did not is only believed when the protocol or the service says so.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Limited};
use tonic::body::Body;
use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

use crate::ERROR_DOMAIN;

/// The largest answer that is held while its end decides about a retry; a larger one is
/// an error, as it is for the generated clients.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// gRPC's header for a server that knows when to send the call again.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

pub(super) type Response = http::Response<Body>;

/// One attempt's end.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The call went well; a stream has begun.
    Fine(Response),
    /// It did not.
    Failed(Failure),
}

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) fate: Fate,
    pub(super) when: When,
    /// There was a server at the address.
    pub(super) reached: bool,
    /// What the caller gets when nothing more is tried.
    pub(super) response: Response,
}

/// What the server may have done with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never began with it: not connected, or the stream was refused.
    NotProcessed,
    /// The service itself says that nothing was changed.
    NothingChanged,
    /// Nobody can tell.
    Unknown,
}

/// When the server wants the call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// It does not say.
    Unsaid,
    /// Then, and not with a backoff: `grpc-retry-pushback-ms`.
    After(Duration),
    /// Not earlier: `RetryInfo`.
    NotBefore(Duration),
    /// Not at all.
    Never,
}

impl Outcome {
    /// Reads an answer to its end, unless it is a stream, and judges it.
    pub(super) async fn of_answer(response: Response, streams: bool) -> Self {
        let (parts, body) = response.into_parts();
        if let Some(status) = Status::from_header_map(&parts.headers) {
            let response = http::Response::from_parts(parts, body);
            return Self::judge(&status, response);
        }
        if !parts.status.is_success() {
            // Not the service: something before it that speaks plain HTTP.
            let code = match parts.status.as_u16() {
                429 | 502..=504 => Code::Unavailable,
                _ => Code::Unknown,
            };
            let response = http::Response::from_parts(parts, body);
            return Self::Failed(Failure {
                code,
                fate: Fate::Unknown,
                when: When::Unsaid,
                reached: true,
                response,
            });
        }
        if streams {
            return Self::Fine(http::Response::from_parts(parts, body));
        }
        let body: Collected<Bytes> = match Limited::new(body, MAX_ANSWER).collect().await {
            Ok(body) => body,
            Err(error) => return Self::of_error(&*error).begun(),
        };
        let status = body.trailers().and_then(Status::from_header_map);
        let response = http::Response::from_parts(parts, Body::new(body));
        match status {
            Some(status) => Self::judge(&status, response),
            // The generated client knows what an answer without a status means.
            None => Self::Fine(response),
        }
    }

    /// Judges what the transport says went wrong.
    pub(super) fn of_error(error: &(dyn Error + 'static)) -> Self {
        let mut fate = Fate::Unknown;
        let mut reached = true;
        let mut code = Code::Unavailable;
        let mut cause = Some(error);
        let mut text = String::new();
        while let Some(error) = cause {
            if error.is::<ConnectError>() {
                fate = Fate::NotProcessed;
                reached = false;
            } else if error.is::<TimeoutExpired>() {
                code = Code::DeadlineExceeded;
            } else if was_not_begun(error) {
                fate = Fate::NotProcessed;
            }
            text = error.to_string();
            cause = error.source();
        }
        let what = if reached {
            "the connection to the service was lost during the call"
        } else {
            "no connection to the service"
        };
        Self::Failed(Failure {
            code,
            fate,
            when: When::Unsaid,
            reached,
            response: refusal(code, format!("{what}: {text}")),
        })
    }

    /// The same after an answer has begun, when the call cannot be one that nobody saw.
    fn begun(self) -> Self {
        match self {
            Self::Failed(failure) => Self::Failed(Failure {
                fate: Fate::Unknown,
                reached: true,
                ..failure
            }),
            fine @ Self::Fine(_) => fine,
        }
    }

    fn judge(status: &Status, response: Response) -> Self {
        let code = status.code();
        if code == Code::Ok {
            return Self::Fine(response);
        }
        let ours = status
            .get_details_error_info()
            .is_some_and(|info| info.domain == ERROR_DOMAIN);
        // docs/errors.md promises it for these two codes.
        let fate = if ours && matches!(code, Code::Unavailable | Code::ResourceExhausted) {
            Fate::NothingChanged
        } else {
            Fate::Unknown
        };
        Self::Failed(Failure {
            code,
            fate,
            when: when(status),
            reached: true,
            response,
        })
    }
}

/// A failure of this client's own making, as an answer.
#[expect(
    clippy::disallowed_methods,
    reason = "not an error of the service's: its texts and reasons are elsewhere"
)]
pub(super) fn refusal(code: Code, message: impl Into<String>) -> Response {
    Status::new(code, message).into_http()
}

/// The protocol says that the server did not begin with the call.
fn was_not_begun(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<h2::Error>() {
        // A remote GOAWAY ends only streams that the server says it has not seen; those
        // that it has seen end with the connection, as an I/O error.
        let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        return error.is_remote() && (error.is_go_away() || refused);
    }
    // Still in the queue when the connection ended.
    error
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_canceled)
}

fn when(status: &Status) -> When {
    if let Some(pushback) = status.metadata().get(PUSHBACK) {
        let pushback = pushback.to_str().ok().and_then(|text| text.parse().ok());
        // What is no number means the same as a negative one.
        return pushback.map_or(When::Never, |millis| {
            When::After(Duration::from_millis(millis))
        });
    }
    status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay)
        .map_or(When::Unsaid, When::NotBefore)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(headers: &[(&'static str, &'static str)]) -> Status {
        let mut status = Status::from(std::io::Error::other("x"));
        for (name, value) in headers {
            status.metadata_mut().insert(*name, value.parse().unwrap());
        }
        status
    }

    #[test]
    fn pushback_is_a_time_or_a_refusal() {
        for (text, expected) in [
            ("150", When::After(Duration::from_millis(150))),
            ("0", When::After(Duration::ZERO)),
            ("-1", When::Never),
            ("soon", When::Never),
        ] {
            assert_eq!(when(&status(&[(PUSHBACK, text)])), expected, "{text}");
        }
        assert_eq!(when(&status(&[])), When::Unsaid);
    }

    #[tokio::test]
    async fn an_answer_of_something_that_is_no_grpc_server_may_hide_a_call_that_was_done() {
        for (status, code) in [(503, Code::Unavailable), (404, Code::Unknown)] {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status.try_into().unwrap();
            let Outcome::Failed(failure) = Outcome::of_answer(response, false).await else {
                panic!("{status} is no success");
            };
            assert_eq!((failure.code, failure.fate), (code, Fate::Unknown));
        }
    }
}
