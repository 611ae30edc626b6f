//! The one way out to BetterMode.
//!
//! Order, outermost first, and why:
//! 1. retry: reads only, because a mutation must not happen twice;
//! 2. circuit breaker: inside the retry, so that it sees every attempt and stops
//!    repeats too; outside the budget, so that a call that is not sent takes
//!    nothing from it;
//! 3. budget: inside the retry, because every attempt is charged upstream;
//! 4. time-out: inside the budget, so that waiting for room costs no time of
//!    the attempt, and per attempt, so that a slow one leaves time for the next;
//! 5. transport: with the limit of the answer's size.
//!
//! Tokens are outside all of it: a renewed token is another call.

mod breaker;
mod prices;
mod quota;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use rand::{RngExt, rngs::SmallRng};
use tokio::time::Instant;

use crate::{
    Asking, Budget, Class, Config, Cost, Error, TimeSource, Transport, TransportError,
    operations::Kind,
    reply::{self, Asked, Failure, Reply, Retry},
};
use breaker::Breaker;
pub use breaker::BreakerState;
use prices::{Price, Prices};

/// A vendor's wait that is worth sitting out; a longer one is the caller's.
const SHORT_WAIT: Duration = Duration::from_secs(2);
/// The first pause before a repeat; it doubles each time.
const BASE_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// One call, ready to be sent as often as needed.
pub(crate) struct Call {
    pub(crate) asked: Asked,
    /// The points that the documented formula gives.
    pub(crate) formula: u32,
    pub(crate) class: Class,
    pub(crate) body: Bytes,
    pub(crate) authorization: HeaderValue,
}

/// What was taken out of the budget for one attempt, and when.
struct Taken {
    cost: Cost,
    at: Instant,
}

pub(crate) struct Stack {
    transport: Transport,
    breaker: Breaker,
    budget: Arc<dyn Budget>,
    prices: Prices,
    time: TimeSource,
    rng: Mutex<SmallRng>,
    url: http::Uri,
    timeout: Duration,
    max_retries: u32,
    max_response_bytes: usize,
}

impl Stack {
    pub(crate) fn new(
        config: &Config,
        transport: Transport,
        budget: Arc<dyn Budget>,
        time: TimeSource,
    ) -> Self {
        Self {
            transport,
            breaker: Breaker::default(),
            budget,
            prices: Prices::default(),
            time,
            rng: Mutex::new(rand::make_rng()),
            // A URL that is not a URI fails at the first call, as not sent.
            url: config.api_url.as_str().parse().unwrap_or_default(),
            timeout: config.timeout,
            max_retries: config.max_retries,
            max_response_bytes: config.max_response_bytes,
        }
    }

    /// Sends a call, a read up to `max_retries` times more.
    pub(crate) async fn send(&self, call: &Call) -> Result<Reply, Failure> {
        let mut repeats = 0;
        loop {
            let failure = match self.attempt(call).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let pause = match failure.retry {
                Retry::After(wait) if wait <= SHORT_WAIT => wait + self.pause(0),
                Retry::Soon => self.pause(repeats),
                Retry::Never | Retry::After(_) => return Err(failure),
            };
            if call.asked.kind == Kind::Write || repeats >= self.max_retries {
                return Err(failure);
            }
            repeats += 1;
            let operation = call.asked.operation;
            tracing::debug!(
                operation,
                repeats,
                ?pause,
                "a read failed and is sent again"
            );
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether calls go out now.
    pub(crate) fn breaker(&self) -> BreakerState {
        self.breaker.state(Instant::now())
    }

    /// What an operation costs, by the vendor's last charges.
    pub(crate) fn price_of(&self, operation: &'static str) -> Price {
        self.prices.of(operation)
    }

    async fn attempt(&self, call: &Call) -> Result<Reply, Failure> {
        let pass = self.breaker.enter(Instant::now()).map_err(|retry_after| {
            Failure::plain(Error::CircuitOpen {
                operation: call.asked.operation,
                retry_after,
            })
        })?;
        let taken = self.take(call).await?;
        let result = self.exchange(call, &taken).await;
        match &result {
            Err(failure) if failure.down => pass.failed(Instant::now(), self.half_to_all()),
            _ => pass.answered(),
        }
        result
    }

    /// Takes the cost of one attempt out of the budget.
    async fn take(&self, call: &Call) -> Result<Taken, Failure> {
        let price = self.price_of(call.asked.operation);
        let cost = Cost {
            complexity: price.predict(call.formula),
        };
        let room = self.budget.acquire(cost, call.class).await;
        room.map_err(|exhausted| {
            Failure::plain(Error::RateLimited {
                retry_after: exhausted.retry_after,
                by_vendor: false,
            })
        })?;
        let at = Instant::now();
        Ok(Taken { cost, at })
    }

    async fn exchange(&self, call: &Call, taken: &Taken) -> Result<Reply, Failure> {
        let request = self.request(call);
        let sent = tokio::time::timeout(self.timeout, self.transport.send(request)).await;
        let answer = sent.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs_f64();
            Err(TransportError::NoAnswer(format!(
                "no answer within {seconds} s"
            )))
        });
        let response = answer
            .and_then(|response| self.capped(response))
            .map_err(|error| unanswered(call.asked, &error))?;
        self.learn(call, taken, &response)
    }

