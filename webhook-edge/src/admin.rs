//! What the admin port tells operators beyond `/livez`, `/readyz` and `/metrics`: refused
//! webhooks and the queue, and the one change that can be made, putting dead letters back.
//!
//! ```text
//! GET  /admin/v1/refusals?limit=             what was refused lately, and why
//! GET  /admin/v1/queue                       how full it is
//! GET  /admin/v1/queue/waiting?after=&limit=        what waits, the oldest first
//! GET  /admin/v1/queue/dead-letters?after=&limit=   what the service refuses
//! POST /admin/v1/queue/redrive               {"positions": [..]} or {"all": true}
//! ```
//!
//! No answer holds a body, a secret or an address. With `WEBHOOK_EDGE_ADMIN_TOKEN` it has to
//! be shown. Without it a port on loopback answers to whoever reaches it there under an
//! address or as `localhost`, so that no page in a browser does by way of a name, and any
//! other port refuses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply as _};

use crate::queue::{Queue, ReadError, WriteError};
use crate::refusals::{Refusals, Remembered};

mod queue;

/// The largest request: 500 positions, written long.
const LARGEST_REQUEST: u64 = 64 * 1024;
const PREFIX: &str = "/admin/v1/";

/// What operators may see of an edge, and who they are.
#[derive(Clone)]
pub struct Admin {
    refusals: Remembered,
    /// `None` for an edge without one.
    queue: Option<Queue>,
    /// The token to be shown.
    token: Option<SecretString>,
    /// Where the port listens.
    listen: SocketAddr,
}

/// Why there is no answer. The texts are for whoever asked.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("show the token of WEBHOOK_EDGE_ADMIN_TOKEN: Authorization: Bearer <token>")]
    Token,
    #[error(
        "this port is not on loopback: set WEBHOOK_EDGE_ADMIN_TOKEN and show it, or listen on 127.0.0.1"
    )]
    Open,
    #[error("ask by an address such as 127.0.0.1, or as localhost")]
    Name,
    #[error("there is nothing here; see the paths in docs/communityctl.md")]
    Path,
    #[error("this path takes another method")]
    Method,
    #[error("this edge has no queue: WEBHOOK_ACK=stored")]
    NoQueue,
    #[error("{0}")]
    Request(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The routes.
#[must_use]
pub fn routes(admin: Admin) -> BoxedFilter<(Response,)> {
    let admin = Arc::new(admin);
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::path("admin")
        .and(warp::path::full())
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(
            warp::body::content_length_limit(LARGEST_REQUEST)
                .or(warp::get())
                .unify(),
        )
        .and(warp::body::bytes())
        .then(
            move |path: warp::path::FullPath, method, headers, query: String, body| {
                let admin = Arc::clone(&admin);
                async move {
                    let request = Request {
                        path: path.as_str().strip_prefix(PREFIX).unwrap_or_default(),
                        method,
                        headers,
                        query,
                        body,
                    };
                    match admin.answer(&request).await {
                        Ok(answer) => warp::reply::json(&answer).into_response(),
                        Err(refusal) => refusal.into_response(),
                    }
                }
            },
        )
        .recover(|unfit: warp::Rejection| async {
            // Paths that are not ours are others'.
            if unfit.is_not_found() {
                return Err(unfit);
            }
            Ok(StatusCode::BAD_REQUEST.into_response())
        })
        .unify()
        .boxed()
}

struct Request<'a> {
    path: &'a str,
    method: Method,
    headers: HeaderMap,
    query: String,
    body: Bytes,
}

impl Admin {
    /// What operators may see of an edge that listens for them at `listen`.
    #[must_use]
    pub fn new(
        refusals: &Refusals,
        queue: Option<Queue>,
        token: Option<SecretString>,
        listen: SocketAddr,
    ) -> Self {
        Self {
            refusals: refusals.remembered(),
            queue,
            token,
            listen,
        }
    }

    async fn answer(&self, request: &Request<'_>) -> Result<Value, Refusal> {
        self.admit(&request.headers)?;
        let wanted = match request.path {
            "queue/redrive" => Method::POST,
            "refusals" | "queue" | "queue/waiting" | "queue/dead-letters" => Method::GET,
            _ => return Err(Refusal::Path),
        };
        if request.method != wanted {
            return Err(Refusal::Method);
        }
        if request.path == "refusals" {
            let limit = queue::number(&request.query, "limit")?.unwrap_or(50);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            return Ok(json!({ "refusals": self.refusals.latest(limit) }));
        }
        let queue = self.queue.as_ref().ok_or(Refusal::NoQueue)?;
        match request.path {
            "queue" => Ok(queue::stats(queue)),
            "queue/waiting" => queue::waiting(queue, &request.query).await,
            "queue/dead-letters" => queue::dead_letters(queue, &request.query).await,
            _ => queue::redrive(queue, &request.headers, &request.body).await,
        }
    }

    fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if let Some(token) = &self.token {
            let shown = headers.get(header::AUTHORIZATION);
            let shown = shown.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
            let is_right =
                shown.is_some_and(|shown| shown.ct_eq(token.expose_secret().as_bytes()).into());
            return if is_right {
                Ok(())
            } else {
                Err(Refusal::Token)
            };
        }
        if !self.listen.ip().is_loopback() {
            return Err(Refusal::Open);
        }
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        if host.is_some_and(is_address) {
            Ok(())
        } else {
            Err(Refusal::Name)
        }
    }
}

/// Whether a `Host` header names an address or this machine: any other name may be one
/// that somebody else let point here.
fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || bare.parse::<IpAddr>().is_ok()
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Open | Self::Name => StatusCode::FORBIDDEN,
            Self::Path | Self::NoQueue => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Read(_) | Self::Write(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn into_response(self) -> Response {
        let body = warp::reply::json(&json!({ "error": self.to_string() }));
        warp::reply::with_status(body, self.status()).into_response()
    }
}

#[cfg(test)]
mod tests;
