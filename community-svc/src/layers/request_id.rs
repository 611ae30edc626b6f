//! A name for each call, so that a caller's complaint finds its log lines.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use uuid::Uuid;

/// The header and gRPC metadata key, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Keeps the caller's id where it is fit to log, else makes one; answers with it.
pub(crate) async fn assign(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_fit_to_log(id))
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    let value = HeaderValue::from_str(&id);
    request.extensions_mut().insert(RequestId(id));
    let mut response = next.run(request).await;
    if let Ok(value) = value {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn is_fit_to_log(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_fit_to_log;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        assert!(is_fit_to_log("order-42.retry_1"));
        for id in ["", "a b", "a\nb", "\u{202e}", &"x".repeat(65)] {
            assert!(!is_fit_to_log(id), "{id:?}");
        }
    }
}
