//! Every setting: its name, default and rule. Read once at the start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Time;
use notion::DatabaseId;
use secrecy::SecretString;
use service_kit::env::{Env, Invalid, Resolved, Settings};
use service_kit::telemetry::{LogFormat, LogLevel};
use url::Url;

use crate::community::Access;

/// Prefixes of our settings: what starts with one and is not known is misspelt.
const PREFIXES: &[&str] = &["NOTION_"];
/// Settings of the programs that share our environment.
const OF_OTHERS: &[&str] = &["NOTION_CONTACTS_PROFILES_DB"];

/// The settings.
#[derive(Clone)]
pub struct Config {
    /// How Notion is reached.
    pub notion: notion::Config,
    /// The Community Hub: a database or data source.
    pub members: DatabaseId,
    /// The activities; `None` for no rows of them.
    pub activities: Option<DatabaseId>,
    /// BetterMode's id of the network, part of every key.
    pub network: String,
    /// Where `community-svc` is.
    pub service_url: Url,
    /// Who this program is towards it.
    pub access: Access,
    /// The mapping file; `None` for the default mapping.
    pub mapping: Option<PathBuf>,
    /// Where the program keeps its file and its lock.
    pub data_dir: PathBuf,
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    pub admin_listen: SocketAddr,
    /// How long changes of one member are gathered.
    pub window: Duration,
    /// When everything is compared, UTC.
    pub compare_at: Time,
    /// Which log lines are written.
    pub log_level: LogLevel,
    /// How log lines look.
    pub log_format: LogFormat,
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
        let token = required_secret(&mut settings);
        let members = settings.optional::<DatabaseId>("NOTION_COMMUNITY_HUB_DB");
        if members.is_none() && is_unset(env, "NOTION_COMMUNITY_HUB_DB") {
            settings.reject(
                "NOTION_COMMUNITY_HUB_DB is not set: set it to the id of the database, the 32 digits \
                 in its address",
            );
        }
        let network = settings.optional::<String>("BETTERMODE_NETWORK_ID");
        if network.is_none() {
            settings.reject("BETTERMODE_NETWORK_ID is not set: it is part of every row's key");
        }
        let service_url = settings.parsed("COMMUNITY_SVC_URL", default_service_url());
        if !matches!(service_url.scheme(), "http" | "https") {
            settings.reject("COMMUNITY_SVC_URL: use http://host:port or https://host:port");
        }
        let notion = load_notion(&mut settings, token);
        let config = Self {
            notion,
            members: members.unwrap_or_else(nobody),
            activities: settings.optional("NOTION_ACTIVITIES_DB"),
            network: network.unwrap_or_default(),
            service_url,
            access: load_access(&mut settings),
            mapping: settings.optional("NOTION_SYNC_MAPPING"),
            data_dir: settings.parsed("DATA_DIR", "data".to_owned()).into(),
            admin_listen: settings.parsed(
                "NOTION_SYNC_ADMIN_LISTEN",
                SocketAddr::from(([127, 0, 0, 1], 9466)),
            ),
            window: Duration::from_secs(settings.parsed("NOTION_SYNC_WINDOW_SECONDS", 30)),
            compare_at: settings.parsed("NOTION_SYNC_RECONCILE_AT", Time::constant(3, 0, 0, 0)),
            log_level: settings.parsed("LOG_LEVEL", LogLevel::default()),
            log_format: settings.parsed("LOG_FORMAT", LogFormat::default()),
        };
        let unknown = settings.unknown(PREFIXES, OF_OTHERS);
        let warnings = unknown
            .iter()
            .map(|key| format!("unknown setting {key} is ignored; is it misspelt?"))
            .collect();
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

fn required_secret(settings: &mut Settings<'_>) -> SecretString {
    let token = settings.secret("NOTION_API_TOKEN");
    if token.is_none() {
        settings.reject(
            "NOTION_API_TOKEN is not set: set it to the secret of an integration of your workspace, or \
             NOTION_API_TOKEN_FILE to a file that holds it",
        );
    }
    token.unwrap_or_else(|| SecretString::from(String::new()))
}

fn load_notion(settings: &mut Settings<'_>, token: SecretString) -> notion::Config {
    let usual = notion::Config::new(token);
    let config = notion::Config {
        api_url: settings.parsed("NOTION_API_URL", usual.api_url.clone()),
        requests_per_second: settings
            .parsed("NOTION_SYNC_REQUESTS_PER_SECOND", usual.requests_per_second),
        ..usual
    };
    match config.check() {
        Ok(()) => {}
        Err(error @ notion::ConfigError::Pace) => {
            settings.reject(format!("NOTION_SYNC_REQUESTS_PER_SECOND: {error}"));
        }
        Err(error) => settings.reject(format!("NOTION_API_URL: {error}")),
    }
    config
}

fn load_access(settings: &mut Settings<'_>) -> Access {
    let token = settings.secret("COMMUNITY_SVC_TOKEN");
    let authority = settings.optional("COMMUNITY_SVC_CA");
    let certificate: Option<PathBuf> = settings.optional("COMMUNITY_SVC_CLIENT_CERTIFICATE");
    let key: Option<PathBuf> = settings.optional("COMMUNITY_SVC_CLIENT_KEY");
    if certificate.is_some() != key.is_some() {
        settings.reject(
            "COMMUNITY_SVC_CLIENT_CERTIFICATE and COMMUNITY_SVC_CLIENT_KEY: set both or none",
        );
    }
    Access {
        token,
        authority,
        identity: certificate.zip(key),
    }
}

/// Whether it is missing, rather than no id.
fn is_unset(env: &dyn Env, key: &str) -> bool {
    env.get(key).is_none_or(|text| text.trim().is_empty())
}

/// Stands in while the settings are refused anyway.
#[expect(clippy::expect_used, reason = "a constant that a test parses")]
fn nobody() -> DatabaseId {
    "00000000-0000-0000-0000-000000000000"
        .parse()
        .expect("the nil id is an id")
}

#[expect(clippy::expect_used, reason = "a constant that a test parses")]
fn default_service_url() -> Url {
    Url::parse("http://127.0.0.1:50051").expect("the default address is a URL")
}

#[cfg(test)]
mod tests {
    use service_kit::env::MapEnv;

