//! Who may call: bearer tokens, kept as hashes.
//!
//! Health checks need no token, so that probes hold no secret. It knows no scopes.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Request, is_health_check};
use crate::error::Error;

/// The callers that are known: a name and the SHA-256 of a token each.
#[derive(Debug, Clone)]
pub struct Keys(Arc<Vec<(String, [u8; 32])>>);

impl Keys {
    /// Reads `name:sha256-of-the-token-in-hex`, comma-separated.
    ///
    /// # Errors
    /// A sentence that says which part is wrong; it never holds the hash.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        for (index, part) in text.split(',').map(str::trim).enumerate() {
            let place = index + 1;
            let (name, hash) = part
                .split_once(':')
                .ok_or_else(|| format!("part {place} is not name:sha256"))?;
            let mut digest = [0; 32];
            hex::decode_to_slice(hash.trim(), &mut digest)
                .map_err(|_| format!("part {place} ({name}): the hash is not 64 hex digits"))?;
            if name.is_empty() {
                return Err(format!("part {place} has no name"));
            }
            keys.push((name.to_owned(), digest));
        }
        Ok(Self(Arc::new(keys)))
    }

    fn caller(&self, token: &[u8]) -> Option<&str> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        // Every key is compared, so that the time does not tell which one matched.
        let mut found = None;
        for (name, known) in self.0.iter() {
            if bool::from(known.ct_eq(&digest)) {
                found = Some(name.as_str());
            }
        }
        found
    }
}

/// Refuses calls without a known token.
pub(crate) fn check(keys: Option<&Keys>, request: &Request) -> Result<(), Error> {
    let Some(keys) = keys else {
        return Ok(());
    };
    if is_health_check(request) {
        return Ok(());
    }
    let caller = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .and_then(|token| keys.caller(token))
        .ok_or(Error::Unauthenticated)?;
    tracing::debug!(caller, "authenticated");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(token: &str) -> String {
        hex::encode(Sha256::digest(token))
    }

    #[test]
    fn a_caller_is_known_by_the_hash_of_the_token() {
        let keys = Keys::parse(&format!("edge:{}, crm:{}", hash("a"), hash("b"))).unwrap();
        assert_eq!(keys.caller(b"b"), Some("crm"));
        assert_eq!(keys.caller(b"c"), None);
    }

    #[test]
    fn a_malformed_list_is_refused_without_showing_it() {
        for text in ["edge", "edge:abc", ":", &format!(":{}", hash("a"))] {
            let problem = Keys::parse(text).unwrap_err();
            assert!(problem.starts_with("part 1"), "{problem}");
        }
    }
}
