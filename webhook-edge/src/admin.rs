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
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use service_kit::admin::{PageBody, Pages};
use service_kit::http::Body;
use subtle::ConstantTimeEq as _;

use crate::queue::{Queue, ReadError, WriteError};
use crate::refusals::{Refusals, Remembered};

mod queue;

/// The largest request: 500 positions, written long.
const LARGEST_REQUEST: usize = 64 * 1024;
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

impl Pages for Admin {
    fn owns(&self, path: &str) -> bool {
        path.starts_with("/admin/")
    }

    fn answer(
        self: Arc<Self>,
        request: http::Request<Body>,
    ) -> BoxFuture<'static, Response<PageBody>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let answer = match Limited::new(body, LARGEST_REQUEST).collect().await {
                Ok(body) => {
                    let request = Request {
                        path: head.uri.path().strip_prefix(PREFIX).unwrap_or_default(),
                        method: head.method,
                        headers: head.headers,
                        query: head.uri.query().unwrap_or_default().to_owned(),
                        body: body.to_bytes(),
                    };
                    self.tell(&request).await
                }
                Err(_) => Err(Refusal::Request(format!(
                    "the request is cut, or larger than {LARGEST_REQUEST} bytes"
                ))),
            };
            match answer {
                Ok(answer) => reply(StatusCode::OK, &answer),
                Err(refusal) => {
                    let told = json!({ "error": refusal.to_string() });
                    reply(refusal.status(), &told)
                }
            }
        })
    }
}

fn reply(status: StatusCode, told: &Value) -> Response<PageBody> {
    let body = Full::from(told.to_string()).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
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

    async fn tell(&self, request: &Request<'_>) -> Result<Value, Refusal> {
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
}

#[cfg(test)]
mod tests;
