//! What a fake can be told before it starts.
//!
//! Everything has a value that makes a fake usable at once; nothing is read from
//! the environment here (the binary does that).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::limits::Limits;
use crate::webhook::WebhookConfig;
use fake_kit::time::{TimeSource, system_time};

/// Which of BetterMode's two schemas the fake speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Generation {
    /// The schema of the npm package `@tribeplatform/gql-client` 2.4.0, reduced.
    Published,
    /// What networks of December 2025 answer to introspection, reduced.
    #[default]
    Newer,
}

impl FromStr for Generation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "published" => Ok(Self::Published),
            "newer" => Ok(Self::Newer),
            _ => Err("use published or newer"),
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Published => "published",
            Self::Newer => "newer",
        })
    }
}

/// How a fake is set up. Two fakes with the same configuration and the same clock
/// hold the same world.
#[derive(Clone)]
pub struct FakeConfig {
    /// Which schema is spoken.
    pub generation: Generation,
    /// Seeds every id and every choice.
    pub seed: u64,
    /// So many more members, found by what names them and left out of the overview.
    pub extra_members: usize,
    /// The community's id; made from the seed when absent.
    pub network_id: Option<String>,
    /// The id of the one installed app; made from the seed when absent.
    pub client_id: Option<String>,
    /// That app's secret; made from the seed when absent.
    pub client_secret: Option<String>,
    /// A token that is always accepted, with the rights of the app's bot account.
    pub static_token: Option<String>,
    /// How long tokens live. The vendor states no lifetime; an hour is our choice.
    pub token_lifetime: Duration,
    /// The windows of requests and complexity.
    pub limits: Limits,
    /// Where changes are sent; nowhere when absent.
    pub webhook: Option<WebhookConfig>,
    /// The address clients use, for `gatewayUrl` and links.
    pub public_url: String,
    /// The clock.
    pub time: TimeSource,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            generation: Generation::default(),
            seed: 1,
            extra_members: 0,
            network_id: None,
            client_id: None,
            client_secret: None,
            static_token: None,
            token_lifetime: Duration::from_secs(3600),
            limits: Limits::default(),
            webhook: None,
            public_url: "http://127.0.0.1:4000".to_owned(),
            time: system_time(),
        }
    }
}

impl fmt::Debug for FakeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeConfig")
            .field("generation", &self.generation)
            .field("seed", &self.seed)
            .field("limits", &self.limits)
            .field("webhook", &self.webhook)
            .finish_non_exhaustive()
    }
}
