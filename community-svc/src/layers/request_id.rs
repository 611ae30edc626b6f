//! A name for each call, so that a caller's complaint finds its log lines.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue};

use super::{Request, Response};

/// The header and gRPC metadata key, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one call, kept as the header that answers with it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id as log lines have it.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Has the answer carry the id.
    pub(crate) fn mark(mut self, response: &mut Response) {
        // It never comes again: HPACK is not to drop what does from its table for it.
        self.0.set_sensitive(true);
        response.headers_mut().insert(REQUEST_ID, self.0);
    }
}

/// Where ids come from when the caller sends none: which process, and its how-manyth
/// call. Random digits for each call would cost more and find no more.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    calls: AtomicU64,
}

impl RequestIds {
    /// Ids that begin with `process`: a random number, so that replicas and restarts
    /// differ.
    pub(crate) fn new(process: u64) -> Self {
        Self {
            process,
            calls: AtomicU64::new(0),
        }
    }

    /// The caller's id where it is fit to log, else a new one.
    pub(crate) fn of(&self, request: &Request) -> RequestId {
        match request.headers().get(REQUEST_ID) {
            Some(id) if is_fit_to_log(id.as_bytes()) => RequestId(id.clone()),
            _ => self.next(),
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "hex digits fit their place and a header"
    )]
    fn next(&self) -> RequestId {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let id = u128::from(self.process) << 64 | u128::from(call);
        let mut digits = [0; 32];
        hex::encode_to_slice(id.to_be_bytes(), &mut digits).expect("32 digits");
        RequestId(HeaderValue::from_bytes(&digits).expect("visible ASCII"))
    }
}

fn is_fit_to_log(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::{RequestIds, is_fit_to_log};

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        assert!(is_fit_to_log(b"order-42.retry_1"));
        for id in ["", "a b", "a\nb", "\u{202e}", &"x".repeat(65)] {
            assert!(!is_fit_to_log(id.as_bytes()), "{id:?}");
        }
    }

    #[test]
    fn new_ids_differ_and_are_fit_to_log() {
        let ids = RequestIds::new(0x00c0_ffee);
        assert_eq!(ids.next().as_str(), "0000000000c0ffee0000000000000000");
        let second = ids.next();
        assert_eq!(second.as_str(), "0000000000c0ffee0000000000000001");
        assert!(is_fit_to_log(second.as_str().as_bytes()));
    }
}