    fn request(&self, call: &Call) -> Request<Bytes> {
        let mut request = Request::new(call.body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let json = HeaderValue::from_static("application/json");
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, json.clone());
        headers.insert(header::ACCEPT, json);
        headers.insert(header::AUTHORIZATION, call.authorization.clone());
        request.extensions_mut().insert(Asking {
            operation: call.asked.operation,
            is_write: call.asked.kind == Kind::Write,
        });
        request
    }

    /// The limit for transports that do not have their own.
    fn capped(&self, response: Response<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let limit = self.max_response_bytes;
        if response.body().len() > limit {
            return Err(TransportError::TooLarge { limit });
        }
        Ok(response)
    }

    /// Reads the answer and takes note of what it says about prices and limits.
    fn learn(
        &self,
        call: &Call,
        taken: &Taken,
        response: &Response<Bytes>,
    ) -> Result<Reply, Failure> {
        let operation = call.asked.operation;
        let (result, charged) = reply::read(call.asked, response, (self.time)());
        if let Some(complexity) = charged {
            let charged = Cost { complexity };
            self.prices.learn(operation, call.formula, complexity);
            self.budget.settle(taken.cost, charged, taken.at.elapsed());
        }
        // After the charge, which the vendor's own count has in it already.
        for quota in quota::read(response.headers()) {
            self.budget.observe(quota);
        }
        let status = response.status().as_u16();
        tracing::debug!(
            operation,
            status,
            complexity = charged,
            ok = result.is_ok(),
            "answered"
        );
        result
    }

    /// Half to all of an exponential step, so that callers that failed together
    /// do not come back together.
    fn pause(&self, repeats: u32) -> Duration {
        let step = BASE_PAUSE
            .saturating_mul(2_u32.saturating_pow(repeats))
            .min(MAX_PAUSE);
        step.mul_f64(self.half_to_all())
    }

    fn half_to_all(&self) -> f64 {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        rng.random_range(0.5..=1.0)
    }
}

/// What a missing answer means.
fn unanswered(asked: Asked, error: &TransportError) -> Failure {
    let operation = asked.operation;
    let detail = error.to_string();
    match error {
        TransportError::NotSent(_) => Failure {
            retry: Retry::Soon,
            down: true,
            ..Failure::plain(Error::Transport { operation, detail })
        },
        TransportError::NoAnswer(_) => asked.broken(Error::Transport { operation, detail }),
        TransportError::TooLarge { .. } => {
            let failure = asked.broken(Error::Undecodable { operation, detail });
            // It would be as large again, and whoever sends so much is not down.
            Failure {
                retry: Retry::Never,
                down: false,
                ..failure
            }
        }
    }
}

#[cfg(test)]
mod tests;
