//! Answers, and what every one of them tells the browser: keep nothing, run nothing
//! that is not ours, show this in nobody else's frame.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use maud::Markup;
use service_kit::admin::PageBody;

pub(super) type Answer = Response<PageBody>;

/// On every answer. `same-origin` and not `no-referrer`: with the latter browsers send
/// forms without an origin, which we compare.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Adds what every answer has.
pub(super) fn guarded(mut answer: Answer) -> Answer {
    for (name, value) in HEADERS {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// A page, or a part of one.
pub(super) fn html(status: StatusCode, markup: Markup) -> Answer {
    whole(status, "text/html; charset=utf-8", markup.into_string())
}

/// One of the files that are built in.
pub(super) fn file(content_type: &'static str, content: &'static str) -> Answer {
    whole(StatusCode::OK, content_type, content)
}

/// A status with a line of text, for scripts.
pub(super) fn text(status: StatusCode, line: &'static str) -> Answer {
    whole(status, "text/plain; charset=utf-8", line)
}

/// Go there, with GET.
pub(super) fn see_other(place: &str) -> Answer {
    let mut answer = text(StatusCode::SEE_OTHER, "");
    if let Ok(place) = HeaderValue::from_str(place) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    answer
}

/// The same answer with a cookie.
pub(super) fn with_cookie(mut answer: Answer, cookie: &str) -> Answer {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

/// Server-sent events, each written as soon as it is there.
pub(super) fn events(stream: impl Stream<Item = Bytes> + Send + 'static) -> Answer {
    let frames = stream.map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
    let body = StreamBody::new(frames).boxed_unsync();
    answer(StatusCode::OK, "text/event-stream", body)
}

fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    answer(status, content_type, Full::new(body.into()).boxed_unsync())
}

fn answer(status: StatusCode, content_type: &'static str, body: PageBody) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    answer
}
