//! The options of the program; each can come from the environment too.

use std::net::SocketAddr;

use clap::Parser;
use fake_circle::{AuthScheme, DEFAULT_TOKEN, FakeConfig, Limits};
use fake_kit::program::LogFormat;

/// A stand-in for Circle's Admin API v2: state, quotas, oddities, faults.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "FAKE_CIRCLE_LISTEN", default_value = "127.0.0.1:4001")]
    pub(crate) listen: SocketAddr,
    /// Seeds every choice of the community
    #[arg(long, env = "FAKE_CIRCLE_SEED", default_value_t = 1)]
    seed: u64,
    /// How many members, every twentieth of them never confirmed
    #[arg(long, env = "FAKE_CIRCLE_MEMBERS", default_value_t = 60)]
    members: usize,
    /// How many posts
    #[arg(long, env = "FAKE_CIRCLE_POSTS", default_value_t = 40)]
    posts: usize,
    /// The community's id
    #[arg(long, env = "FAKE_CIRCLE_COMMUNITY_ID", default_value_t = 77)]
    community_id: u64,
    /// The token that is taken
    #[arg(long, env = "FAKE_CIRCLE_TOKEN", default_value = DEFAULT_TOKEN, hide_env_values = true)]
    token: String,
    /// The word before the token: both, bearer or token
    #[arg(long, env = "FAKE_CIRCLE_AUTH_SCHEME", default_value = "both")]
    auth_scheme: AuthScheme,
    /// Requests allowed in five minutes
    #[arg(long, env = "FAKE_CIRCLE_WINDOW_REQUESTS", default_value_t = Limits::default().window_requests)]
    window_requests: u64,
    /// Requests allowed in the month
    #[arg(long, env = "FAKE_CIRCLE_MONTH_REQUESTS", default_value_t = Limits::default().month_requests)]
    month_requests: u64,
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
            seed: self.seed,
            members: self.members,
            posts: self.posts,
            community_id: self.community_id,
            token: self.token.clone(),
            auth_scheme: self.auth_scheme,
            limits: Limits {
                window_requests: self.window_requests,
                month_requests: self.month_requests,
            },
            ..FakeConfig::default()
        }
    }
}
