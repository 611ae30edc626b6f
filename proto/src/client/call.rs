//! One call: its attempts, within its deadline and the budget.

use std::error::Error;
use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http_body_util::{BodyExt as _, Full};
use tokio::time::{Instant, sleep, timeout_at};
use tonic::Code;
use tonic::body::Body;
use tower::Service;

use super::Random;
use super::addresses::Addresses;
use super::budget::Budget;
use super::decide::{Next, Situation};
use super::outcome::{Outcome, Response, refusal};
use super::service_config::{MethodConfig, ServiceConfig};
use crate::methods::{Kind, Method, Methods};

const TIMEOUT: &str = "grpc-timeout";
/// How many attempts there were before this one; gRPC's name for it.
const ATTEMPTS: &str = "grpc-previous-rpc-attempts";
/// gRPC's frame: one byte that says whether the message is compressed, four of length.
const PREFIX: usize = 5;

pub(super) type Request = http::Request<Body>;

/// What all calls of a client share.
pub(super) struct Shared<C> {
    pub(super) addresses: Addresses<C>,
    pub(super) budget: Budget,
    pub(super) config: ServiceConfig,
    pub(super) timeout: Option<Duration>,
    pub(super) bearer: Option<HeaderValue>,
    pub(super) random: Random,
}

/// A call that can be sent more than once.
struct Call<'a> {
    head: Parts,
    message: Bytes,
    method: &'a Method,
    has_request_id: bool,
    config: MethodConfig,
    deadline: Option<Instant>,
}

impl<C> Shared<C>
where
    C: Service<Request, Response = Response> + Clone,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Sends the call until it went well, or nothing more may be tried.
    pub(super) async fn call(&self, mut request: Request) -> Response {
        if let Some(bearer) = &self.bearer {
            let headers = request.headers_mut();
            headers
                .entry(AUTHORIZATION)
                .or_insert_with(|| bearer.clone());
        }
        let Some(method) = Methods::of_the_contract().get(request.uri().path()) else {
            // Not of this contract; its request may be a stream.
            return match self
                .attempt(&self.addresses.pick(&[]).channel(), request, true)
                .await
            {
                Outcome::Fine(response) => response,
                Outcome::Failed(failure) => failure.response,
            };
        };
        let call = match self.prepare(request, method).await {
            Ok(call) => call,
            Err(refusal) => return refusal,
        };
        let attempts = self.attempts(&call);
        match call.deadline {
            None => attempts.await,
            Some(deadline) => timeout_at(deadline, attempts)
                .await
                .unwrap_or_else(|_| out_of_time(method)),
        }
    }

    async fn prepare<'a>(
        &self,
        request: Request,
        method: &'a Method,
    ) -> Result<Call<'a>, Response> {
        let (head, body) = request.into_parts();
        let config = self.config.method(head.uri.path());
        let usual = if method.streams {
            None
        } else {
            self.timeout.or(config.timeout)
        };
        let timeout = asked_for(&head).or(usual);
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let message = body
            .collect()
            .await
            .map_err(tonic::Status::into_http::<Body>)?
            .to_bytes();
        let has_request_id = message.first() == Some(&0)
            && message
                .get(PREFIX..)
                .is_some_and(|message| method.has_request_id(message));
        Ok(Call {
            head,
            message,
            method,
            has_request_id,
            config,
            deadline,
        })
    }

    async fn attempts(&self, call: &Call<'_>) -> Response {
        let mut tried = Vec::new();
        let mut attempts = 0;
        let mut sent = 0_u32;
        loop {
            if tried.len() >= self.addresses.count() {
                tried.clear();
            }
            let failure = {
                let pick = self.addresses.pick(&tried);
                tried.push(pick.index);
                let request = call.request(sent);
                match self
                    .attempt(&pick.channel(), request, call.method.streams)
                    .await
                {
                    Outcome::Fine(response) => {
                        pick.reached();
                        self.budget.succeeded();
                        return response;
                    }
                    Outcome::Failed(failure) => {
                        if failure.reached {
                            pick.reached();
                        } else {
                            pick.not_reached();
                        }
                        failure
                    }
                }
            };
            sent += 1;
            let situation = Situation {
                kind: call.method.kind,
                has_request_id: call.has_request_id,
                policy: call.config.retry.as_ref(),
                attempts: attempts + 1,
                elsewhere: tried.len() < self.addresses.count(),
                random: (self.random)(),
            };
            match situation.after(&failure) {
                Next::Elsewhere => {}
                Next::Retry(wait) if self.may_wait(call, wait) => {
                    attempts += 1;
                    sleep(wait).await;
                }
                Next::Retry(_) | Next::GiveUp => return failure.response,
            }
        }
    }

    /// The budget has room, and the deadline too. A failure that could be retried counts
    /// against the budget even when there is no time for it.
    fn may_wait(&self, call: &Call<'_>, wait: Duration) -> bool {
        let allowed = self.budget.failed();
        allowed
            && call
                .deadline
                .is_none_or(|deadline| Instant::now() + wait < deadline)
    }

    async fn attempt(&self, channel: &C, request: Request, streams: bool) -> Outcome {
        let mut channel = channel.clone();
        let answer = async {
            poll_fn(|context| channel.poll_ready(context)).await?;
            channel.call(request).await
        };
        match answer.await {
            Ok(response) => Outcome::of_answer(response, streams).await,
            Err(error) => {
                let error: Box<dyn Error + Send + Sync> = error.into();
                Outcome::of_error(&*error)
            }
        }
    }
}

