//! What one answer means for the next try.
//!
//! Statuses and codes: developers.notion.com, status codes. Texts are never compared, with
//! one exception that has no code of its own: a page in the trash.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::RETRY_AFTER;
use serde_json::Value as Json;

use crate::error::Error;
use crate::mask::masked;
use vendor_transport::TransportError;

/// The first pause after a failure, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of our own; Notion's own ones are obeyed in full.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Where Notion asks for a pause and does not say how long.
const USUAL_PAUSE: Duration = Duration::from_secs(10);

/// One try that failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) next: Next,
}

/// What may follow.
#[derive(Debug, Clone)]
pub(crate) enum Next {
    /// Nothing was done, for sure.
    NotSent,
    /// It may have been done.
    Unknown,
    /// After this pause. A write may have been done only where Notion was overloaded.
    Throttled(Duration),
    /// The same again would fail the same way.
    Never(Error),
}

impl Failure {
    pub(crate) fn no_answer(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            next: Next::Unknown,
        }
    }
}

/// The JSON of an answer that went well.
pub(crate) fn read(
    attempted: &'static str,
    answer: Result<Response<Bytes>, TransportError>,
) -> Result<Json, Failure> {
    let answer = answer.map_err(|error| match error {
        TransportError::NotSent(reason) => Failure {
            reason,
            next: Next::NotSent,
        },
        TransportError::NoAnswer(reason) => Failure::no_answer(reason),
        TransportError::TooLarge { .. } => {
            let reason = error.to_string();
            Failure {
                reason: reason.clone(),
                next: Next::Never(Error::Answer { attempted, reason }),
            }
        }
    })?;
    let json = serde_json::from_slice::<Json>(answer.body());
    if answer.status().is_success() {
        // An answer of something in between, or one that was cut.
        return json.map_err(|_| Failure::no_answer("the answer is no JSON"));
    }
    Err(refusal(attempted, &answer, &json.unwrap_or(Json::Null)))
}

fn refusal(attempted: &'static str, answer: &Response<Bytes>, body: &Json) -> Failure {
    let status = answer.status().as_u16();
    let text = |key| body.get(key).and_then(Json::as_str).unwrap_or_default();
    let code = text("code");
    let reason = match code {
        "" => format!("HTTP status {status}"),
        code => format!("{status} {code}"),
    };
    let next = match (status, code) {
        (429 | 529, _) => Next::Throttled(retry_after(answer).unwrap_or(USUAL_PAUSE)),
        (401, _) => Next::Never(Error::Unauthorized { attempted }),
        (403, _) if is_plan_limit(body) => Next::Never(Error::PlanLimit { attempted }),
        (403, _) => Next::Never(Error::Restricted { attempted }),
        (404, _) => Next::Never(Error::NotFound { attempted }),
        (400, "validation_error") if text("message").contains("archived") => {
            Next::Never(Error::Trashed { attempted })
        }
        (400, _) if is_plan_limit(body) => Next::Never(Error::PlanLimit { attempted }),
        (409 | 500..=599, _) => Next::Unknown,
        _ => Next::Never(Error::Refused {
            attempted,
            status,
            code: code.to_owned(),
            message: masked(text("message")),
            request_id: text("request_id").to_owned(),
        }),
    };
    Failure { reason, next }
}

/// The documented text of workspaces whose free blocks are used up; there is no code of its
/// own for it.
fn is_plan_limit(body: &Json) -> bool {
    let message = body.get("message").and_then(Json::as_str);
    message.is_some_and(|text| text.to_ascii_lowercase().contains("block limit"))
}

fn retry_after(answer: &Response<Bytes>) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The pause after so many failures: doubled, of which the second half is by chance, so that
/// programs do not come back all at once.
pub(crate) fn backoff(failures: u32, random: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.clamp(1, 10).saturating_sub(1));
    let whole = doubled.min(LONGEST_PAUSE);
    whole.div_f64(2.0) + whole.div_f64(2.0).mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_half_of_each_is_chance() {
        assert_eq!(backoff(1, 0.0), Duration::from_millis(500));
        assert_eq!(backoff(1, 1.0), Duration::from_secs(1));
        assert_eq!(backoff(4, 1.0), Duration::from_secs(8));
        assert_eq!(backoff(30, 1.0), Duration::from_secs(60));
    }
}
