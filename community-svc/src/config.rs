//! Every setting of the service: its name, default and rule.
//!
//! Read once at the start; nothing else reads the environment. What does not add
//! up is an error here rather than a surprise later.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bettermode::{Credentials, GenerationChoice, NetworkId};
use secrecy::SecretString;
use service_kit::env::{Env, Invalid, Resolved, Settings};
use service_kit::telemetry::{LogFormat, LogLevel};
use url::Url;

use crate::rate_limit;

mod console;
mod door;
mod values;

pub use console::ConsoleConfig;
pub use door::{Auth, Door};

use values::Generation;

/// Prefixes of our settings: what starts with one and is not known is misspelt.
const PREFIXES: &[&str] = &["BETTERMODE_", "COMMUNITY_SVC_", "INTEGRATION_ENABLE_"];

/// Settings of the programs that share our environment.
const OF_OTHERS: &[&str] = &[
    "BETTERMODE_WEBHOOK_RETIRED_SECRETS",
    "BETTERMODE_WEBHOOK_SECRET",
    "COMMUNITY_SVC_CA",
    "COMMUNITY_SVC_CLIENT_CERTIFICATE",
    "COMMUNITY_SVC_CLIENT_KEY",
    "COMMUNITY_SVC_TOKEN",
    "COMMUNITY_SVC_URL",
    "INTEGRATION_ENABLE_CIRCLE",
];

/// Twice what a slow answer of BetterMode's takes.
const LEAST_NOT_FOUND_TTL: Duration = Duration::from_secs(10);

/// The service's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where gRPC is served, and to whom.
    pub door: Door,
    /// Where `/livez`, `/readyz`, `/metrics` and the console are served.
    pub admin_listen: SocketAddr,
    /// The console; `None` leaves it off.
    pub console: Option<ConsoleConfig>,
    /// Which log lines are written.
    pub log_level: LogLevel,
    /// How log lines look.
    pub log_format: LogFormat,
    /// BetterMode.
    pub bettermode: BetterMode,
    /// The cache.
    pub cache: CacheConfig,
    /// The event store.
    pub events: EventsConfig,
    /// Writes that callers named.
    pub writes: WritesConfig,
    /// Where traces go; `None` makes none.
    pub traces: Option<trace_kit::Config>,
}

/// How BetterMode is reached.
#[derive(Debug, Clone)]
pub struct BetterMode {
    /// False makes every RPC but `GetStatus` answer `FAILED_PRECONDITION`.
    pub enabled: bool,
    /// The fake inside this process stands in for BetterMode.
    pub testing: bool,
    /// Where the API is.
    pub api_url: Url,
    /// The community's network.
    pub network_id: Option<NetworkId>,
    /// How the service signs in; always there unless disabled or testing.
    pub credentials: Option<Credentials>,
    /// Which of the vendor's schemas to speak.
    pub generation: GenerationChoice,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Requests and complexity points in 10 s.
    pub budget: rate_limit::Settings,
}

/// The cache of members.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// Redis, which replicas share; `None` keeps copies in memory alone.
    pub redis_url: Option<SecretString>,
    /// How long a copy is fresh, about.
    pub member_ttl: Duration,
    /// How old a copy may get while BetterMode does not answer.
    pub member_max_age: Duration,
    /// How long "there is no such member" is believed.
    pub not_found_ttl: Duration,
    /// How much memory copies may take; 0 keeps none in memory.
    pub max_bytes: u64,
}

/// The event store.
#[derive(Debug, Clone)]
pub struct EventsConfig {
    /// MongoDB; `None` stores in a file under `data_dir`.
    pub mongodb_uri: Option<SecretString>,
    /// The database in MongoDB.
    pub mongodb_database: String,
    /// Where embedded stores keep their files.
    pub data_dir: PathBuf,
    /// How many days events are kept; 0 keeps them for ever.
    pub event_days: u32,
    /// How many days activities are kept; 0 keeps them for ever.
    pub activity_days: u32,
    /// After so many failures a projection of an event is given up on.
    pub projection_attempts: u32,
}

