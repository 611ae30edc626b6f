//! A signature header, read with goodwill: the digest in it, and how it is written.

use base64::Engine as _;
use base64::engine::general_purpose::{
    GeneralPurpose, STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD,
};

use crate::finding::Finding;

/// What is written before a digest by other vendors' rules, in small letters.
const PREFIXES: [&str; 9] = [
    "sha256=",
    "sha-256=",
    "sha256:",
    "hmac-sha256=",
    "v1=",
    "v1,",
    "v0=",
    "0x",
    "sha1=",
];
const BASE64: [&GeneralPurpose; 4] = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];

/// A digest of 32 bytes where there is one, and what is wrong with its writing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) bytes: Option<[u8; 32]>,
    pub(crate) findings: Vec<Finding>,
}

impl Digest {
    pub(crate) fn read(value: &[u8]) -> Self {
        let mut findings = Vec::new();
        let nothing = || vec![Finding::NotADigest { bytes: value.len() }];
        let Ok(text) = std::str::from_utf8(value) else {
            return Self {
                bytes: None,
                findings: nothing(),
            };
        };
        let bare = text.trim().trim_matches(['"', '\'']).trim();
        if bare != text {
            findings.push(Finding::Padded);
        }
        let digest = without_prefix(bare);
        if digest != bare {
            findings.push(Finding::Prefix);
        }
        let (bytes, how) = decode(digest);
        findings.extend(how);
        match (
            <[u8; 32]>::try_from(bytes.as_slice()),
            algorithm(bytes.len()),
        ) {
            (Ok(bytes), _) => Self {
                bytes: Some(bytes),
                findings,
            },
            (Err(_), Some(algorithm)) => Self {
                bytes: None,
                findings: vec![Finding::OtherAlgorithm(algorithm)],
            },
            (Err(_), None) => Self {
                bytes: None,
                findings: nothing(),
            },
        }
    }
}

/// Without `sha256=` and the like; of Stripe's `t=..,v1=..` the part after `v1=`.
fn without_prefix(text: &str) -> &str {
    if text.starts_with("t=") {
        let signature = text
            .split(',')
            .find_map(|part| part.trim().strip_prefix("v1="));
        return signature.unwrap_or(text);
    }
    let is_there = |prefix: &&&str| {
        text.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let others = ["sha512=", "sha384="];
    match PREFIXES.iter().chain(&others).find(is_there) {
        Some(prefix) => &text[prefix.len()..],
        None => text,
    }
}

/// The bytes that the text stands for; none when it stands for none.
fn decode(text: &str) -> (Vec<u8>, Option<Finding>) {
    if let Ok(bytes) = hex::decode(text) {
        let has_capitals = text.bytes().any(|byte| byte.is_ascii_uppercase());
        return (bytes, has_capitals.then_some(Finding::UpperCase));
    }
    let decoded = BASE64
        .iter()
        .find_map(|alphabet| alphabet.decode(text).ok());
    let Some(bytes) = decoded else {
        return (Vec::new(), None);
    };
    // The hex text in base64, which is what some tools print.
    if let (64, Ok(inner)) = (bytes.len(), hex::decode(&bytes)) {
        return (inner, Some(Finding::Base64));
    }
    (bytes, Some(Finding::Base64))
}

fn algorithm(bytes: usize) -> Option<&'static str> {
    match bytes {
        16 => Some("MD5"),
        20 => Some("SHA-1"),
        28 => Some("SHA-224"),
        48 => Some("SHA-384"),
        64 => Some("SHA-512"),
        _ => None,
    }
}
