//! Settings of the console.

use secrecy::{ExposeSecret as _, SecretString};
use service_kit::env::Settings;
use url::Url;

/// What can be guessed is no token.
const SHORTEST_TOKEN: usize = 16;

/// How the console is opened, and what else it looks at.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// What people sign in with.
    pub token: SecretString,
    /// The edge's admin port, which knows how old its queue is.
    pub edge: Option<Url>,
}

impl ConsoleConfig {
    /// `None` without a token: the console is off.
    pub(super) fn load(settings: &mut Settings<'_>) -> Option<Self> {
        let token = settings.secret("COMMUNITY_SVC_CONSOLE_TOKEN");
        let edge: Option<Url> = settings.optional("COMMUNITY_SVC_CONSOLE_EDGE_URL");
        if let Some(url) = &edge
            && (url.scheme() != "http" || url.host_str().is_none())
        {
            settings.reject(
                "COMMUNITY_SVC_CONSOLE_EDGE_URL: use the address of the edge's admin port, such as \
                 http://127.0.0.1:9465",
            );
        }
        let Some(token) = token else {
            if edge.is_some() {
                settings.reject(
                    "COMMUNITY_SVC_CONSOLE_EDGE_URL: set COMMUNITY_SVC_CONSOLE_TOKEN with it, \
                     nothing else looks at the edge",
                );
            }
            return None;
        };
        if token.expose_secret().chars().count() < SHORTEST_TOKEN {
            settings.reject(format!(
                "COMMUNITY_SVC_CONSOLE_TOKEN: use at least {SHORTEST_TOKEN} characters, such as \
                 `openssl rand -hex 32` makes them"
            ));
        }
        Some(Self { token, edge })
    }
}
