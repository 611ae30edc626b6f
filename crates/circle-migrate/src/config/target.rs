//! Where people go: BetterMode, the service's record of members, Notion.

use secrecy::SecretString;
use service_kit::env::Settings;
use url::Url;

use super::load_url;
use crate::Error;

/// The target.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// Where the API is.
    pub api_url: Option<Url>,
    /// A token made elsewhere.
    pub token: Option<SecretString>,
    /// An app's id, with its secret, instead of a token.
    pub client_id: Option<String>,
    /// The app's secret.
    pub client_secret: Option<SecretString>,
    /// The network that is moved to.
    pub network_id: Option<String>,
}

impl TargetConfig {
    pub(super) fn load(settings: &mut Settings<'_>) -> Self {
        Self {
            api_url: load_url(settings, "BETTERMODE_API_URL", bettermode::DEFAULT_API_URL),
            token: settings.secret("BETTERMODE_API_TOKEN"),
            client_id: settings.optional("BETTERMODE_CLIENT_ID"),
            client_secret: settings.secret("BETTERMODE_CLIENT_SECRET"),
            network_id: settings.optional("BETTERMODE_NETWORK_ID"),
        }
    }

    /// The network, which a ledger is bound to.
    ///
    /// # Errors
    /// [`Error::MissingSetting`] without one.
    pub fn network(&self, command: &'static str) -> Result<&str, Error> {
        self.network_id.as_deref().ok_or(Error::MissingSetting {
            command,
            setting: "BETTERMODE_NETWORK_ID",
            hint: "it is the id of the network that you move to",
        })
    }
}

/// The Community Hub.
#[derive(Debug, Clone)]
pub struct NotionConfig {
    /// Where the API is.
    pub api_url: Option<Url>,
    /// Without one, no row is linked.
    pub token: Option<SecretString>,
    /// The database of members.
    pub community_hub: Option<String>,
}

impl NotionConfig {
    pub(super) fn load(settings: &mut Settings<'_>) -> Self {
        Self {
            api_url: load_url(settings, "NOTION_API_URL", "https://api.notion.com"),
            token: settings.secret("NOTION_API_TOKEN"),
            community_hub: settings.optional("NOTION_COMMUNITY_HUB_DB"),
        }
    }
}

/// `community-svc`, which keeps `community_members`.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Where it is; not told when absent.
    pub url: Option<Url>,
    /// Who we are towards it.
    pub token: Option<SecretString>,
}

impl ServiceConfig {
    pub(super) fn load(settings: &mut Settings<'_>) -> Self {
        Self {
            url: settings.optional("COMMUNITY_SVC_URL"),
            token: settings.secret("COMMUNITY_SVC_TOKEN"),
        }
    }
}
