//! Settings of the port: who may call, over what connections, and how much.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use service_kit::env::Settings;
use service_kit::http::tls;

use super::seconds;
use crate::caller_limits;
use crate::callers::Callers;
use crate::connections::Limits;

/// The longest of our times; longer ones are mistakes.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Who may call.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Those who are known at the start.
    pub callers: Callers,
    /// The file that they were read from, to be read again when it changes.
    pub file: Option<PathBuf>,
}

/// The port that gRPC is served on.
#[derive(Debug, Clone)]
pub struct Door {
    /// Where it is.
    pub listen: SocketAddr,
    /// Who may call; `None` lets everybody on this machine.
    pub auth: Option<Auth>,
    /// Certificate and key; `None` speaks plain HTTP/2.
    pub tls: Option<tls::Files>,
    /// What connections may use.
    pub limits: Limits,
    /// Calls at once; more are refused.
    pub max_calls: usize,
    /// Calls at once that read from the event store, and that write to it; 0 for as many
    /// as fit the store.
    pub max_store_calls: usize,
    /// How much one caller may call.
    pub of_one_caller: caller_limits::Settings,
    /// How long the service still takes calls after it has said that it stops.
    pub notice: Duration,
    /// How long open calls may still run after that.
    pub drain: Duration,
}

impl Door {
    pub(super) fn load(settings: &mut Settings<'_>) -> Self {
        let listen = settings.parsed("COMMUNITY_SVC_LISTEN", super::loopback(50051));
        let auth = load_auth(settings, listen);
        let tls = load_tls(settings);
        check_certificates(settings, auth.as_ref(), tls.as_ref());
        let door = Self {
            listen,
            auth,
            tls,
            limits: Limits {
                connections: settings.parsed("COMMUNITY_SVC_MAX_CONNECTIONS", 4096),
                connections_per_address: settings
                    .parsed("COMMUNITY_SVC_MAX_CONNECTIONS_PER_ADDRESS", 1024),
                age: seconds(settings, "COMMUNITY_SVC_MAX_CONNECTION_AGE_SECONDS", 1800),
                grace: seconds(settings, "COMMUNITY_SVC_MAX_CONNECTION_GRACE_SECONDS", 300),
            },
            max_calls: settings.parsed("COMMUNITY_SVC_MAX_CONCURRENT_CALLS", 1024),
            max_store_calls: settings.parsed("COMMUNITY_SVC_MAX_STORE_CALLS", 0),
            of_one_caller: caller_limits::Settings {
                at_once: settings.parsed("COMMUNITY_SVC_CALLER_MAX_CONCURRENT_CALLS", 0),
                in_a_second: settings.parsed("COMMUNITY_SVC_CALLER_CALLS_PER_SECOND", 0),
            },
            notice: seconds(settings, "COMMUNITY_SVC_DRAIN_NOTICE_SECONDS", 0),
            drain: seconds(settings, "COMMUNITY_SVC_DRAIN_SECONDS", 15),
        };
        if door.limits.connections == 0 {
            settings.reject("COMMUNITY_SVC_MAX_CONNECTIONS=0: use at least 1");
        }
        for (key, time) in [
            ("COMMUNITY_SVC_MAX_CONNECTION_AGE_SECONDS", door.limits.age),
            (
                "COMMUNITY_SVC_MAX_CONNECTION_GRACE_SECONDS",
                door.limits.grace,
            ),
            ("COMMUNITY_SVC_DRAIN_NOTICE_SECONDS", door.notice),
            ("COMMUNITY_SVC_DRAIN_SECONDS", door.drain),
        ] {
            if time > LONGEST {
                let (asked, longest) = (time.as_secs(), LONGEST.as_secs());
                settings.reject(format!("{key}={asked}: use at most {longest}"));
            }
        }
        door
    }
}

fn load_auth(settings: &mut Settings<'_>, listen: SocketAddr) -> Option<Auth> {
    let found = settings.secret_and_file("COMMUNITY_SVC_AUTH");
    let auth = found.and_then(|(text, file)| match Callers::parse(text.expose_secret()) {
        Ok(callers) => Some(Auth { callers, file }),
        Err(problem) => {
            settings.reject(format!("COMMUNITY_SVC_AUTH: {problem}"));
            None
        }
    });
    if auth.is_none() && !listen.ip().is_loopback() {
        settings.reject(format!(
            "COMMUNITY_SVC_LISTEN={listen}: set COMMUNITY_SVC_AUTH before listening beyond this machine"
        ));
    }
    auth
}

fn load_tls(settings: &mut Settings<'_>) -> Option<tls::Files> {
    let path = |text: Option<String>| text.map(PathBuf::from);
    let certificate = path(settings.optional("COMMUNITY_SVC_TLS_CERTIFICATE"));
    let key = path(settings.optional("COMMUNITY_SVC_TLS_KEY"));
    let client_authority = path(settings.optional("COMMUNITY_SVC_TLS_CLIENT_CA"));
    match (certificate, key, client_authority) {
        (Some(certificate), Some(key), client_authority) => Some(tls::Files {
            certificate,
            key,
            client_authority,
        }),
        (None, None, None) => None,
        (None, None, Some(_)) => {
            settings.reject(
                "COMMUNITY_SVC_TLS_CLIENT_CA: set COMMUNITY_SVC_TLS_CERTIFICATE and \
                 COMMUNITY_SVC_TLS_KEY with it, clients show certificates over TLS only",
            );
            None
        }
        _ => {
            settings.reject(
                "COMMUNITY_SVC_TLS_CERTIFICATE and COMMUNITY_SVC_TLS_KEY go together: set both",
            );
            None
        }
    }
}

/// A name in a certificate says who calls only where certificates are asked for.
fn check_certificates(settings: &mut Settings<'_>, auth: Option<&Auth>, tls: Option<&tls::Files>) {
    let know_some = auth.is_some_and(|auth| auth.callers.know_certificates());
    let ask_for_them = tls.is_some_and(|files| files.client_authority.is_some());
    if know_some && !ask_for_them {
        settings.reject(
            "COMMUNITY_SVC_AUTH names certificates (san=): set COMMUNITY_SVC_TLS_CLIENT_CA to the \
             authority that issues them",
        );
    }
    if ask_for_them && auth.is_none() {
        settings.reject(
            "COMMUNITY_SVC_TLS_CLIENT_CA: name in COMMUNITY_SVC_AUTH who may call with which \
             certificate",
        );
    }
}
