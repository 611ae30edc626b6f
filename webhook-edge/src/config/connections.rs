//! The settings of the public port's connections: TLS, time limits, caps.

use std::path::PathBuf;
use std::time::Duration;

use service_kit::env::Settings;
use service_kit::http::{Limits, tls};

/// Nobody needs longer, and every second is one more that a stranger holds a place.
const LONGEST_SECONDS: u64 = 3600;

/// How strangers may connect.
#[derive(Debug, Clone)]
pub struct Connections {
    /// What clients may use.
    pub limits: Limits,
    /// How long the body of a webhook may take to arrive.
    pub body_timeout: Duration,
    /// Where certificate and key are; plain HTTP without.
    pub tls: Option<tls::Files>,
}

impl Connections {
    /// Reads the settings; mistakes are left in `settings`.
    pub(super) fn load(settings: &mut Settings<'_>) -> Self {
        let defaults = Limits::default();
        let connections = settings.parsed("WEBHOOK_EDGE_MAX_CONNECTIONS", defaults.connections);
        if connections == 0 {
            settings.reject("WEBHOOK_EDGE_MAX_CONNECTIONS=0: use 1 or more");
        }
        Self {
            limits: Limits {
                connections,
                connections_per_address: settings.parsed(
                    "WEBHOOK_EDGE_MAX_CONNECTIONS_PER_ADDRESS",
                    defaults.connections_per_address,
                ),
                header_timeout: seconds(settings, "WEBHOOK_EDGE_HEADER_TIMEOUT_SECONDS", 10),
                idle_timeout: seconds(settings, "WEBHOOK_EDGE_IDLE_TIMEOUT_SECONDS", 60),
                ..defaults
            },
            body_timeout: seconds(settings, "WEBHOOK_EDGE_BODY_TIMEOUT_SECONDS", 10),
            tls: load_tls(settings),
        }
    }
}

fn load_tls(settings: &mut Settings<'_>) -> Option<tls::Files> {
    let path = |text: Option<String>| text.map(PathBuf::from);
    let certificate = path(settings.optional("WEBHOOK_EDGE_TLS_CERTIFICATE"));
    let key = path(settings.optional("WEBHOOK_EDGE_TLS_KEY"));
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(tls::Files {
            certificate,
            key,
            // Webhooks are known by their signature.
            client_authority: None,
        }),
        (None, None) => None,
        _ => {
            settings.reject(
                "WEBHOOK_EDGE_TLS_CERTIFICATE and WEBHOOK_EDGE_TLS_KEY go together: set both",
            );
            None
        }
    }
}

fn seconds(settings: &mut Settings<'_>, key: &str, default: u64) -> Duration {
    let seconds = settings.parsed(key, default);
    if !(1..=LONGEST_SECONDS).contains(&seconds) {
        settings.reject(format!("{key}={seconds}: use 1 to {LONGEST_SECONDS}"));
    }
    Duration::from_secs(seconds)
}