    use super::*;

    const ID: &str = "0f0e0d0c0b0a49088706050403020100";

    fn env(more: &[(&str, &str)]) -> MapEnv {
        let needed = [
            ("NOTION_API_TOKEN", "ntn_secret"),
            ("NOTION_COMMUNITY_HUB_DB", ID),
            ("BETTERMODE_NETWORK_ID", "net"),
        ];
        MapEnv::new(needed.into_iter().chain(more.iter().copied()))
    }

    #[test]
    fn three_settings_are_enough() {
        let config = Config::load(&env(&[])).map_err(|error| error.to_string());
        let config = config.map(|loaded| loaded.config).unwrap();
        assert_eq!(config.notion.api_url.as_str(), "https://api.notion.com/");
        assert_eq!(config.window, Duration::from_secs(30));
        assert!(config.activities.is_none());
    }

    #[test]
    fn every_mistake_is_named_and_no_secret_shown() {
        let wrong = [
            ("NOTION_API_TOKEN", "ntn_secret"),
            ("NOTION_COMMUNITY_HUB_DB", "hub"),
            ("NOTION_API_URL", "http://example.org"),
            ("NOTION_SYNC_REQUESTS_PER_SECOND", "0"),
            ("NOTION_SYNC_RECONCILE_AT", "noon"),
            ("NOTION_SYNC_WINDOWS", "1"),
        ];
        let Err(invalid) = Config::load(&MapEnv::new(wrong)) else {
            panic!("accepted");
        };
        let text = invalid.to_string();
        for name in [
            "NOTION_COMMUNITY_HUB_DB",
            "BETTERMODE_NETWORK_ID",
            "NOTION_API_URL",
            "NOTION_SYNC_RECONCILE_AT",
            "NOTION_SYNC_WINDOWS",
        ] {
            assert!(text.contains(name), "{name}: {text}");
        }
        assert!(!text.contains("ntn_secret"), "{text}");
    }
}
