//! The vendor's rule, and the rules of others that it is taken for.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header of the signature, as BetterMode sends it today.
pub const SIGNATURE_HEADER: &str = "X-BetterMode-Signature";
/// The header of the time in milliseconds since 1970, as BetterMode sends it today.
pub const TIMESTAMP_HEADER: &str = "X-BetterMode-Request-Timestamp";

/// The signature that BetterMode would send: HMAC-SHA256 of `<timestamp>:<body>` under the
/// bytes of `secret`, in lower-case hex.
#[must_use]
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    hex::encode(mac(secret.as_bytes(), &Form::VENDOR.parts(timestamp, body)))
}

/// What is signed: the order of time and body, and what stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `<time><between><body>`.
    TimeFirst(&'static str),
    /// The body alone, as the integration that this product replaces signed it.
    BodyAlone,
    /// `<body>:<time>`.
    BodyFirst,
    /// `v0:<time>:<body>`, as Slack signs.
    Slack,
}

impl Form {
    /// The right one.
    pub(crate) const VENDOR: Self = Self::TimeFirst(":");
    /// The wrong ones that are tried, those met most often first.
    pub(crate) const OTHERS: [Self; 7] = [
        Self::BodyAlone,
        Self::TimeFirst("."),
        Self::TimeFirst(""),
        Self::TimeFirst("\n"),
        Self::TimeFirst("|"),
        Self::BodyFirst,
        Self::Slack,
    ];

    /// Whether the time is a part of it.
    pub(crate) fn needs_time(self) -> bool {
        self != Self::BodyAlone
    }

    pub(crate) fn parts<'a>(self, time: &'a str, body: &'a [u8]) -> [&'a [u8]; 4] {
        match self {
            Self::TimeFirst(between) => [b"", time.as_bytes(), between.as_bytes(), body],
            Self::BodyAlone => [b"", b"", b"", body],
            Self::BodyFirst => [b"", body, b":", time.as_bytes()],
            Self::Slack => [b"v0:", time.as_bytes(), b":", body],
        }
    }
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length; without one there is nothing that could match.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
