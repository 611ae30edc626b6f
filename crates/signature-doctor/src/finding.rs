//! What is wrong with a signature, in a word for metrics and a sentence for people.

use std::fmt;

use crate::secrets::Fingerprint;

/// One thing that is wrong. Its text holds nothing that a stranger or a secret wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// There is no signature header.
    SignatureMissing,
    /// There is no timestamp header.
    TimestampMissing,
    /// A header came more than once.
    Repeated(&'static str),
    /// Both header pairs came.
    BothPairs,
    /// The signature of one pair with the timestamp of the other.
    MixedPairs,
    /// The digest is in base64.
    Base64,
    /// The digest is in upper-case hex.
    UpperCase,
    /// Something like `sha256=` stands before the digest.
    Prefix,
    /// Space or quotes stand around the digest.
    Padded,
    /// By its length the digest is of another algorithm.
    OtherAlgorithm(&'static str),
    /// The header's value is no digest.
    NotADigest {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The timestamp is in seconds.
    Seconds,
    /// The timestamp is in another unit.
    OtherUnit(&'static str),
    /// The timestamp is no plain whole number.
    NotANumber,
    /// Older than the window allows.
    TooOld {
        /// How old.
        seconds: u64,
        /// The window.
        window: u64,
    },
    /// Further in the future than the window allows.
    InFuture {
        /// How far.
        seconds: u64,
        /// The window.
        window: u64,
    },
    /// A retired secret signed.
    RetiredSecret(Fingerprint),
    /// A known secret signed, spelt in another way.
    SecretSpelling(&'static str),
    /// The bytes that a known secret stands for signed.
    SecretDecoded(&'static str),
    /// The body was signed without the timestamp.
    BodyAlone,
    /// Something else than a colon stands between timestamp and body.
    Separator(&'static str),
    /// Timestamp and body are put together in another way.
    Order(&'static str),
    /// The timestamp was signed in another unit than it is sent in.
    SignedTime(&'static str),
    /// Another body was signed than the one that arrived.
    BodyChanged(&'static str),
    /// Nothing that was tried gives this signature.
    WrongSecret,
    /// Not everything could be tried within the work allowed.
    Unexplained,
}

/// Every label that [`Finding::label`] can give, and `holds`.
pub const LABELS: &[&str] = &[
    "holds",
    "signature_missing",
    "timestamp_missing",
    "repeated_header",
    "both_pairs",
    "mixed_pairs",
    "base64",
    "upper_case",
    "prefix",
    "padded",
    "other_algorithm",
    "not_a_digest",
    "seconds",
    "other_unit",
    "not_a_number",
    "too_old",
    "in_future",
    "retired_secret",
    "secret_spelling",
    "secret_decoded",
    "body_alone",
    "separator",
    "order",
    "signed_time",
    "body_changed",
    "wrong_secret",
    "unexplained",
];

impl Finding {
    /// A short name; the set is fixed, see [`LABELS`].
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::SignatureMissing => "signature_missing",
            Self::TimestampMissing => "timestamp_missing",
            Self::Repeated(_) => "repeated_header",
            Self::BothPairs => "both_pairs",
            Self::MixedPairs => "mixed_pairs",
            Self::Base64 => "base64",
            Self::UpperCase => "upper_case",
            Self::Prefix => "prefix",
            Self::Padded => "padded",
            Self::OtherAlgorithm(_) => "other_algorithm",
            Self::NotADigest { .. } => "not_a_digest",
            Self::Seconds => "seconds",
            Self::OtherUnit(_) => "other_unit",
            Self::NotANumber => "not_a_number",
            Self::TooOld { .. } => "too_old",
            Self::InFuture { .. } => "in_future",
            Self::RetiredSecret(_) => "retired_secret",
            Self::SecretSpelling(_) => "secret_spelling",
            Self::SecretDecoded(_) => "secret_decoded",
            Self::BodyAlone => "body_alone",
            Self::Separator(_) => "separator",
            Self::Order(_) => "order",
            Self::SignedTime(_) => "signed_time",
            Self::BodyChanged(_) => "body_changed",
            Self::WrongSecret => "wrong_secret",
            Self::Unexplained => "unexplained",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SignatureMissing | Self::TimestampMissing => {
                "BetterMode sends both headers of a pair: this came from somebody else, or a proxy drops headers"
            }
            Self::Repeated(_) | Self::BothPairs | Self::MixedPairs => {
                "a proxy adds or copies headers: pass those of BetterMode on as they are, once"
            }
            Self::Base64
            | Self::UpperCase
            | Self::Prefix
            | Self::Padded
            | Self::OtherAlgorithm(_)
            | Self::NotADigest { .. } => {
                "send HMAC-SHA256 as 64 lower-case hex digits and nothing else"
            }
            Self::Seconds | Self::OtherUnit(_) | Self::NotANumber | Self::SignedTime(_) => {
                "send and sign the time as milliseconds since 1970, digits alone"
            }
            Self::TooOld { .. } => {
                "compare the clocks of both machines; a replay and a slow proxy look the same"
            }
            Self::InFuture { .. } => "compare the clocks of both machines (timedatectl)",
            Self::RetiredSecret(_) => {
                "the sender still signs with it: change it there, or list it in BETTERMODE_WEBHOOK_SECRET again until that is done"
            }
            Self::SecretSpelling(_) => {
                "sign with the secret itself: no space, line break or quotes around it"
            }
            Self::SecretDecoded(_) => {
                "sign with the secret's text as it is, not with what it decodes to"
            }
            Self::BodyAlone | Self::Separator(_) | Self::Order(_) => {
                "sign \"<milliseconds>:<body>\", with a colon between"
            }
            Self::BodyChanged(_) => {
                "sign the bytes that are sent; between sender and edge nobody may parse and write the body anew"
            }
            Self::WrongSecret => {
                "BETTERMODE_WEBHOOK_SECRET must be the app's signing secret, not its client secret, and no proxy may change the body"
            }
            Self::Unexplained => {
                "capture the request and give it to communityctl doctor, which tries longer"
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignatureMissing => f.write_str("there is no signature header"),
            Self::TimestampMissing => f.write_str("there is no timestamp header"),
            Self::Repeated(name) => write!(f, "the header {name} came more than once"),
            Self::BothPairs => {
                f.write_str("both X-BetterMode-* and X-Tribe-* signature headers came")
            }
            Self::MixedPairs => f.write_str(
                "the signature is of one of the pairs X-BetterMode-* and X-Tribe-*, the timestamp of the other",
            ),
            Self::Base64 => f.write_str("the digest is in base64 instead of hex"),
            Self::UpperCase => f.write_str("the digest is in upper-case hex"),
            Self::Prefix => f.write_str("a prefix such as sha256= stands before the digest"),
            Self::Padded => f.write_str("space or quotes stand around the digest"),
            Self::OtherAlgorithm(name) => {
                write!(f, "by its length the digest is {name} instead of SHA-256")
            }
            Self::NotADigest { bytes } => {
                write!(f, "the {bytes} bytes of the signature header are no digest in hex or base64")
            }
            Self::Seconds => f.write_str("the timestamp is in seconds instead of milliseconds"),
            Self::OtherUnit(unit) => {
                write!(f, "the timestamp is in {unit} instead of milliseconds")
            }
            Self::NotANumber => f.write_str("the timestamp is not a plain whole number"),
            Self::TooOld { seconds, window } => write!(
                f,
                "skew of -{seconds} s: signed {seconds} s ago, more than the {window} s allowed"
            ),
            Self::InFuture { seconds, window } => write!(
                f,
                "skew of +{seconds} s: signed {seconds} s in the future, more than the {window} s allowed"
            ),
            Self::RetiredSecret(fingerprint) => {
                write!(f, "it matches the retired secret {fingerprint}")
            }
            Self::SecretSpelling(how) | Self::SecretDecoded(how) => {
                write!(f, "the secret was used {how}")
            }
            Self::BodyAlone => f.write_str("the body was signed without the timestamp"),
            Self::Separator(what) => {
                write!(f, "{what} stands between timestamp and body instead of a colon")
            }
            Self::Order(what) => write!(f, "{what} was signed instead of <timestamp>:<body>"),
            Self::SignedTime(how) => write!(f, "the timestamp was signed {how}"),
            Self::BodyChanged(how) => {
                write!(f, "the body was changed after it was signed: it was signed {how}")
            }
            Self::WrongSecret => f.write_str(
                "signed with an unknown secret, or over another body: none of the configured and retired secrets gives this signature in any of the usual ways",
            ),
            Self::Unexplained => {
                f.write_str("no explanation was found within the work that may be spent on it")
            }
        }
    }
}
