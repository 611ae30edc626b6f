//! Every setting of the edge: its name, default and rule.
//!
//! Read once at the start; nothing else reads the environment. What does not add up
//! is an error here rather than a surprise later, above all an edge that would take
//! webhooks from anybody.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use service_kit::env::{Env, Invalid, Resolved, Settings};
use service_kit::telemetry::{LogFormat, LogLevel};
use signature_doctor::Secrets;
use url::Url;

use crate::backend::Access;
use crate::payload::ids::NetworkId;
use crate::routes::Intake;
use crate::signature::{SharedSecrets, Window};

mod acknowledge;
mod circle;
mod connections;
mod intake;

pub use acknowledge::{Acknowledge, QueueConfig};
pub use connections::Connections;

/// Prefixes of our settings: what starts with one and is not known is misspelt.
const PREFIXES: &[&str] = &[
    "BETTERMODE_",
    "COMMUNITY_SVC_",
    "INTEGRATION_ENABLE_",
    "WEBHOOK_",
];

/// Shorter secrets can be guessed; BetterMode's own are longer.
const SHORT_SECRET_BYTES: usize = 8;

/// Settings of the programs that share our environment.
const OF_OTHERS: &[&str] = &[
    "BETTERMODE_API_GENERATION",
    "BETTERMODE_API_TOKEN",
    "BETTERMODE_API_URL",
    "BETTERMODE_CLIENT_ID",
    "BETTERMODE_CLIENT_SECRET",
    "BETTERMODE_RATE_LIMIT_COMPLEXITY",
    "BETTERMODE_RATE_LIMIT_REQUESTS",
    "BETTERMODE_TIMEOUT_SECONDS",
    "COMMUNITY_SVC_ACTIVITY_RETENTION_DAYS",
    "COMMUNITY_SVC_ADMIN_LISTEN",
    "COMMUNITY_SVC_AUTH",
    "COMMUNITY_SVC_CACHE_BYTES",
    "COMMUNITY_SVC_CALLER_CALLS_PER_SECOND",
    "COMMUNITY_SVC_CALLER_MAX_CONCURRENT_CALLS",
    "COMMUNITY_SVC_CONSOLE_EDGE_URL",
    "COMMUNITY_SVC_CONSOLE_TOKEN",
    "COMMUNITY_SVC_DRAIN_NOTICE_SECONDS",
    "COMMUNITY_SVC_DRAIN_SECONDS",
    "COMMUNITY_SVC_EVENT_RETENTION_DAYS",
    "COMMUNITY_SVC_LISTEN",
    "COMMUNITY_SVC_MAX_CONCURRENT_CALLS",
    "COMMUNITY_SVC_MAX_CONNECTIONS",
    "COMMUNITY_SVC_MAX_CONNECTIONS_PER_ADDRESS",
    "COMMUNITY_SVC_MAX_CONNECTION_AGE_SECONDS",
    "COMMUNITY_SVC_MAX_CONNECTION_GRACE_SECONDS",
    "COMMUNITY_SVC_MAX_STORE_CALLS",
    "COMMUNITY_SVC_MEMBER_MAX_AGE_SECONDS",
    "COMMUNITY_SVC_MEMBER_TTL_SECONDS",
    "COMMUNITY_SVC_NOT_FOUND_TTL_SECONDS",
    "COMMUNITY_SVC_PROJECTION_ATTEMPTS",
    "COMMUNITY_SVC_TLS_CERTIFICATE",
    "COMMUNITY_SVC_TLS_CLIENT_CA",
    "COMMUNITY_SVC_TLS_KEY",
];

/// The window that BetterMode's guide names (verifying webhooks).
const DEFAULT_TOLERANCE_SECONDS: u64 = 15 * 60;
/// A replay of yesterday's webhook is none of ours.
const LONGEST_TOLERANCE_SECONDS: u64 = 24 * 60 * 60;

/// The edge's settings.
#[derive(Clone)]
pub struct Config {
    /// The public port.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    pub admin_listen: SocketAddr,
    /// Which webhooks are taken; `None` takes none.
    pub intake: Option<Intake>,
    /// Who may bring Circle's webhooks; `None` takes none.
    pub circle: Option<SharedSecrets>,
    /// What signatures that do not hold are held against; `None` when none is checked.
    pub secrets: Option<Secrets>,
    /// What the admin port wants to be shown before it tells of webhooks.
    pub admin_token: Option<SecretString>,
    /// How far a signed timestamp may be from now.
    pub window: Window,
    /// The one network whose webhooks are taken; any when `None`.
    pub network: Option<NetworkId>,
    /// Where `community-svc` is.
    pub service_url: Url,
    /// Who the edge is towards it.
    pub service_access: Access,
    /// When a webhook is answered 200.
    pub acknowledge: Acknowledge,
    /// How strangers may connect.
    pub connections: Connections,
    /// Which log lines are written.
    pub log_level: LogLevel,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Where traces go; `None` makes none.
    pub traces: Option<trace_kit::Config>,
}