impl<C: std::fmt::Debug> std::fmt::Debug for Shared<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("addresses", &self.addresses)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Call<'_> {
    /// The request as it goes out, with the time that is left.
    fn request(&self, sent: u32) -> Request {
        let mut head = self.head.clone();
        if let Some(deadline) = self.deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            head.headers.insert(TIMEOUT, timeout_text(left));
        }
        if sent > 0 {
            head.headers.insert(ATTEMPTS, HeaderValue::from(sent));
        }
        Request::from_parts(head, Body::new(Full::new(self.message.clone())))
    }
}

fn out_of_time(method: &Method) -> Response {
    refusal(
        Code::DeadlineExceeded,
        match method.kind {
            Kind::Read | Kind::Idempotent => {
                "the call's deadline passed before there was an answer"
            }
            Kind::Write => {
                "the call's deadline passed before there was an answer; it may have been done: look, \
                 or send it again with the same request_id"
            }
        },
    )
}

/// The time that the caller gives this call.
fn asked_for(head: &Parts) -> Option<Duration> {
    let text = head.headers.get(TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value.checked_mul(3_600)?)),
        "M" => Some(Duration::from_secs(value.checked_mul(60)?)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// A time as gRPC writes it: at most eight digits and a unit.
fn timeout_text(timeout: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let text = if timeout.as_micros() <= MOST {
        format!("{}u", timeout.as_micros())
    } else if timeout.as_millis() <= MOST {
        format!("{}m", timeout.as_millis())
    } else {
        format!("{}S", timeout.as_secs().min(99_999_999))
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("99999999S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_written_with_eight_digits_at_most() {
        for (timeout, text) in [
            (Duration::from_millis(1_500), "1500000u"),
            (Duration::from_secs(120), "120000m"),
            (Duration::from_secs(1_000_000), "1000000S"),
            (Duration::MAX, "99999999S"),
            (Duration::ZERO, "0u"),
        ] {
            assert_eq!(timeout_text(timeout), text);
        }
    }

    #[test]
    fn a_callers_timeout_is_read() {
        let asked = |text: &str| {
            let request = http::Request::builder().header(TIMEOUT, text);
            asked_for(&request.body(()).unwrap().into_parts().0)
        };
        assert_eq!(asked("1500m"), Some(Duration::from_millis(1_500)));
        assert_eq!(asked("2M"), Some(Duration::from_secs(120)));
        for text in ["", "S", "5", "1x", "-1S"] {
            assert_eq!(asked(text), None, "{text}");
        }
    }
}
