//! The only place where a failure becomes an HTTP answer and a log line.
//!
//! The log gets the cause and what to do. The caller gets a status, and a reason
//! only where the signature has held already or where it gives nothing away.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use warp::Reply as _;
use warp::reply::Response;

use crate::{forward, payload, signature};

/// When a sender should come again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Why a webhook is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody vouches for it.
    #[error(transparent)]
    Signature(#[from] signature::Error),
    /// Vouched for, but not usable.
    #[error(transparent)]
    Payload(#[from] payload::Error),
    /// Usable, but not kept.
    #[error(transparent)]
    Backend(#[from] forward::Error),
    /// Larger than a webhook may be.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body came too slowly.
    #[error("the body did not arrive within {seconds} s")]
    BodyTimeout {
        /// The limit.
        seconds: u64,
    },
    /// The body broke off.
    #[error("the body broke off")]
    BodyBroken,
    /// All the room for webhooks that are being worked on is taken.
    #[error("there is no room for the bodies of more webhooks")]
    Overloaded,
}

impl Refusal {
    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::Payload(payload::Error::ForeignNetwork) => StatusCode::FORBIDDEN,
            Self::Payload(_) | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::Backend(_) | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout { .. } => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// Outcome and reason for metrics; both from fixed sets.
    #[must_use]
    pub fn labels(&self) -> (&'static str, &'static str) {
        match self {
            Self::Signature(error) => ("refused", error.label()),
            Self::Payload(error @ payload::Error::ForeignNetwork) => ("refused", error.label()),
            Self::Payload(error) => ("invalid", error.label()),
            Self::Backend(_) => ("backend_down", ""),
            Self::TooLarge { .. } => ("too_large", ""),
            Self::BodyTimeout { .. } => ("incomplete", "timeout"),
            Self::BodyBroken => ("incomplete", "broken"),
            Self::Overloaded => ("overloaded", ""),
        }
    }

    /// Writes the one log line of a refused webhook: the cause and what to do,
    /// nothing of the webhook itself.
    pub fn log(&self, path: &'static str) {
        let status = self.status().as_u16();
        let (cause, hint) = (self.to_string(), self.hint());
        match self {
            Self::Backend(_) | Self::Overloaded => {
                tracing::error!(status, cause, hint, path, "webhook not taken");
            }
            _ => tracing::warn!(status, cause, hint, path, "webhook refused"),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.hint(),
            Self::Backend(error) => error.hint(),
            Self::Payload(payload::Error::ForeignNetwork) => {
                "the app is installed in another network too, or BETTERMODE_NETWORK_ID is not this community's"
            }
            Self::Payload(_) => {
                "rightly signed, so it is the sender's mistake; the body is not logged"
            }
            Self::TooLarge { .. } => "the limit is fixed; no webhook of BetterMode comes near it",
            Self::BodyTimeout { .. } | Self::BodyBroken => "the sender or a proxy gave up",
            Self::Overloaded => {
                "somebody sends many large bodies at once; a proxy or firewall can keep them out"
            }
        }
    }

    /// The answer. A refused signature or network gets an empty body.
    #[must_use]
    pub fn into_response(self) -> Response {
        let status = self.status();
        let message = match &self {
            Self::Signature(_) | Self::Payload(payload::Error::ForeignNetwork) => {
                return status.into_response();
            }
            Self::Backend(_) | Self::Overloaded => "try again later".to_owned(),
            Self::Payload(_)
            | Self::TooLarge { .. }
            | Self::BodyTimeout { .. }
            | Self::BodyBroken => self.to_string(),
        };
        // The shape of the vendor's failures (its app template).
        let body = warp::reply::json(&json!({
            "status": "FAILED",
            "errorCode": status.as_u16(),
            "errorMessage": message,
        }));
        let mut response = warp::reply::with_status(body, status).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

/// The answer to a method that a route does not have.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Response {
    warp::reply::with_header(StatusCode::METHOD_NOT_ALLOWED, header::ALLOW, allowed).into_response()
}

/// The answer to a path that does not exist.
pub(crate) fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
