//! What a client needs to know before its first call.

use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

/// Where Notion's API is.
pub const DEFAULT_API_URL: &str = "https://api.notion.com";
/// The version of the API that is spoken: the first with data sources, and the default of the
/// official client 5.x.
pub const VERSION: &str = "2025-09-03";

/// The settings of a [`Client`](crate::Client).
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API is, without `/v1`.
    pub api_url: Url,
    /// The integration's secret.
    pub token: SecretString,
    /// How many requests may begin in a second. Notion allows three on average.
    pub requests_per_second: f64,
    /// How long one attempt may take. Notion itself gives up after about 60 s.
    pub timeout: Duration,
    /// How often one call is tried, throttled tries not counted.
    pub attempts: u32,
    /// How long one call may wait for Notion's own pauses in all.
    pub patience: Duration,
    /// The largest answer that is read, in bytes.
    pub max_response_bytes: usize,
}

/// Why no client can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The token would cross the network in the clear.
    #[error("use an https address; http is for this machine only")]
    NotEncrypted,
    /// No sensible pace.
    #[error("use more than 0 and at most 100000 requests a second")]
    Pace,
    /// The token cannot be a header.
    #[error("the token holds characters that no header can carry")]
    Token,
}

impl Config {
    /// The defaults: Notion's own address, 2.5 requests a second, 60 s for an attempt, 6
    /// attempts, an hour of patience, 16 MiB.
    #[must_use]
    pub fn new(token: SecretString) -> Self {
        Self {
            api_url: default_api_url(),
            token,
            requests_per_second: 2.5,
            timeout: Duration::from_secs(60),
            attempts: 6,
            patience: Duration::from_secs(3_600),
            max_response_bytes: 16 << 20,
        }
    }

    /// What is wrong with it.
    ///
    /// # Errors
    /// [`ConfigError`], which says what to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        let local = match self.api_url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match self.api_url.scheme() {
            "https" => {}
            "http" if local => {}
            _ => return Err(ConfigError::NotEncrypted),
        }
        let pace = self.requests_per_second;
        if !pace.is_finite() || pace <= 0.0 || pace > 100_000.0 {
            return Err(ConfigError::Pace);
        }
        Ok(())
    }
}

#[expect(clippy::expect_used, reason = "a constant that a test parses")]
fn default_api_url() -> Url {
    Url::parse(DEFAULT_API_URL).expect("the default address is a URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Config {
        Config {
            api_url: Url::parse(url).unwrap(),
            ..Config::new("ntn_secret".into())
        }
    }

    #[test]
    fn a_token_travels_encrypted_or_not_at_all() {
        for url in [
            "https://api.notion.com",
            "http://127.0.0.1:1",
            "http://[::1]:1",
        ] {
            assert_eq!(at(url).check(), Ok(()), "{url}");
        }
        for url in [
            "http://api.notion.com",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(at(url).check(), Err(ConfigError::NotEncrypted), "{url}");
        }
    }

    #[test]
    fn the_token_does_not_print_itself() {
        assert!(!format!("{:?}", at(DEFAULT_API_URL)).contains("ntn_secret"));
    }
}
