//! HTTP answers that only this stand-in gives.

use bytes::Bytes;
use fake_kit::answer::{html, typed};
use http::header::{HeaderValue, LOCATION};
use http::{Response, StatusCode};

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
