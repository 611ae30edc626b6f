//! Circle's webhooks: a secret in a header, because Circle signs nothing.
//!
//! It says that the sender knows the secret, not that the body is as it was sent: the
//! address must be HTTPS, and it is for the time of a move alone.

use http::HeaderValue;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Delivery, EmptySecret, Error, Match, Signed, Unverified, Verified, only};

/// The header that holds the secret.
pub const SECRET_HEADER: &str = "x-webhook-secret";

/// The secrets that are taken: one, or several while they are being changed. Only their
/// digests are kept, which are all of one length. It has no `Debug`.
#[derive(Clone)]
pub struct SharedSecrets(Vec<[u8; 32]>);

impl SharedSecrets {
    /// Reads secrets separated by commas; space around one does not count.
    ///
    /// # Errors
    /// [`EmptySecret`] when there is nothing before, between or after a comma.
    pub fn parse(secrets: &SecretString) -> Result<Self, EmptySecret> {
        let digest = |secret: &str| match secret.trim() {
            "" => Err(EmptySecret),
            secret => Ok(Sha256::digest(secret.as_bytes()).into()),
        };
        let secrets = secrets.expose_secret().split(',').map(digest);
        secrets.collect::<Result<_, _>>().map(Self)
    }

    /// The place of the secret that is shown, from 1. Compares with every secret, also after one has matched, so that the time taken
    /// tells neither whether nor which.
    fn know(&self, given: &HeaderValue) -> Option<u32> {
        let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        let mut matched = Match::default();
        for known in &self.0 {
            matched.look_at(known.ct_eq(&given));
        }
        matched.place()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

impl Delivery<Unverified> {
    /// Checks the secret in the header.
    ///
    /// # Errors
    /// [`Error`] with the precise cause, for the log.
    pub fn verify_secret(
        self,
        secrets: &SharedSecrets,
        now: Timestamp,
    ) -> Result<Delivery<Verified>, Error> {
        let given = only(&self.state.headers, SECRET_HEADER)?;
        let secret = secrets.know(given).ok_or(Error::WrongSecret)?;
        let signed = Signed {
            secret,
            at_ms: None,
        };
        Ok(self.accepted(now, Some(signed)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn verdict(secrets: &str, headers: &[&'static str]) -> Result<(), Error> {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(SECRET_HEADER, HeaderValue::from_static(value));
        }
        let secrets = SharedSecrets::parse(&secrets.into()).unwrap();
        let delivery = Delivery::new("/webhooks/circleso/event", map, Bytes::new());
        delivery
            .verify_secret(&secrets, Timestamp::UNIX_EPOCH)
            .map(|_| ())
    }

    #[test]
    fn each_of_the_secrets_is_taken_and_nothing_else() {
        for right in ["old-secret", "new-secret"] {
            assert_eq!(verdict("old-secret, new-secret", &[right]), Ok(()));
        }
        for wrong in ["", "old", "old-secret, new-secret", "Old-Secret"] {
            let verdict = verdict("old-secret,new-secret", &[wrong]);
            assert_eq!(verdict, Err(Error::WrongSecret), "{wrong}");
        }
    }

    #[test]
    fn a_header_that_is_missing_or_there_twice_is_refused() {
        assert_eq!(verdict("s", &[]), Err(Error::Missing(SECRET_HEADER)));
        let twice = verdict("s", &["s", "s"]);
        assert_eq!(twice, Err(Error::Repeated(SECRET_HEADER)));
    }

    #[test]
    fn an_empty_secret_is_no_secret() {
        for secrets in ["", " ", "a,,b", "a,"] {
            assert!(SharedSecrets::parse(&secrets.into()).is_err(), "{secrets}");
        }
    }
}
