//! BetterMode's rule a second time, from its guide (developers.bettermode.com,
//! verifying webhooks) and RFC 2104 alone: no code of the edge, no HMAC library.

use sha2::{Digest as _, Sha256};

const PAIRS: [(&str, &str); 2] = [
    ("x-bettermode-signature", "x-bettermode-request-timestamp"),
    ("x-tribe-signature", "x-tribe-request-timestamp"),
];

const BLOCK: usize = 64;

/// The lower-case hex HMAC-SHA256 of `<timestamp>:<body>`.
pub(crate) fn sign(secret: &[u8], timestamp: &[u8], body: &[u8]) -> String {
    let mut key = [0; BLOCK];
    if secret.len() > BLOCK {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    let hash = |pad: u8, parts: &[&[u8]]| {
        let mut hash = Sha256::new();
        hash.update(key.map(|byte| byte ^ pad));
        for part in parts {
            hash.update(part);
        }
        hash.finalize()
    };
    let inner = hash(0x36, &[timestamp, b":", body]);
    hex::encode(hash(0x5c, &[&inner]))
}

/// Whether a webhook with these headers is to be believed.
pub(crate) fn accepts(
    headers: &[(String, Vec<u8>)],
    body: &[u8],
    secrets: &[&str],
    (now_ms, window_ms): (i64, u64),
) -> bool {
    let values = |wanted: &str| -> Vec<&[u8]> {
        let found = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| &value[..]).collect()
    };
    let present: Vec<_> = PAIRS
        .iter()
        .map(|(signature, timestamp)| (values(signature), values(timestamp)))
        .filter(|(signatures, timestamps)| !signatures.is_empty() || !timestamps.is_empty())
        .collect();
    let [(signatures, timestamps)] = &present[..] else {
        return false;
    };
    let ([signature], [timestamp]) = (&signatures[..], &timestamps[..]) else {
        return false;
    };
    let Some(signed_ms) = whole_number(timestamp) else {
        return false;
    };
    let is_of_a_secret = secrets
        .iter()
        .any(|secret| sign(secret.as_bytes(), timestamp, body).as_bytes() == *signature);
    is_of_a_secret && now_ms.abs_diff(signed_ms) <= window_ms
}

/// Digits alone, the first of them not zero.
fn whole_number(text: &[u8]) -> Option<i64> {
    if text.first() == Some(&b'0') {
        return None;
    }
    let digits = text.iter().map(|byte| match byte {
        b'0'..=b'9' => Some(i64::from(byte - b'0')),
        _ => None,
    });
    let number = digits.reduce(|number, digit| number?.checked_mul(10)?.checked_add(digit?));
    number.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Node and OpenSSL.
    #[test]
    fn it_signs_as_others_do() {
        let body = br#"{"networkId":"AAAAbbbb01","context":"NETWORK","currentSettings":[],"type":"TEST","data":{"challenge":"0123456789abcdef0123456789abcdef01234567"}}"#;
        assert_eq!(
            sign(b"whsec_test_0123456789abcdef", b"1700000000000", body),
            "18e23a9551e74daf85f7344b42fddc75fac79b9aed792111535b86f4ea46b761"
        );
    }

    #[test]
    fn numbers_are_plain_and_fit() {
        assert_eq!(whole_number(b"9223372036854775807"), Some(i64::MAX));
        for none in ["", "0", "01", "+1", "-1", "1 ", "9223372036854775808"] {
            assert_eq!(whole_number(none.as_bytes()), None, "{none}");
        }
    }
}