/// The settings and what is worth saying about them.
#[derive(Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Each value and where it came from, secrets redacted.
    pub resolved: Vec<Resolved>,
    /// What works, but is unlikely to be meant.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads all settings.
    ///
    /// # Errors
    /// [`Invalid`] with every mistake at once.
    pub fn load(env: &dyn Env) -> Result<Loaded, Invalid> {
        let mut settings = Settings::new(env);
        let mut warnings = Vec::new();
        let listen = settings.parsed("WEBHOOK_EDGE_LISTEN", loopback(8080));
        let admin_listen = settings.parsed("WEBHOOK_EDGE_ADMIN_LISTEN", loopback(9465));
        let (intake, secrets) = intake::load(&mut settings, listen, &mut warnings).unzip();
        let config = Self {
            listen,
            admin_listen,
            intake,
            secrets: secrets.flatten(),
            admin_token: settings.secret("WEBHOOK_EDGE_ADMIN_TOKEN"),
            circle: circle::load(&mut settings, &mut warnings),
            window: load_window(&mut settings, &mut warnings),
            network: settings
                .optional::<String>("BETTERMODE_NETWORK_ID")
                .map(NetworkId::new),
            service_url: load_service_url(&mut settings),
            service_access: load_access(&mut settings),
            acknowledge: Acknowledge::load(&mut settings),
            connections: Connections::load(&mut settings),
            log_level: settings.parsed("LOG_LEVEL", LogLevel::default()),
            log_format: settings.parsed("LOG_FORMAT", LogFormat::default()),
            traces: trace_kit::Config::load(&mut settings, "webhook-edge"),
        };
        if config.service_access.token.is_some() && !keeps_secrets(&config.service_url) {
            warnings.push(
                "COMMUNITY_SVC_TOKEN goes over the network unencrypted: use an https COMMUNITY_SVC_URL"
                    .to_owned(),
            );
        }
        let has_files =
            config.service_access.authority.is_some() || config.service_access.identity.is_some();
        if has_files && config.service_url.scheme() != "https" {
            settings.reject(
                "COMMUNITY_SVC_CA and COMMUNITY_SVC_CLIENT_CERTIFICATE: certificates are shown over \
                 TLS only, use an https COMMUNITY_SVC_URL",
            );
        }
        let unknown = settings.unknown(PREFIXES, OF_OTHERS);
        warnings.extend(
            unknown
                .iter()
                .map(|key| format!("unknown setting {key} is ignored; is it misspelt?")),
        );
        match settings.finish() {
            Ok(resolved) => Ok(Loaded {
                config,
                resolved,
                warnings,
            }),
            Err(invalid) => Err(invalid.with_unknown(&unknown)),
        }
    }
}

fn load_window(settings: &mut Settings<'_>, warnings: &mut Vec<String>) -> Window {
    const KEY: &str = "WEBHOOK_EDGE_TOLERANCE_SECONDS";
    let seconds = settings.parsed(KEY, DEFAULT_TOLERANCE_SECONDS);
    if !(1..=LONGEST_TOLERANCE_SECONDS).contains(&seconds) {
        settings.reject(format!(
            "{KEY}={seconds}: use 1 to {LONGEST_TOLERANCE_SECONDS}"
        ));
    } else if seconds > DEFAULT_TOLERANCE_SECONDS {
        warnings.push(format!(
            "{KEY}={seconds} is more than the {DEFAULT_TOLERANCE_SECONDS} that BetterMode recommends"
        ));
    }
    Window::new(Duration::from_secs(seconds))
}

fn load_service_url(settings: &mut Settings<'_>) -> Url {
    const KEY: &str = "COMMUNITY_SVC_URL";
    let url = settings.parsed(KEY, default_service_url());
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        settings.reject(format!("{KEY}: use http://host:port or https://host:port"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        settings.reject(format!("{KEY}: put the token in COMMUNITY_SVC_TOKEN"));
    }
    url
}

fn load_access(settings: &mut Settings<'_>) -> Access {
    let path = |text: Option<String>| text.map(PathBuf::from);
    let token = settings.secret("COMMUNITY_SVC_TOKEN");
    let authority = path(settings.optional("COMMUNITY_SVC_CA"));
    let certificate = path(settings.optional("COMMUNITY_SVC_CLIENT_CERTIFICATE"));
    let key = path(settings.optional("COMMUNITY_SVC_CLIENT_KEY"));
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            settings.reject(
                "COMMUNITY_SVC_CLIENT_CERTIFICATE and COMMUNITY_SVC_CLIENT_KEY go together: set both",
            );
            None
        }
    };
    Access {
        token,
        authority,
        identity,
    }
}

/// Whether nobody on the way can read what is sent there.
fn keeps_secrets(url: &Url) -> bool {
    let is_this_machine = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || is_this_machine
}

#[expect(clippy::expect_used, reason = "a constant, which a test reads")]
fn default_service_url() -> Url {
    "http://127.0.0.1:50051"
        .parse()
        .expect("the default address is a URL")
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[cfg(test)]
mod tests;
