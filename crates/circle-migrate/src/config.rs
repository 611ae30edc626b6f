//! Every setting: its name, default and rule.
//!
//! An option of the command line wins over the environment. Tokens can also come from the
//! file that `X_FILE` names.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use service_kit::env::{Env, Invalid, Settings};
use service_kit::telemetry::{LogFormat, LogLevel};
use url::{Host, Url};

use crate::cli::Options;

mod circle;
mod target;

pub use circle::{AuthScheme, CircleConfig};
pub use target::{NotionConfig, ServiceConfig, TargetConfig};

const DEFAULT_BATCH_SIZE: u32 = 100;
const LARGEST_BATCH_SIZE: u32 = 1000;

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where people and content come from.
    pub circle: CircleConfig,
    /// Where they go.
    pub target: TargetConfig,
    /// The Community Hub whose rows are linked.
    pub notion: NotionConfig,
    /// The service whose `community_members` are filled.
    pub service: ServiceConfig,
    /// Members that are worked on together.
    pub batch_size: NonZeroU32,
    /// At most so many members are moved; all when absent.
    pub max_members: Option<u64>,
    /// Ledger and reports.
    pub work_dir: PathBuf,
    /// The snapshot.
    pub snapshot_dir: PathBuf,
    /// Which log lines are written.
    pub log_level: LogLevel,
    /// How log lines look.
    pub log_format: LogFormat,
}

impl Config {
    /// Reads all settings. What only some commands need may be missing.
    ///
    /// # Errors
    /// [`Invalid`] with every mistake at once.
    pub fn load(options: &Options, env: &dyn Env) -> Result<Self, Invalid> {
        let env = WithOptions::new(options, env);
        let mut settings = Settings::new(&env);
        let work_dir = settings.parsed("CIRCLE_MIGRATE_WORK_DIR", "circle-migrate".to_owned());
        let work_dir = PathBuf::from(work_dir);
        let snapshot_dir = settings
            .optional::<String>("CIRCLE_MIGRATE_SNAPSHOT")
            .map_or_else(|| work_dir.join("snapshot"), PathBuf::from);
        let config = Self {
            circle: CircleConfig::load(&mut settings),
            target: TargetConfig::load(&mut settings),
            notion: NotionConfig::load(&mut settings),
            service: ServiceConfig::load(&mut settings),
            batch_size: load_batch_size(&mut settings),
            max_members: settings.optional("CIRCLE_MIGRATE_MAX_MEMBERS"),
            work_dir,
            snapshot_dir,
            log_level: settings.parsed("LOG_LEVEL", LogLevel::default()),
            log_format: settings.parsed("LOG_FORMAT", LogFormat::default()),
        };
        // Not all of CIRCLE_: a service for continuous integration sets such variables too.
        let unknown = settings.unknown(&["CIRCLE_A", "CIRCLE_COMMUNITY", "CIRCLE_MIGRATE"], &[]);
        for key in &unknown {
            settings.reject(format!("{key}: unknown setting; is it misspelt?"));
        }
        settings.finish().map(|_| config)
    }
}

fn load_batch_size(settings: &mut Settings<'_>) -> NonZeroU32 {
    const KEY: &str = "CIRCLE_MIGRATE_BATCH_SIZE";
    let size = settings.parsed(KEY, DEFAULT_BATCH_SIZE);
    match NonZeroU32::new(size) {
        Some(size) if size.get() <= LARGEST_BATCH_SIZE => size,
        _ => {
            settings.reject(format!("{KEY}={size}: use 1 to {LARGEST_BATCH_SIZE}"));
            NonZeroU32::MIN
        }
    }
}

/// An address that tokens are sent to: HTTPS, or plain HTTP on this machine.
fn load_url(settings: &mut Settings<'_>, key: &str, default: &str) -> Option<Url> {
    let text = settings.parsed(key, default.to_owned());
    let url = match Url::parse(&text) {
        Ok(url) => url,
        Err(error) => {
            settings.reject(format!("{key}: {error}"));
            return None;
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        settings.reject(format!("{key}: put no credentials in an address"));
        return None;
    }
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
        return Some(url);
    }
    settings.reject(format!(
        "{key}: use https, so that nobody on the way reads the token (http only on this machine)"
    ));
    None
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The environment with the options of the command line over it.
struct WithOptions<'a> {
    env: &'a dyn Env,
    given: BTreeMap<&'static str, String>,
}

impl<'a> WithOptions<'a> {
    fn new(options: &Options, env: &'a dyn Env) -> Self {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let given = [
            ("CIRCLE_API_TOKEN", options.circle_token.clone()),
            ("CIRCLE_COMMUNITY_ID", options.circle_community_id.clone()),
            ("BETTERMODE_API_TOKEN", options.bettermode_token.clone()),
            (
                "BETTERMODE_NETWORK_ID",
                options.bettermode_network_id.clone(),
            ),
            ("NOTION_API_TOKEN", options.notion_token.clone()),
            (
                "CIRCLE_MIGRATE_BATCH_SIZE",
                options.batch_size.map(|n| n.to_string()),
            ),
            (
                "CIRCLE_MIGRATE_MAX_MEMBERS",
                options.max_members.map(|n| n.to_string()),
            ),
            (
                "CIRCLE_MIGRATE_MAX_REQUESTS",
                options.max_requests.map(|n| n.to_string()),
            ),
            ("CIRCLE_MIGRATE_WORK_DIR", path(&options.work_dir)),
            ("CIRCLE_MIGRATE_SNAPSHOT", path(&options.snapshot)),
        ];
        let given = given
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        Self { env, given }
    }
}

impl Env for WithOptions<'_> {
    fn get(&self, key: &str) -> Option<String> {
        if let Some(value) = self.given.get(key) {
            return Some(value.clone());
        }
        // An option also wins over the file of its setting.
        if let Some(base) = key.strip_suffix("_FILE")
            && self.given.contains_key(base)
        {
            return None;
        }
        self.env.get(key)
    }

    fn keys(&self) -> Vec<String> {
        self.env.keys()
    }
}

#[cfg(test)]
mod tests;
