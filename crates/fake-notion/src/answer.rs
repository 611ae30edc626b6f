//! HTTP answers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use serde_json::Value;

/// A JSON body.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    typed(
        status,
        "application/json; charset=utf-8",
        Bytes::from(body.to_string()),
    )
}

/// What a proxy in front of Notion would show.
pub(crate) fn html(status: StatusCode) -> Response<Bytes> {
    let page = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>";
    typed(
        status,
        "text/html; charset=utf-8",
        Bytes::from_static(page.as_bytes()),
    )
}

/// To a host that must never see a token.
pub(crate) fn redirect() -> Response<Bytes> {
    let mut response = html(StatusCode::FOUND);
    let elsewhere = HeaderValue::from_static("http://127.0.0.1:9/elsewhere");
    response.headers_mut().insert(LOCATION, elsewhere);
    response
}

/// So many spaces.
pub(crate) fn huge(bytes: usize) -> Response<Bytes> {
    typed(
        StatusCode::OK,
        "application/json",
        Bytes::from(vec![b' '; bytes]),
    )
}

fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
