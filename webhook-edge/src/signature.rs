//! Who sent a webhook: BetterMode, or nobody.
//!
//! A pure function of headers, bytes, secrets and time. A [`Delivery`] starts
//! [`Unverified`] and only [`Delivery::verify`] makes it [`Verified`], which is the
//! only kind whose body the rest of the program can read: nothing is parsed, looked
//! up or stored before the signature over the raw bytes holds.
//!
//! The rule is the vendor's (developers.bettermode.com, verifying webhooks): the
//! HMAC-SHA256 of `<timestamp header>:<body>` under the app's signing secret, as
//! lower-case hex; the timestamp in milliseconds.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

mod shared_secret;

pub use shared_secret::{SECRET_HEADER, SharedSecrets};

/// The two header pairs that BetterMode sends: today's, and the one from before
/// its renaming, which older apps still get.
const HEADER_PAIRS: [HeaderPair; 2] = [
    HeaderPair {
        signature: "x-bettermode-signature",
        timestamp: "x-bettermode-request-timestamp",
    },
    HeaderPair {
        signature: "x-tribe-signature",
        timestamp: "x-tribe-request-timestamp",
    },
];

/// A webhook nobody has vouched for yet.
pub struct Unverified {
    headers: HeaderMap,
}

/// A webhook that carries a valid signature, or that arrived while the operator
/// has switched signatures off.
pub struct Verified {
    received_at: Timestamp,
    signed: Option<Signed>,
}

/// By which secret a webhook was signed, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// The secret's place in the setting, from 1: it says nothing of the secret.
    pub secret: u32,
    /// The time that was signed, by the sender's clock, in milliseconds; `None` where
    /// only a secret was shown.
    pub at_ms: Option<i64>,
}

/// One webhook as it arrived. It has no `Debug`: its body holds personal data.
pub struct Delivery<State> {
    path: &'static str,
    body: Bytes,
    state: State,
}

impl Delivery<Unverified> {
    /// A webhook as it came in on the route `path`.
    #[must_use]
    pub fn new(path: &'static str, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            path,
            body,
            state: Unverified { headers },
        }
    }

    /// Checks the signature, then the age, so that what is said about the age is
    /// said about the sender's own timestamp.
    ///
    /// # Errors
    /// [`Error`] with the precise cause. It is for the log: a caller who learns why
    /// a signature was refused learns how to forge one.
    pub fn verify(
        self,
        keys: &Keys,
        now: Timestamp,
        window: Window,
    ) -> Result<Delivery<Verified>, Error> {
        let signed = self.check(keys, now, window)?;
        Ok(self.accepted(now, Some(signed)))
    }

    /// The same; what is refused comes back as a whole, for somebody to look into why.
    ///
    /// # Errors
    /// [`Refused`] with the precise cause.
    pub fn verify_or_return(
        self,
        keys: &Keys,
        now: Timestamp,
        window: Window,
    ) -> Result<Delivery<Verified>, Box<Refused>> {
        match self.check(keys, now, window) {
            Ok(signed) => Ok(self.accepted(now, Some(signed))),
            Err(error) => Err(Box::new(Refused {
                error,
                path: self.path,
                headers: self.state.headers,
                body: self.body,
            })),
        }
    }

    fn check(&self, keys: &Keys, now: Timestamp, window: Window) -> Result<Signed, Error> {
        let claim = Claim::find(&self.state.headers)?;
        let secret = keys
            .vouch_for(claim.timestamp_text, &self.body, &claim.tag)
            .ok_or(Error::Mismatch)?;
        window.check(claim.timestamp_ms, now)?;
        Ok(Signed {
            secret,
            at_ms: Some(claim.timestamp_ms),
        })
    }

    /// Accepts the webhook without a look at its signature. Only for
    /// `WEBHOOK_EDGE_ALLOW_UNSIGNED`, which the settings keep on loopback.
    #[must_use]
    pub fn trust_unsigned(self, now: Timestamp) -> Delivery<Verified> {
        self.accepted(now, None)
    }

    fn accepted(self, received_at: Timestamp, signed: Option<Signed>) -> Delivery<Verified> {
        Delivery {
            path: self.path,
            body: self.body,
            state: Verified {
                received_at,
                signed,
            },
        }
    }
}

