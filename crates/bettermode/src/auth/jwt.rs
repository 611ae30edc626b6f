//! When a token ends.
//!
//! Tokens are JWTs with `exp` in seconds (hand-written code of the npm package).
//! The signature is not checked: no key is published, and the vendor does.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Claims {
    exp: f64,
}

/// The `exp` of a token, or `None` when there is none to be read.
pub(super) fn expiry(token: &str) -> Option<Timestamp> {
    let payload = token.split('.').nth(1)?;
    let json = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()?;
    let claims: Claims = serde_json::from_slice(&json).ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a saturating cast; jiff checks the range"
    )]
    Timestamp::from_second(claims.exp as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn the_expiry_is_read_from_the_payload() {
        let end = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(expiry(&token(r#"{"exp":1700000000,"iat":1}"#)), Some(end));
        assert_eq!(expiry(&token(r#"{"exp":1700000000.0}"#)), Some(end));
    }

    #[test]
    fn a_token_without_a_readable_expiry_has_none() {
        for text in [
            "",
            "opaque",
            "a.b.c",
            "..",
            &token("{}"),
            &token(r#"{"exp":"soon"}"#),
            &token(r#"{"exp":1e300}"#),
        ] {
            assert_eq!(expiry(text), None, "{text}");
        }
    }
}