/// Writes that are safe to send again.
#[derive(Debug, Clone, Copy)]
pub struct WritesConfig {
    /// For how long a request id is known, at least.
    pub window: Duration,
    /// How long after the end of an attempt BetterMode may still carry it out.
    pub settle: Duration,
}

/// The settings and what is worth saying about them.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Each value and where it came from, secrets redacted.
    pub resolved: Vec<Resolved>,
    /// Settings with our prefixes that nobody reads.
    pub unknown: Vec<String>,
}

impl Config {
    /// Reads all settings.
    ///
    /// # Errors
    /// [`Invalid`] with every mistake at once.
    pub fn load(env: &dyn Env) -> Result<Loaded, Invalid> {
        let mut settings = Settings::new(env);
        let bettermode = BetterMode::load(&mut settings);
        let config = Self {
            door: Door::load(&mut settings),
            admin_listen: settings.parsed("COMMUNITY_SVC_ADMIN_LISTEN", loopback(9464)),
            console: ConsoleConfig::load(&mut settings),
            log_level: settings.parsed("LOG_LEVEL", LogLevel::default()),
            log_format: settings.parsed("LOG_FORMAT", LogFormat::default()),
            bettermode,
            cache: CacheConfig::load(&mut settings),
            events: EventsConfig {
                mongodb_uri: settings.address("MONGODB_URI"),
                mongodb_database: settings.parsed("MONGODB_DATABASE", "community".to_owned()),
                data_dir: settings.parsed("DATA_DIR", "data".to_owned()).into(),
                event_days: days(&mut settings, "COMMUNITY_SVC_EVENT_RETENTION_DAYS"),
                activity_days: days(&mut settings, "COMMUNITY_SVC_ACTIVITY_RETENTION_DAYS"),
                projection_attempts: settings.parsed("COMMUNITY_SVC_PROJECTION_ATTEMPTS", 10),
            },
            writes: WritesConfig::load(&mut settings),
            traces: trace_kit::Config::load(&mut settings, "community-svc"),
        };
        if config.events.projection_attempts == 0 {
            settings.reject("COMMUNITY_SVC_PROJECTION_ATTEMPTS=0: use at least 1");
        }
        let unknown = settings.unknown(PREFIXES, OF_OTHERS);
        match settings.finish() {
            Ok(resolved) => Ok(Loaded {
                config,
                resolved,
                unknown,
            }),
            Err(invalid) => Err(invalid.with_unknown(&unknown)),
        }
    }
}

impl CacheConfig {
    fn load(settings: &mut Settings<'_>) -> Self {
        let config = Self {
            redis_url: settings.address("REDIS_URL"),
            member_ttl: seconds(settings, "COMMUNITY_SVC_MEMBER_TTL_SECONDS", 300),
            member_max_age: seconds(settings, "COMMUNITY_SVC_MEMBER_MAX_AGE_SECONDS", 3600),
            not_found_ttl: seconds(settings, "COMMUNITY_SVC_NOT_FOUND_TTL_SECONDS", 30),
            max_bytes: settings.parsed("COMMUNITY_SVC_CACHE_BYTES", 64 * 1024 * 1024),
        };
        if config.member_ttl.is_zero() {
            settings.reject("COMMUNITY_SVC_MEMBER_TTL_SECONDS=0: use at least 1");
        }
        // An answer that takes longer than half of it is not kept.
        if config.not_found_ttl < LEAST_NOT_FOUND_TTL {
            settings.reject(format!(
                "COMMUNITY_SVC_NOT_FOUND_TTL_SECONDS={}: use at least {}",
                config.not_found_ttl.as_secs(),
                LEAST_NOT_FOUND_TTL.as_secs()
            ));
        }
        if config.member_max_age < config.member_ttl {
            settings.reject(format!(
                "COMMUNITY_SVC_MEMBER_MAX_AGE_SECONDS={}: use at least \
                 COMMUNITY_SVC_MEMBER_TTL_SECONDS, {}",
                config.member_max_age.as_secs(),
                config.member_ttl.as_secs()
            ));
        }
        config
    }
}

