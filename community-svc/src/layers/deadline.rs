//! The caller's deadline, answered as `DEADLINE_EXCEEDED`.
//!
//! tonic itself turns an expired `grpc-timeout` into CANCELLED, so this layer
//! expires a moment earlier. Without a timeout from the caller a long default
//! bounds the call, so that none runs forever.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

use super::{Request, Response};
use crate::error::Error;

/// Bound of a call whose caller named none. Of a call that is answered with a
/// stream it bounds the opening; the stream itself lives on.
const DEFAULT: Duration = Duration::from_secs(60);

/// How much earlier than tonic we expire: two ticks of the runtime's timer.
const HEAD_START: Duration = Duration::from_millis(2);

/// Ends the call at its deadline, counted from when it came.
pub(crate) async fn enforce<F>(
    started: Instant,
    request: Request,
    work: impl FnOnce(Request) -> F,
) -> Result<Response, Error>
where
    F: Future<Output = Response>,
{
    if is_streaming(request.uri().path()) {
        return Ok(work(request).await);
    }
    let limit = limit(request.headers());
    if limit <= HEAD_START {
        // Nobody would hear of a write that begins now.
        return Err(Error::DeadlineExceeded);
    }
    let end = started + limit.saturating_sub(HEAD_START);
    let mut work = pin!(work(request));
    // An answer at hand needs no timer.
    if let Poll::Ready(response) = futures::poll!(work.as_mut()) {
        return Ok(response);
    }
    timeout_at(end, work)
        .await
        .map_err(|_| Error::DeadlineExceeded)
}

/// How long the call may take.
fn limit(headers: &HeaderMap) -> Duration {
    headers
        .get("grpc-timeout")
        .and_then(|value| value.to_str().ok())
        .and_then(parse)
        .map_or(DEFAULT, |timeout| timeout.min(DEFAULT))
}

/// Calls that stay open for as long as the caller likes.
fn is_streaming(path: &str) -> bool {
    path.starts_with("/grpc.reflection.") || path == "/grpc.health.v1.Health/Watch"
}

/// A `grpc-timeout`: at most eight digits and a unit, as the gRPC specification
/// has it.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_specification_has_them() {
        for (text, timeout) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("20m", Some(Duration::from_millis(20))),
            ("0n", Some(Duration::ZERO)),
            ("", None),
            ("S", None),
            ("123456789S", None),
            ("-1S", None),
            ("+1S", None),
            ("1x", None),
            ("1é", None),
        ] {
            assert_eq!(parse(text), timeout, "{text:?}");
        }
    }
}
