//! What is kept of a refused webhook: enough to mend the signature, nothing of the body.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use signature_doctor::{Diagnosis, HEADER_NAMES};

use crate::signature::Refused;

/// The longest timestamp that is kept: nanoseconds have 19 digits.
const LONGEST_TIMESTAMP: usize = 20;

/// A refused webhook, for operators. A stranger wrote it, so nothing of its text is here but
/// the digits of its timestamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The `x-request-id` of the answer and the log.
    pub request_id: String,
    /// When it arrived, RFC 3339, to the millisecond.
    pub received_at: String,
    /// The route.
    pub path: &'static str,
    /// What the verifier said.
    pub refused_because: String,
    /// One of `signature_doctor`'s labels.
    pub cause: &'static str,
    /// Everything that was found, the most telling first.
    pub findings: Vec<FindingRecord>,
    /// What to do about it.
    pub hint: &'static str,
    /// The fingerprint of the known secret that signed it, when one did.
    pub secret: Option<String>,
    /// Which of the signature headers came.
    pub headers: Vec<&'static str>,
    /// The length of the first signature header.
    pub signature_bytes: Option<usize>,
    /// The first timestamp header, when it is digits.
    pub timestamp: Option<String>,
    /// The length of the body.
    pub body_bytes: usize,
    /// The body's SHA-256 in hex, to compare with what the sender sent.
    pub body_sha256: String,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingRecord {
    /// Its label.
    pub cause: &'static str,
    /// The sentence.
    pub text: String,
}

impl Record {
    /// The record of a refusal and what was found.
    pub(super) fn of(refused: &Refused, received_at: Timestamp, found: &Diagnosis) -> Self {
        let headers = &refused.headers;
        let [signature, time, old_signature, old_time] = HEADER_NAMES;
        let value = |name, other| headers.get(name).or_else(|| headers.get(other));
        let digits = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            (is_plain && text.len() <= LONGEST_TIMESTAMP).then(|| text.to_owned())
        };
        Self {
            request_id: headers
                .get("x-request-id")
                .and_then(|id| id.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            received_at: format!("{received_at:.3}"),
            path: refused.path,
            refused_because: refused.error.to_string(),
            cause: found.cause(),
            findings: found
                .findings()
                .iter()
                .map(|finding| FindingRecord {
                    cause: finding.label(),
                    text: finding.to_string(),
                })
                .collect(),
            hint: found.hint(),
            secret: found.secret().map(ToString::to_string),
            headers: HEADER_NAMES
                .into_iter()
                .filter(|name| headers.contains_key(*name))
                .collect(),
            signature_bytes: value(signature, old_signature).map(http::HeaderValue::len),
            timestamp: value(time, old_time)
                .and_then(|value| value.to_str().ok())
                .and_then(digits),
            body_bytes: refused.body.len(),
            body_sha256: hex::encode(Sha256::digest(&refused.body)),
        }
    }
}
