//! The options of the program; each can come from the environment too.

use std::net::SocketAddr;

use clap::Parser;
use fake_kit::program::LogFormat;
use fake_notion::FakeConfig;

/// A stateful stand-in for Notion: data sources, pages, types, limits, faults.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "FAKE_NOTION_LISTEN", default_value = "127.0.0.1:4020")]
    pub(crate) listen: SocketAddr,
    /// The bearer token that requests must show
    #[arg(
        long,
        env = "FAKE_NOTION_TOKEN",
        default_value = "ntn_fake",
        hide_env_values = true
    )]
    token: String,
    /// Requests allowed in a minute; 0 for any number
    #[arg(long, env = "FAKE_NOTION_REQUESTS_PER_MINUTE", default_value_t = 180)]
    requests_per_minute: u64,
    /// Begin without the two databases of a community
    #[arg(long, env = "FAKE_NOTION_EMPTY")]
    empty: bool,
    /// text or json
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// trace, debug, info, warn or error, or targets with levels
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub(crate) log_level: String,
}

impl Options {
    /// The fake's configuration.
    pub(crate) fn config(&self) -> FakeConfig {
        FakeConfig {
            token: self.token.clone(),
            requests_per_minute: Some(self.requests_per_minute).filter(|most| *most > 0),
            seeded: !self.empty,
            ..FakeConfig::default()
        }
    }
}