impl Delivery<Verified> {
    /// The bytes that were signed.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The route on which it arrived.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// When it was verified, by the edge's clock.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.state.received_at
    }

    /// Who vouched for it; nobody where signatures are switched off.
    #[must_use]
    pub fn signed(&self) -> Option<Signed> {
        self.state.signed
    }
}

/// A webhook that is not believed, as it arrived. For the doctor alone: nobody vouches for
/// anything in it. It has no `Debug`.
pub struct Refused {
    /// Why it is not believed.
    pub error: Error,
    /// The route on which it arrived.
    pub path: &'static str,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why a webhook is not believed. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A header of the pair is not there, or neither pair is.
    #[error("no {0} header")]
    Missing(&'static str),
    /// A header came more than once.
    #[error("more than one {0} header")]
    Repeated(&'static str),
    /// Headers of both pairs came; which of them counts is not ours to guess.
    #[error("both X-Bettermode-* and X-Tribe-* signature headers")]
    BothPairs,
    /// The timestamp is not a plain whole number of milliseconds.
    #[error("the timestamp is not a plain whole number")]
    MalformedTimestamp,
    /// The signature is not 64 lower-case hex digits.
    #[error("the signature is not 64 lower-case hex digits")]
    MalformedSignature,
    /// The secret in the header is none of the configured ones.
    #[error("the {SECRET_HEADER} header holds no configured secret")]
    WrongSecret,
    /// No configured secret gives this signature.
    #[error("signature does not match any configured secret")]
    Mismatch,
    /// Rightly signed, but the timestamp is too far in the past.
    #[error("signed {age_seconds} s ago, more than the {window_seconds} s allowed")]
    TooOld {
        /// How old it is.
        age_seconds: u64,
        /// The window.
        window_seconds: u64,
    },
    /// Rightly signed, but the timestamp is too far in the future.
    #[error("signed {ahead_seconds} s in the future, more than the {window_seconds} s allowed")]
    TooNew {
        /// How far ahead it is.
        ahead_seconds: u64,
        /// The window.
        window_seconds: u64,
    },
}

impl Error {
    /// A short name for metrics; the set is fixed.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Repeated(_) => "repeated",
            Self::BothPairs => "both_pairs",
            Self::MalformedTimestamp => "malformed_timestamp",
            Self::MalformedSignature => "malformed_signature",
            Self::Mismatch => "mismatch",
            Self::WrongSecret => "wrong_secret",
            Self::TooOld { .. } => "too_old",
            Self::TooNew { .. } => "too_new",
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing(SECRET_HEADER) | Self::WrongSecret => {
                "the sender's header must hold one of the secrets in CIRCLE_WEBHOOK_SECRET"
            }
            Self::Missing(_) => {
                "BetterMode signs every webhook: this came from somebody else, or a proxy drops the header"
            }
            Self::Repeated(_) | Self::BothPairs => {
                "a proxy adds or copies headers, or somebody is trying something"
            }
            Self::MalformedTimestamp | Self::MalformedSignature => {
                "not the vendor's format: sign \"<milliseconds>:<body>\" with HMAC-SHA256, in lower-case hex"
            }
            Self::Mismatch => {
                "BETTERMODE_WEBHOOK_SECRET must be the app's signing secret, not its client secret, and no proxy may change the body"
            }
            Self::TooOld { .. } | Self::TooNew { .. } => {
                "compare this machine's clock with the true time; a replay looks the same"
            }
        }
    }
}

/// How far a webhook's timestamp may be from now, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window(Duration);

impl Window {
    /// A window of `tolerance` to each side; a timestamp exactly on its edge is in.
    #[must_use]
    pub fn new(tolerance: Duration) -> Self {
        Self(tolerance)
    }

    /// How far it reaches to each side.
    #[must_use]
    pub fn tolerance(self) -> Duration {
        self.0
    }

