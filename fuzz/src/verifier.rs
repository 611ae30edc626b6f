//! The edge's verifier beside the second implementation.

use std::time::Duration;

use arbitrary::{Arbitrary as _, Unstructured};
use bytes::Bytes;
use jiff::Timestamp;
use webhook_edge::signature::{Delivery, Keys, Window};

use crate::request::{NOW_MS, Request, SECRETS, WINDOW_MS};

/// Both must say the same.
///
/// # Panics
/// When they do not.
pub fn run(data: &[u8]) {
    let Ok(request) = Request::arbitrary(&mut Unstructured::new(data)) else {
        return;
    };
    let body = Bytes::from(request.body.clone());
    let delivery = Delivery::new("/webhooks/bettermode", request.header_map(), body);
    let verified = delivery.verify(&keys(), now(), window());
    assert_eq!(
        verified.is_ok(),
        request.is_to_be_believed(),
        "{:?} of {request:?}",
        verified.err()
    );
}

pub(crate) fn keys() -> Keys {
    let secrets = SECRETS.join(",").into();
    Keys::parse(&secrets).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millisecond(NOW_MS).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn window() -> Window {
    Window::new(Duration::from_millis(WINDOW_MS))
}
