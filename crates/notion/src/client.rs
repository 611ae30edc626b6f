//! The client: one way out for every request, and what each operation asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request};
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;
use tokio::time::{Instant, timeout};

mod attempt;
mod create;
mod operations;
mod scan;
#[cfg(test)]
mod tests;

pub use create::{Created, Key};
pub use operations::FoundSource;

use crate::config::{Config, ConfigError, VERSION};
use crate::error::Error;
use crate::limiter::Limiter;
use attempt::{Failure, Next};
use vendor_transport::Transport;

/// Where randomness comes from: a number from 0 up to, and without, 1.
pub type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

/// A client of one integration; cheap to clone, and every clone shares the pace.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    limiter: Limiter,
    config: Config,
    bearer: HeaderValue,
    random: Random,
    reads: AtomicU64,
    writes: AtomicU64,
    throttled: AtomicU64,
}

/// How many requests a client has sent, repeated ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    /// Those that read.
    pub reads: u64,
    /// Those that make or change something.
    pub writes: u64,
    /// Answers that asked for a pause.
    pub throttled: u64,
}

/// One request, before it is tried.
pub(crate) struct Call {
    pub(crate) attempted: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Json>,
}

impl Client {
    /// A client over HTTPS. Does not connect yet.
    ///
    /// # Errors
    /// [`ConfigError`] as text in [`Error::Answer`], or what is wrong with TLS.
    pub fn new(config: Config, random: Random) -> Result<Self, Error> {
        config.check().map_err(setup)?;
        let options = vendor_transport::Options {
            user_agent: concat!("notion-rs/", env!("CARGO_PKG_VERSION")),
            timeout: config.timeout,
            max_response_bytes: config.max_response_bytes,
        };
        let transport = Transport::https(options).map_err(|error| Error::Answer {
            attempted: "setting up TLS",
            reason: error.to_string(),
        })?;
        Self::over(transport, config, random)
    }

    /// A client over this transport.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn over(transport: Transport, config: Config, random: Random) -> Result<Self, Error> {
        config.check().map_err(setup)?;
        let text = format!("Bearer {}", config.token.expose_secret());
        let mut bearer = HeaderValue::try_from(text).map_err(|_| setup(ConfigError::Token))?;
        bearer.set_sensitive(true);
        Ok(Self(Arc::new(Inner {
            limiter: Limiter::new(config.requests_per_second),
            transport,
            config,
            bearer,
            random,
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
        })))
    }

    /// How many requests there were so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        Requests {
            reads: self.0.reads.load(Ordering::Relaxed),
            writes: self.0.writes.load(Ordering::Relaxed),
            throttled: self.0.throttled.load(Ordering::Relaxed),
        }
    }

    /// Tries until it is done, fails for good, or patience ends. Only for what may be done
    /// twice.
    pub(crate) async fn repeat(&self, call: &Call) -> Result<Json, Error> {
        let mut tries = Tries::new(self, call.attempted);
        loop {
            match self.attempt(call).await {
                Ok(json) => return Ok(json),
                Err(failure) => tries.pause(failure).await?,
            }
        }
    }

    /// One try, in its turn.
    async fn attempt(&self, call: &Call) -> Result<Json, Failure> {
        let inner = &self.0;
        inner.limiter.acquire().await;
        let count = if is_write(call) {
            &inner.writes
        } else {
            &inner.reads
        };
        count.fetch_add(1, Ordering::Relaxed);
        let sent = inner.transport.send(self.request(call));
        let Ok(answer) = timeout(inner.config.timeout, sent).await else {
            return Err(Failure::no_answer("timed out"));
        };
        let result = attempt::read(call.attempted, answer);
        if let Err(failure) = &result
            && let Next::Throttled(wait) = failure.next
        {
            inner.throttled.fetch_add(1, Ordering::Relaxed);
            inner.limiter.pause(wait);
            tracing::warn!(
                attempted = call.attempted,
                seconds = wait.as_secs(),
                reason = failure.reason,
                "Notion asks for a pause"
            );
        }
        result
    }

    fn request(&self, call: &Call) -> Request<bytes::Bytes> {
        let base = self.0.config.api_url.as_str().trim_end_matches('/');
        let body = call.body.as_ref().map(Json::to_string).unwrap_or_default();
        let mut request = Request::new(body.into());
        *request.method_mut() = call.method.clone();
        if let Ok(uri) = format!("{base}/v1/{}", call.path).parse() {
            *request.uri_mut() = uri;
        }
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.0.bearer.clone());
        headers.insert("notion-version", HeaderValue::from_static(VERSION));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

/// How often and how long one call was tried.
pub(crate) struct Tries<'a> {
    client: &'a Client,
    attempted: &'static str,
    failures: u32,
    began: Instant,
}

impl<'a> Tries<'a> {
    pub(crate) fn new(client: &'a Client, attempted: &'static str) -> Self {
        Self {
            client,
            attempted,
            failures: 0,
            began: Instant::now(),
        }
    }

    /// Waits until the call may be tried again.
    ///
    /// # Errors
    /// When it may not.
    pub(crate) async fn pause(&mut self, failure: Failure) -> Result<(), Error> {
        let config = &self.client.0.config;
        match failure.next {
            Next::Never(error) => Err(error),
            // The limiter holds everybody back; this only looks at the patience.
            Next::Throttled(wait) => {
                if self.began.elapsed() + wait > config.patience {
                    let attempted = self.attempted;
                    return Err(Error::Throttled { attempted, wait });
                }
                Ok(())
            }
            Next::NotSent | Next::Unknown => {
                self.failures += 1;
                if self.failures >= config.attempts {
                    return Err(Error::Unavailable {
                        attempted: self.attempted,
                        reason: failure.reason,
                        attempts: self.failures,
                    });
                }
                let wait = attempt::backoff(self.failures, (self.client.0.random)());
                tokio::time::sleep(wait).await;
                Ok(())
            }
        }
    }
}

fn is_write(call: &Call) -> bool {
    match call.method {
        Method::GET => false,
        // A query is a POST that reads.
        Method::POST => !call.path.contains("/query"),
        _ => true,
    }
}

fn setup(error: ConfigError) -> Error {
    Error::Answer {
        attempted: "setting up the client of Notion",
        reason: error.to_string(),
    }
}