impl WritesConfig {
    fn load(settings: &mut Settings<'_>) -> Self {
        const HOURS: std::ops::RangeInclusive<u64> = 24..=8_760;
        const SECONDS: std::ops::RangeInclusive<u64> = 1..=600;
        let hours = settings.parsed("COMMUNITY_SVC_REQUEST_ID_HOURS", 48);
        let settle = settings.parsed("COMMUNITY_SVC_WRITE_SETTLE_SECONDS", 10);
        for (key, value, range) in [
            ("COMMUNITY_SVC_REQUEST_ID_HOURS", hours, HOURS),
            ("COMMUNITY_SVC_WRITE_SETTLE_SECONDS", settle, SECONDS),
        ] {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                settings.reject(format!("{key}={value}: use {least} to {most}"));
            }
        }
        Self {
            window: Duration::from_secs(hours.saturating_mul(3_600)),
            settle: Duration::from_secs(settle),
        }
    }
}

impl BetterMode {
    fn load(settings: &mut Settings<'_>) -> Self {
        let enabled = settings.flag("INTEGRATION_ENABLE_BETTERMODE", true);
        // Two names for one thing, because the legacy guide sets both.
        let testing =
            settings.flag("TESTING_MODE", false) | settings.flag("DISABLE_API_BETTERMODE", false);
        if testing && !cfg!(feature = "simulation") {
            settings.reject(
                "TESTING_MODE: this build has no simulation; build with the feature `simulation`",
            );
        }
        let network_id = settings
            .optional("BETTERMODE_NETWORK_ID")
            .map(|id: String| NetworkId::new(id));
        let credentials = load_credentials(settings, network_id.is_some());
        if credentials.is_none() && enabled && !testing {
            settings.reject(
                "BETTERMODE_API_TOKEN is not set: set it, or BETTERMODE_CLIENT_ID and \
                 BETTERMODE_CLIENT_SECRET, or TESTING_MODE=true to run against the built-in fake",
            );
        }
        Self {
            enabled,
            testing,
            api_url: settings.parsed("BETTERMODE_API_URL", values::default_api_url()),
            network_id,
            credentials,
            generation: settings
                .parsed("BETTERMODE_API_GENERATION", Generation::default())
                .into(),
            timeout: seconds(settings, "BETTERMODE_TIMEOUT_SECONDS", 10),
            budget: rate_limit::Settings {
                requests: settings.optional("BETTERMODE_RATE_LIMIT_REQUESTS"),
                complexity: settings.optional("BETTERMODE_RATE_LIMIT_COMPLEXITY"),
            },
        }
    }
}

fn load_credentials(settings: &mut Settings<'_>, has_network: bool) -> Option<Credentials> {
    let token = settings.secret("BETTERMODE_API_TOKEN");
    let client_id: Option<String> = settings.optional("BETTERMODE_CLIENT_ID");
    let client_secret = settings.secret("BETTERMODE_CLIENT_SECRET");
    match (token, client_id, client_secret) {
        // Client credentials can do more (act for a member), so they win.
        (_, Some(client_id), Some(client_secret)) => {
            if !has_network {
                settings.reject(
                    "BETTERMODE_NETWORK_ID is not set: client credentials are for one network",
                );
            }
            Some(Credentials::App {
                client_id,
                client_secret,
            })
        }
        (None, Some(_), None) | (None, None, Some(_)) => {
            settings
                .reject("BETTERMODE_CLIENT_ID and BETTERMODE_CLIENT_SECRET go together: set both");
            None
        }
        (Some(token), _, _) => Some(Credentials::StaticToken(token)),
        (None, None, None) => None,
    }
}

fn seconds(settings: &mut Settings<'_>, key: &str, default: u64) -> Duration {
    Duration::from_secs(settings.parsed(key, default))
}

/// How long something is kept. The edge sends an event again for up to 7 days; one
/// that was forgotten by then would take effect twice.
fn days(settings: &mut Settings<'_>, key: &str) -> u32 {
    const LEAST: u32 = 8;
    const MOST: u32 = 36_500;
    let days = settings.parsed(key, 0);
    if days != 0 && !(LEAST..=MOST).contains(&days) {
        settings.reject(format!(
            "{key}={days}: use 0 to keep for ever, or {LEAST} to {MOST} days"
        ));
    }
    days
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[cfg(test)]
mod tests;
