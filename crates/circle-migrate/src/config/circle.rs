//! Circle: where it is, who we are, what may be spent.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use service_kit::env::Settings;
use url::Url;

use super::load_url;
use crate::Error;

/// Circle's own address, from its API documentation.
const DEFAULT_URL: &str = "https://app.circle.so";
const DEFAULT_DEADLINE_MINUTES: u64 = 24 * 60;

/// The word before the token. Circle's own pages disagree: its quick start says Bearer,
/// its machine-readable description says Token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthScheme {
    /// `Authorization: Bearer ..`
    #[default]
    Bearer,
    /// `Authorization: Token ..`
    Token,
}

impl FromStr for AuthScheme {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "bearer" => Ok(Self::Bearer),
            "token" => Ok(Self::Token),
            _ => Err("use bearer or token"),
        }
    }
}

impl fmt::Display for AuthScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer => "bearer",
            Self::Token => "token",
        })
    }
}

/// The source.
#[derive(Debug, Clone)]
pub struct CircleConfig {
    /// Where the API is.
    pub api_url: Option<Url>,
    /// The token of an Admin API v2.
    pub token: Option<SecretString>,
    /// How the token is sent.
    pub auth_scheme: AuthScheme,
    /// The community that the token must be of, by id or slug; any when absent.
    pub community: Option<String>,
    /// Requests that this run may spend; no limit when absent.
    pub max_requests: Option<u64>,
    /// How long a run may talk to Circle.
    pub deadline: Duration,
}

impl CircleConfig {
    pub(super) fn load(settings: &mut Settings<'_>) -> Self {
        Self {
            api_url: load_url(settings, "CIRCLE_API_URL", DEFAULT_URL),
            token: settings.secret("CIRCLE_API_TOKEN"),
            auth_scheme: settings.parsed("CIRCLE_AUTH_SCHEME", AuthScheme::default()),
            community: settings.optional("CIRCLE_COMMUNITY_ID"),
            max_requests: settings.optional("CIRCLE_MIGRATE_MAX_REQUESTS"),
            deadline: Duration::from_secs(
                60 * settings.parsed("CIRCLE_MIGRATE_DEADLINE_MINUTES", DEFAULT_DEADLINE_MINUTES),
            ),
        }
    }

    /// The token, for a command that talks to Circle.
    ///
    /// # Errors
    /// [`Error::MissingSetting`] without one.
    pub fn token(&self, command: &'static str) -> Result<&SecretString, Error> {
        self.token.as_ref().ok_or(Error::MissingSetting {
            command,
            setting: "CIRCLE_API_TOKEN",
            hint: "make a token of type Admin V2 under Developers, Tokens in Circle",
        })
    }
}