    fn check(self, timestamp_ms: i64, now: Timestamp) -> Result<(), Error> {
        let now_ms = now.as_millisecond();
        let distance = Duration::from_millis(now_ms.abs_diff(timestamp_ms));
        if distance <= self.0 {
            return Ok(());
        }
        let window_seconds = self.0.as_secs();
        Err(if timestamp_ms < now_ms {
            Error::TooOld {
                age_seconds: distance.as_secs(),
                window_seconds,
            }
        } else {
            Error::TooNew {
                ahead_seconds: distance.as_secs(),
                window_seconds,
            }
        })
    }
}

/// The signing secrets: one, or several while they are being changed. It has no
/// `Debug` and cannot be read back.
#[derive(Clone)]
pub struct Keys(Vec<Hmac<Sha256>>);

impl Keys {
    /// Reads secrets separated by commas; space around one does not count.
    ///
    /// # Errors
    /// [`EmptySecret`] when there is nothing before, between or after a comma: the
    /// HMAC under an empty key is one that anybody can make.
    pub fn parse(secrets: &SecretString) -> Result<Self, EmptySecret> {
        secrets
            .expose_secret()
            .split(',')
            .map(str::trim)
            .map(|secret| match Hmac::new_from_slice(secret.as_bytes()) {
                Ok(key) if !secret.is_empty() => Ok(key),
                _ => Err(EmptySecret),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The place of the key that vouches, from 1. Tries every key, also after one has
    /// matched, so that the time taken tells neither whether nor which.
    fn vouch_for(&self, timestamp: &str, body: &[u8], tag: &[u8; 32]) -> Option<u32> {
        let mut matched = Match::default();
        for key in &self.0 {
            let expected = key
                .clone()
                .chain_update(timestamp)
                .chain_update(":")
                .chain_update(body)
                .finalize()
                .into_bytes();
            matched.look_at(expected.as_slice().ct_eq(tag));
        }
        matched.place()
    }
}

/// Which of several secrets matched, found without telling by the time it takes.
#[derive(Default)]
struct Match {
    looked_at: u32,
    place: u32,
}

impl Match {
    fn look_at(&mut self, is_equal: Choice) {
        self.looked_at += 1;
        self.place.conditional_assign(&self.looked_at, is_equal);
    }

    fn place(&self) -> Option<u32> {
        (self.place > 0).then_some(self.place)
    }
}

/// A list of secrets with an empty one in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one of the comma-separated secrets is empty")]
pub struct EmptySecret;

struct HeaderPair {
    signature: &'static str,
    timestamp: &'static str,
}

impl HeaderPair {
    fn is_touched_by(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(self.signature) || headers.contains_key(self.timestamp)
    }
}

/// What the headers say, in the right form but not yet believed.
struct Claim<'a> {
    timestamp_text: &'a str,
    timestamp_ms: i64,
    tag: [u8; 32],
}

impl<'a> Claim<'a> {
    fn find(headers: &'a HeaderMap) -> Result<Self, Error> {
        let [current, former] = &HEADER_PAIRS;
        let pair = match (
            current.is_touched_by(headers),
            former.is_touched_by(headers),
        ) {
            (true, true) => return Err(Error::BothPairs),
            (false, true) => former,
            (true | false, false) => current,
        };
        let signature = only(headers, pair.signature)?;
        let timestamp = only(headers, pair.timestamp)?;
        let (timestamp_text, timestamp_ms) =
            milliseconds(timestamp).ok_or(Error::MalformedTimestamp)?;
        Ok(Self {
            timestamp_text,
            timestamp_ms,
            tag: digest(signature).ok_or(Error::MalformedSignature)?,
        })
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a HeaderValue, Error> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Error::Missing(name))?;
    match values.next() {
        None => Ok(value),
        Some(_) => Err(Error::Repeated(name)),
    }
}

/// Digits and nothing else, no leading zero: `parse` alone would let a sign in, and
/// the vendor's own check prints the number back before it signs.
fn milliseconds(value: &HeaderValue) -> Option<(&str, i64)> {
    let text = value.to_str().ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| plain)?;
    Some((text, number))
}

/// Lower-case only, as the vendor prints it and compares it: one digest has one
/// spelling.
fn digest(value: &HeaderValue) -> Option<[u8; 32]> {
    let text = value.as_bytes();
    if text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut tag = [0; 32];
    hex::decode_to_slice(text, &mut tag).ok().map(|()| tag)
}

#[cfg(test)]
mod tests;
