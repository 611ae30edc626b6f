//! What Notion answers when it says no: `{object, status, code, message, request_id}`.

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use fake_kit::answer;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "validation_error", message)
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let message = format!(
            "Could not find {what} with ID: {id}. Make sure the relevant pages and databases are shared with your integration."
        );
        Self::new(404, "object_not_found", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "API token is invalid.")
    }

    pub(crate) fn rate_limited(seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(429, "rate_limited", "You have been rate limited.")
        }
    }

    pub(crate) fn overloaded(seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(529, "service_overload", "Notion is overloaded.")
        }
    }

    pub(crate) fn conflict() -> Self {
        Self::new(409, "conflict_error", "Conflict occurred while saving.")
    }

    pub(crate) fn block_limit() -> Self {
        let message = "The workspace has reached its block limit on the free plan.";
        Self::new(403, "restricted_resource", message)
    }

    pub(crate) fn server(status: u16) -> Self {
        let code = match status {
            500 => "internal_server_error",
            503 => "service_unavailable",
            504 => "gateway_timeout",
            _ => "bad_gateway",
        };
        Self::new(status, code, "Unexpected error occurred.")
    }

    pub(crate) fn response(&self) -> Response<Bytes> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = answer::json(
            status,
            &json!({
                "object": "error",
                "status": self.status,
                "code": self.code,
                "message": self.message,
                "request_id": Uuid::new_v4(),
            }),
        );
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
