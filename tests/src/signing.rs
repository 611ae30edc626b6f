//! BetterMode's webhook signature, written from its description and sharing
//! nothing with the edge: HMAC-SHA256 over `timestamp:body`, in lower-case hex.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "X-BetterMode-Signature";
/// The header that carries the time in milliseconds since 1970.
pub const TIMESTAMP_HEADER: &str = "X-BetterMode-Request-Timestamp";

/// Signs the bytes as they will be sent, with the time's text as it will be sent.
#[must_use]
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// The present time as BetterMode writes it.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the programs under test live in real time"
)]
pub fn timestamp_now() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    since.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::sign;

    /// Made with Node's crypto and with OpenSSL, which agree.
    #[test]
    fn the_signature_is_the_one_that_node_and_openssl_make() {
        let body = concat!(
            r#"{"networkId":"AAAAbbbb01","context":"NETWORK","currentSettings":[],"#,
            r#""type":"TEST","data":{"challenge":"0123456789abcdef0123456789abcdef01234567"}}"#
        );
        assert_eq!(
            sign(
                "whsec_test_0123456789abcdef",
                "1700000000000",
                body.as_bytes()
            ),
            "18e23a9551e74daf85f7344b42fddc75fac79b9aed792111535b86f4ea46b761"
        );
    }
}
