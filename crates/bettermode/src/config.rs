//! What a client needs to know before its first call.

use std::{fmt, time::Duration};

use secrecy::SecretString;
use url::Url;

use crate::{Error, NetworkId, Transport};

/// The API's address for communities in the US region, from the vendor's page on
/// app authentication. Communities in the EU region have another.
pub const DEFAULT_API_URL: &str = "https://api.bettermode.com";

/// The settings of a [`Client`](crate::Client).
#[derive(Clone, Debug)]
pub struct Config {
    /// Where GraphQL documents are posted.
    pub api_url: Url,
    /// The community. Required with [`Credentials::App`], unused otherwise.
    pub network_id: Option<NetworkId>,
    /// How to authenticate.
    pub credentials: Credentials,
    /// Which operations to use.
    pub generation: GenerationChoice,
    /// How long one attempt may take, from connecting to the last byte.
    pub timeout: Duration,
    /// How often a read is repeated after a failure that may pass. Mutations
    /// never are.
    pub max_retries: u32,
    /// The largest answer that is read, in bytes.
    pub max_response_bytes: usize,
}

impl Config {
    /// HTTPS with the time-out and the limit of these settings.
    ///
    /// # Errors
    /// [`Error::Transport`] when TLS cannot be set up.
    pub fn https(&self) -> Result<Transport, Error> {
        let options = vendor_transport::Options {
            user_agent: concat!("bettermode-rs/", env!("CARGO_PKG_VERSION")),
            timeout: self.timeout,
            max_response_bytes: self.max_response_bytes,
        };
        Transport::https(options).map_err(|error| Error::Transport {
            operation: "client set-up",
            detail: error.to_string(),
        })
    }

    /// The defaults: the US region, 10 s per attempt, two repeats, 4 MiB.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            api_url: default_api_url(),
            network_id: None,
            credentials,
            generation: GenerationChoice::Auto,
            timeout: Duration::from_secs(10),
            max_retries: 2,
            max_response_bytes: 4 << 20,
        }
    }
}

/// How to authenticate.
#[derive(Clone)]
pub enum Credentials {
    /// A token made elsewhere. It cannot be renewed, and cannot act for members.
    StaticToken(SecretString),
    /// An app's id and secret, exchanged for short-lived tokens.
    App {
        /// The app's client id.
        client_id: String,
        /// The app's client secret; not the secret that signs webhooks.
        client_secret: SecretString,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StaticToken(_) => "StaticToken(redacted)",
            Self::App { .. } => "App(redacted)",
        })
    }
}

/// Which of the vendor's schema generations to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GenerationChoice {
    /// Ask the network by introspection, once.
    #[default]
    Auto,
    /// Only what the published schema has.
    Published,
    /// Everything that newer networks have.
    Newer,
}

#[expect(clippy::expect_used, reason = "a constant that a test parses")]
fn default_api_url() -> Url {
    Url::parse(DEFAULT_API_URL).expect("the default address is a URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_name_the_vendors_host_and_hide_the_secret() {
        let config = Config::new(Credentials::StaticToken("s3cret".into()));
        assert_eq!(config.api_url.as_str(), "https://api.bettermode.com/");
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
