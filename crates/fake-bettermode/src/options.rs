//! The options of the program; each can come from the environment too.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use fake_bettermode::{FakeConfig, Generation, HeaderPair, Limits, WebhookConfig};
use fake_kit::program::LogFormat;
use url::Url;

/// A stateful stand-in for BetterMode: GraphQL, signed webhooks, faults.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "FAKE_BETTERMODE_LISTEN", default_value = "127.0.0.1:4000")]
    pub(crate) listen: SocketAddr,
    /// Which schema to speak: published or newer
    #[arg(long, env = "FAKE_BETTERMODE_GENERATION", default_value = "newer")]
    pub(crate) generation: Generation,
    /// Seeds every id and every choice of the world
    #[arg(long, env = "FAKE_BETTERMODE_SEED", default_value_t = 1)]
    seed: u64,
    /// So many more members than the usual sixty, for measurements
    #[arg(long, env = "FAKE_BETTERMODE_EXTRA_MEMBERS", default_value_t = 0)]
    extra_members: usize,
    /// The community's id; made from the seed when absent
    #[arg(long, env = "FAKE_BETTERMODE_NETWORK_ID")]
    network_id: Option<String>,
    /// The app's client id; made from the seed when absent
    #[arg(long, env = "FAKE_BETTERMODE_CLIENT_ID")]
    client_id: Option<String>,
    /// The app's client secret; made from the seed when absent
    #[arg(long, env = "FAKE_BETTERMODE_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// A token that is always accepted, with the rights of the app's bot
    #[arg(long, env = "BETTERMODE_API_TOKEN", hide_env_values = true)]
    api_token: Option<String>,
    /// How long tokens live, in seconds
    #[arg(long, env = "FAKE_BETTERMODE_TOKEN_SECONDS", default_value_t = 3600)]
    token_seconds: u64,
    /// Where webhooks go; nowhere when absent
    #[arg(long, env = "FAKE_BETTERMODE_WEBHOOK_URL")]
    webhook_url: Option<Url>,
    /// The signing secret of webhooks; `BETTERMODE_WEBHOOK_SECRET` counts when it is absent
    #[arg(long, env = "FAKE_BETTERMODE_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
    /// The signing secrets of the receiver, comma-separated: the first one is used
    #[arg(
        long,
        env = "BETTERMODE_WEBHOOK_SECRET",
        hide_env_values = true,
        hide = true
    )]
    receiver_secrets: Option<String>,
    /// Sign with the older X-Tribe-* headers
    #[arg(long, env = "FAKE_BETTERMODE_TRIBE_HEADERS")]
    tribe_headers: bool,
    /// Requests allowed in 10 seconds
    #[arg(long, env = "FAKE_BETTERMODE_BURST_REQUESTS", default_value_t = Limits::default().burst_requests)]
    burst_requests: u64,
    /// Complexity points allowed in 10 seconds
    #[arg(long, env = "FAKE_BETTERMODE_BURST_COMPLEXITY", default_value_t = Limits::default().burst_complexity)]
    burst_complexity: u64,
    /// Requests allowed in 24 hours
    #[arg(long, env = "FAKE_BETTERMODE_DAILY_REQUESTS", default_value_t = Limits::default().daily_requests)]
    daily_requests: u64,
    /// Complexity points allowed in 24 hours
    #[arg(long, env = "FAKE_BETTERMODE_DAILY_COMPLEXITY", default_value_t = Limits::default().daily_complexity)]
    daily_complexity: u64,
    /// Complexity points that one document may cost; unlimited when absent
    #[arg(long, env = "FAKE_BETTERMODE_MAX_COMPLEXITY")]
    max_complexity: Option<u64>,
    /// No limits at all
    #[arg(long, env = "FAKE_BETTERMODE_NO_LIMITS")]
    no_limits: bool,
    /// text or json
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// trace, debug, info, warn or error, or targets with levels
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub(crate) log_level: String,
    /// Print the ids and credentials of the world as JSON and end
    #[arg(long)]
    pub(crate) print_demo: bool,
}

/// A webhook URL without a secret to sign with.
#[derive(Debug, thiserror::Error)]
#[error("a webhook URL needs a signing secret; set FAKE_BETTERMODE_WEBHOOK_SECRET")]
pub(crate) struct NoSecret;

impl Options {
    /// The fake's configuration, once it is known where it listens.
    pub(crate) fn config(&self, addr: SocketAddr) -> Result<FakeConfig, NoSecret> {
        Ok(FakeConfig {
            generation: self.generation,
            seed: self.seed,
            extra_members: self.extra_members,
            network_id: self.network_id.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            static_token: self.api_token.clone().filter(|token| !token.is_empty()),
            token_lifetime: Duration::from_secs(self.token_seconds),
            limits: self.limits(),
            webhook: self.webhook()?,
            public_url: format!("http://{addr}"),
            ..FakeConfig::default()
        })
    }

    fn limits(&self) -> Limits {
        if self.no_limits {
            return Limits::unlimited();
        }
        Limits {
            burst_requests: self.burst_requests,
            burst_complexity: self.burst_complexity,
            daily_requests: self.daily_requests,
            daily_complexity: self.daily_complexity,
            per_document: self.max_complexity,
        }
    }

    fn webhook(&self) -> Result<Option<WebhookConfig>, NoSecret> {
        let Some(url) = &self.webhook_url else {
            return Ok(None);
        };
        let others = self.receiver_secrets.as_deref().unwrap_or_default();
        let first = others.split(',').next().unwrap_or_default().trim();
        let own = self.webhook_secret.as_deref().unwrap_or(first);
        if own.is_empty() {
            return Err(NoSecret);
        }
        let mut config = WebhookConfig::new(url.clone(), own);
        if self.tribe_headers {
            config.headers = HeaderPair::Tribe;
        }
        Ok(Some(config))
    }
}
