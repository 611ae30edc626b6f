//! Where the head of a request ends, how long its body is, and whether it can be
//! understood in two ways.
//!
//! The parser is hyper's own (httparse), so that both find the same end. hyper
//! itself drops a `Content-Length` beside a `Transfer-Encoding` and the second of
//! two equal lengths before a service could see them, and does not look at `Host`;
//! a proxy in front of us may have chosen differently. What hyper refuses anyway
//! (folded lines, spaces in names, unequal lengths) it refuses still.

use http::StatusCode;

/// More than any sender of webhooks has.
const MAX_HEADERS: usize = 64;

/// How many bytes follow a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// So many.
    Exactly(u64),
    /// Only hyper will know: chunked, or a head that is refused.
    Open,
}

/// What was found at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The head has not ended.
    Partial,
    /// A head, fit for the service.
    Head {
        /// Its length.
        length: usize,
        /// The length of its body.
        left: Left,
    },
    /// No head, or one to refuse.
    Bad(StatusCode),
}

/// Looks at the start of `bytes`.
pub(super) fn find(bytes: &[u8]) -> Found {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Found::Partial,
        Err(httparse::Error::TooManyHeaders) => {
            return Found::Bad(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        Err(httparse::Error::Version) => {
            return Found::Bad(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
        }
        Err(_) => return Found::Bad(StatusCode::BAD_REQUEST),
    };
    match body_of(&request) {
        Some(left) if has_one_host(&request) && !has_bare_line_feed(&bytes[..length]) => {
            Found::Head { length, left }
        }
        _ => Found::Bad(StatusCode::BAD_REQUEST),
    }
}

/// The length of the body; `None` when it can be read in two ways (RFC 9112, 6.3).
fn body_of(request: &httparse::Request<'_, '_>) -> Option<Left> {
    let length = only(request, "content-length").ok()?;
    let encoding = only(request, "transfer-encoding").ok()?;
    match (length, encoding) {
        (None, None) => Some(Left::Exactly(0)),
        (Some(digits), None) if digits.iter().all(u8::is_ascii_digit) => {
            let length = std::str::from_utf8(digits).ok()?.parse().ok()?;
            Some(Left::Exactly(length))
        }
        (None, Some(name)) if name.eq_ignore_ascii_case(b"chunked") => Some(Left::Open),
        _ => None,
    }
}

/// HTTP/1.1 wants exactly one (RFC 9112, 3.2).
fn has_one_host(request: &httparse::Request<'_, '_>) -> bool {
    match only(request, "host") {
        Ok(host) => host.is_some() || request.version == Some(0),
        Err(Repeated) => false,
    }
}

/// The parser takes a lone line feed for the end of a line; others may not.
fn has_bare_line_feed(head: &[u8]) -> bool {
    let mut previous = b'\0';
    head.iter().any(|&byte| {
        let is_bare = byte == b'\n' && previous != b'\r';
        previous = byte;
        is_bare
    })
}

struct Repeated;

fn only<'a>(request: &httparse::Request<'_, 'a>, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
    let mut values = request
        .headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name));
    let value = values.next().map(|header| header.value);
    values.next().map_or(Ok(value), |_| Err(Repeated))
}

#[cfg(test)]
mod tests {
    use super::{Found, Left, find};
    use http::StatusCode;

    fn bad(head: &str) -> Option<StatusCode> {
        match find(head.as_bytes()) {
            Found::Bad(status) => Some(status),
            Found::Partial | Found::Head { .. } => None,
        }
    }

    #[test]
    fn a_plain_head_ends_at_its_empty_line_and_says_how_long_the_body_is() {
        let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 12\r\n\r\n";
        let found = Found::Head {
            length: head.len(),
            left: Left::Exactly(12),
        };
        assert_eq!(find(format!("{head}{{}}").as_bytes()), found);
        assert_eq!(find(&head.as_bytes()[..head.len() - 1]), Found::Partial);
        let chunked = "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n";
        let found = Found::Head {
            length: chunked.len(),
            left: Left::Open,
        };
        assert_eq!(find(chunked.as_bytes()), found);
    }

    #[test]
    fn what_can_be_understood_in_two_ways_is_400() {
        for headers in [
            "",
            "host: a\r\nhost: a\r\n",
            "host: a\r\ncontent-length: 5\r\ncontent-length: 5\r\n",
            "host: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n",
            "host: a\r\ncontent-length: +5\r\n",
            "host: a\r\ncontent-length: 5, 5\r\n",
            "host: a\r\ncontent-length:\r\n",
            "host: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n",
            "host: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n",
            "host: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "host: a\r\ntransfer-encoding: gzip, chunked\r\n",
            "host: a\r\ncontent-length: 5\n",
            "host: a\r\nfolded: a\r\n b\r\n",
            "host : a\r\n",
            "host: a\r\nno colon\r\n",
        ] {
            let head = format!("POST / HTTP/1.1\r\n{headers}\r\n");
            assert_eq!(bad(&head), Some(StatusCode::BAD_REQUEST), "{headers:?}");
        }
    }

    #[test]
    fn other_versions_and_too_many_headers_have_statuses_of_their_own() {
        let http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        assert_eq!(bad(http2), Some(StatusCode::HTTP_VERSION_NOT_SUPPORTED));
        let many = "a: b\r\n".repeat(65);
        assert_eq!(
            bad(&format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n")),
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        );
        assert_eq!(bad("GET / HTTP/1.0\r\n\r\n"), None);
    }
}
