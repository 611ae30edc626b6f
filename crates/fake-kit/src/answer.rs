//! HTTP answers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::Value;

/// A JSON body.
#[must_use]
pub fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    typed(
        status,
        "application/json; charset=utf-8",
        Bytes::from(body.to_string()),
    )
}

/// What a proxy in front of a vendor would show.
#[must_use]
pub fn html(status: StatusCode) -> Response<Bytes> {
    let page = "<!DOCTYPE html><html><head><title>Something went wrong</title></head>\
                <body><h1>Something went wrong</h1></body></html>";
    typed(
        status,
        "text/html; charset=utf-8",
        Bytes::from_static(page.as_bytes()),
    )
}

/// A body of some content type.
#[must_use]
pub fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
