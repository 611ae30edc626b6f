//! The secrets that may have signed, and how they are misspelt.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::finding::Finding;
use crate::scheme;

/// What some vendors begin a signing secret with, before its base64.
const WHSEC: &str = "whsec_";

/// A secret's name: 8 hex digits of a digest that the secret keys. It tells secrets apart. Who
/// guesses a secret can check the guess by it, as by any signature; nobody reads one out of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The name of this secret.
    #[must_use]
    pub fn of(secret: &SecretString) -> Self {
        let tag = scheme::mac(
            secret.expose_secret().as_bytes(),
            &[b"fingerprint of a signing secret"],
        );
        Self(hex::encode(&tag[..4]))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A list of secrets with an empty one in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one of the comma-separated secrets is empty")]
pub struct EmptySecret;

/// The signing secrets of now and of before. No `Debug`: it would show them.
#[derive(Clone)]
pub struct Secrets {
    known: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    secret: SecretString,
    fingerprint: Fingerprint,
    is_retired: bool,
}

/// Bytes that may have been the key, and what that would mean.
pub(crate) struct Key {
    pub(crate) bytes: SecretSlice<u8>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) findings: Vec<Finding>,
}

impl Secrets {
    /// Reads comma-separated secrets; space around one does not count.
    ///
    /// # Errors
    /// [`EmptySecret`] when there is nothing before, between or after a comma.
    pub fn parse(
        current: &SecretString,
        retired: Option<&SecretString>,
    ) -> Result<Self, EmptySecret> {
        let mut known = split(current, false)?;
        if let Some(retired) = retired {
            known.extend(split(retired, true)?);
        }
        Ok(Self { known })
    }

    /// The names of the secrets in use, and of the retired ones.
    #[must_use]
    pub fn fingerprints(&self) -> (Vec<&Fingerprint>, Vec<&Fingerprint>) {
        let of = |retired| {
            let those = self
                .known
                .iter()
                .filter(move |one| one.is_retired == retired);
            those.map(|one| &one.fingerprint).collect()
        };
        (of(false), of(true))
    }

    /// Every key to try, fewest deviations first: the secrets themselves, the retired ones,
    /// then each in the ways in which it can be misread.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for one in &self.known {
            let own = one.secret.expose_secret();
            keys.push(one.key(own.as_bytes().to_vec(), None));
            for (bytes, how) in misspelt(own) {
                keys.push(one.key(bytes, Some(Finding::SecretSpelling(how))));
            }
            for (bytes, how) in decoded(own) {
                keys.push(one.key(bytes, Some(Finding::SecretDecoded(how))));
            }
        }
        keys.extend(self.undivided());
        // Of equally many deviations a retired secret is the likeliest.
        keys.sort_by_key(|key| {
            let is_retired = matches!(key.findings.first(), Some(Finding::RetiredSecret(_)));
            (key.findings.len(), !is_retired)
        });
        keys
    }

    /// A secret with a comma in it is read as two.
    fn undivided(&self) -> Option<Key> {
        let current: Vec<&str> = self
            .known
            .iter()
            .filter(|one| !one.is_retired)
            .map(|one| one.secret.expose_secret())
            .collect();
        let whole = SecretString::from(current.join(","));
        (current.len() > 1).then(|| Key {
            bytes: SecretSlice::from(whole.expose_secret().as_bytes().to_vec()),
            fingerprint: Fingerprint::of(&whole),
            findings: vec![Finding::SecretSpelling(
                "the whole list, comma and all, as one secret",
            )],
        })
    }
}

impl Known {
    fn key(&self, bytes: Vec<u8>, how: Option<Finding>) -> Key {
        let retired = self
            .is_retired
            .then(|| Finding::RetiredSecret(self.fingerprint.clone()));
        Key {
            bytes: SecretSlice::from(bytes),
            fingerprint: self.fingerprint.clone(),
            findings: retired.into_iter().chain(how).collect(),
        }
    }
}

fn split(secrets: &SecretString, is_retired: bool) -> Result<Vec<Known>, EmptySecret> {
    let one = |text: &str| {
        let secret = SecretString::from(text);
        let fingerprint = Fingerprint::of(&secret);
        (!text.is_empty())
            .then_some(Known {
                secret,
                fingerprint,
                is_retired,
            })
            .ok_or(EmptySecret)
    };
    secrets
        .expose_secret()
        .split(',')
        .map(str::trim)
        .map(one)
        .collect()
}

fn misspelt(secret: &str) -> Vec<(Vec<u8>, &'static str)> {
    let mut spellings = vec![
        (format!("{secret}\n"), "with a line break after it"),
        (format!("{secret}\r\n"), "with a line break after it"),
        (format!("{secret} "), "with a space after it"),
        (format!(" {secret}"), "with a space before it"),
        (format!("\"{secret}\""), "with quotes around it"),
        (format!("'{secret}'"), "with quotes around it"),
    ];
    for quote in ['"', '\''] {
        let inner = secret
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner.filter(|inner| !inner.is_empty()) {
            spellings.push((
                inner.to_owned(),
                "without the quotes that are around it here",
            ));
        }
    }
    for changed in [secret.to_lowercase(), secret.to_uppercase()] {
        if changed != secret {
            spellings.push((changed, "in other capitals"));
        }
    }
    let bytes = |(text, how): (String, _)| (text.into_bytes(), how);
    spellings.into_iter().map(bytes).collect()
}

fn decoded(secret: &str) -> Vec<(Vec<u8>, &'static str)> {
    let mut keys = Vec::new();
    let bare = secret.strip_prefix(WHSEC);
    if let Some(bare) = bare.filter(|bare| !bare.is_empty()) {
        keys.push((bare.as_bytes().to_vec(), "without its beginning whsec_"));
    }
    let bare = bare.unwrap_or(secret);
    if let Ok(bytes) = hex::decode(bare) {
        keys.push((bytes, "decoded from hex"));
    }
    let base64 = STANDARD
        .decode(bare)
        .or_else(|_| STANDARD_NO_PAD.decode(bare));
    if let Ok(bytes) = base64 {
        keys.push((bytes, "decoded from base64"));
    }
    keys.retain(|(bytes, _)| !bytes.is_empty());
    keys
}
