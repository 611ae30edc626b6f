//! Who may call: names with scopes, each known by a token or by a certificate.
//!
//! Tokens are kept as SHA-256 digests. One name may have several tokens, so that a new
//! one is in use before the old one goes. Nothing here shows a token or its digest.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

mod current;
mod file;
mod scopes;

pub(crate) use current::{answering, current_name};
pub use file::Watched;
pub use scopes::{Scope, Scopes};

/// What an entry for a certificate begins its second part with.
const CERTIFICATE: &str = "san=";

/// Somebody who is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name, for logs and limits.
    pub name: String,
    /// What they may do.
    pub scopes: Scopes,
}

/// Everybody who is known.
#[derive(Clone)]
pub struct Callers {
    tokens: Vec<([u8; 32], Arc<Caller>)>,
    certificates: HashMap<String, Arc<Caller>>,
}

impl std::fmt::Debug for Callers {
    /// Without the digests.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callers")
            .field("tokens", &self.tokens.len())
            .field("certificates", &self.certificates)
            .finish()
    }
}

impl Callers {
    /// Reads entries, one a line or comma-separated; lines that begin with `#` are
    /// comments. An entry is `name:sha256-of-the-token-in-hex:scopes`, or
    /// `name:san=name-in-the-certificate:scopes` (a DNS name or a URI).
    ///
    /// # Errors
    /// A sentence that says which entry is wrong; it never holds a hash.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut callers = Self {
            tokens: Vec::new(),
            certificates: HashMap::new(),
        };
        let lines = text.lines().filter(|line| !line.trim().starts_with('#'));
        let entries = lines.flat_map(|line| line.split(',')).map(str::trim);
        for (index, entry) in entries.filter(|entry| !entry.is_empty()).enumerate() {
            callers
                .add(entry)
                .map_err(|problem| format!("entry {}: {problem}", index + 1))?;
        }
        if callers.tokens.is_empty() && callers.certificates.is_empty() {
            return Err("it names nobody".to_owned());
        }
        Ok(callers)
    }

    fn add(&mut self, entry: &str) -> Result<(), String> {
        let form = "it is not name:sha256:scopes or name:san=certificate-name:scopes";
        let (name, rest) = entry.split_once(':').ok_or(form)?;
        // The name in a certificate can be a URI, with colons of its own.
        let (credential, scopes) = rest.rsplit_once(':').ok_or(form)?;
        let (name, credential) = (name.trim(), credential.trim());
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it has no name of visible ASCII characters".to_owned());
        }
        let about = |problem: &str| format!("{name}: {problem}");
        let caller = Arc::new(Caller {
            name: name.to_owned(),
            scopes: scopes
                .trim()
                .parse()
                .map_err(|error: String| about(&error))?,
        });
        if let Some(in_certificate) = credential.strip_prefix(CERTIFICATE) {
            if in_certificate.is_empty() {
                return Err(about("the name in the certificate is missing"));
            }
            let known = self.certificates.insert(canonical(in_certificate), caller);
            return match known {
                Some(_) => Err(about("another entry has the same certificate name")),
                None => Ok(()),
            };
        }
        let mut digest = [0; 32];
        hex::decode_to_slice(credential, &mut digest)
            .map_err(|_| about("the hash is not 64 hex digits"))?;
        if self.tokens.iter().any(|(known, _)| *known == digest) {
            return Err(about("another entry has the same token"));
        }
        self.tokens.push((digest, caller));
        Ok(())
    }

    /// Who has this token.
    #[must_use]
    pub fn by_token(&self, token: &[u8]) -> Option<&Arc<Caller>> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        // Every token is compared, so that the time does not tell which one matched.
        let mut found = None;
        for (known, caller) in &self.tokens {
            if bool::from(known.ct_eq(&digest)) {
                found = Some(caller);
            }
        }
        found
    }

    /// Who has a certificate with one of these names: the first that is known.
    #[must_use]
    pub fn by_certificate(&self, names: &[String]) -> Option<&Arc<Caller>> {
        names.iter().find_map(|name| self.certificates.get(name))
    }

    /// Whether somebody is known by a certificate.
    #[must_use]
    pub fn know_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    /// How many entries there are.
    fn len(&self) -> usize {
        self.tokens.len() + self.certificates.len()
    }
}

/// Who is known now; cheap to clone, and all clones learn of a change.
#[derive(Debug, Clone)]
pub struct Register(Arc<RwLock<Arc<Callers>>>);

impl Register {
    /// These, until others replace them.
    #[must_use]
    pub fn new(callers: Callers) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(callers))))
    }

    /// Who is known at this moment.
    #[must_use]
    pub fn now(&self) -> Arc<Callers> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, callers: Callers) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(callers);
    }
}

/// Host names are the same in any case; of a URI only its owner knows.
fn canonical(name: &str) -> String {
    if name.contains(':') {
        name.to_owned()
    } else {
        name.to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests;
