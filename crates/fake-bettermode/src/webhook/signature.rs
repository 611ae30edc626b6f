//! The vendor's signature: HMAC-SHA256 over `timestamp:body`, in lower-case hex.
//!
//! developers.bettermode.com, verifying webhooks. The timestamp is in milliseconds
//! and is signed as the text that stands in the header.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The signature of a body that is sent at `timestamp_ms`.
#[must_use]
pub fn sign(secret: &str, timestamp_ms: i64, body: &[u8]) -> String {
    // HMAC takes keys of every length, so there is no error to speak of.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp_ms.to_string().as_bytes());
    mac.update(b":");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
