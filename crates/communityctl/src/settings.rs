//! Where things are and who asks: the variables of the services themselves, so that the
//! environment of either is enough. A command reads what it needs and no more.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use service_kit::env::{Env, Settings};
use signature_doctor::Secrets;
use url::Url;

use crate::error::Error;

/// The window that both the edge and BetterMode's guide have by default.
const WINDOW_SECONDS: u64 = 15 * 60;

/// The way to the service.
pub(crate) struct ServiceAccess {
    pub(crate) urls: Vec<String>,
    pub(crate) token: Option<SecretString>,
    pub(crate) authority: Option<PathBuf>,
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// What webhooks are signed with.
pub(crate) struct Signing {
    /// The first of the secrets in use.
    pub(crate) first: SecretString,
    pub(crate) secrets: Secrets,
    pub(crate) window: Duration,
}

pub(crate) fn service(env: &dyn Env, url: Option<&str>) -> Result<ServiceAccess, Error> {
    let mut settings = Settings::new(env);
    let default = "http://127.0.0.1:50051".to_owned();
    let urls = settings.parsed("COMMUNITY_SVC_URL", default);
    let token = settings.secret("COMMUNITY_SVC_TOKEN");
    let mut path = |key| settings.optional::<String>(key).map(PathBuf::from);
    let authority = path("COMMUNITY_SVC_CA");
    let certificate = path("COMMUNITY_SVC_CLIENT_CERTIFICATE");
    let key = path("COMMUNITY_SVC_CLIENT_KEY");
    settings.finish()?;
    let urls = url.unwrap_or(&urls).split(',').map(str::trim);
    Ok(ServiceAccess {
        urls: urls.map(str::to_owned).collect(),
        token,
        authority,
        identity: certificate.zip(key),
    })
}

/// The address of an HTTP port: the one that was given, else the one where the program
/// listens.
pub(crate) fn port(
    env: &dyn Env,
    given: Option<&Url>,
    setting: &str,
    default_port: u16,
) -> Result<Url, Error> {
    if let Some(url) = given {
        return Ok(url.clone());
    }
    let mut settings = Settings::new(env);
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, default_port));
    let mut address: SocketAddr = settings.parsed(setting, default);
    settings.finish()?;
    // What listens on every address is asked on loopback.
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
        .parse()
        .map_err(|_| Error::Usage(format!("{setting}={address} makes no URL")))
}

/// The token of the edge's admin port.
pub(crate) fn edge_admin_token(env: &dyn Env) -> Result<Option<SecretString>, Error> {
    let mut settings = Settings::new(env);
    let token = settings.secret("WEBHOOK_EDGE_ADMIN_TOKEN");
    settings.finish()?;
    Ok(token)
}

pub(crate) fn signing(env: &dyn Env) -> Result<Signing, Error> {
    let mut settings = Settings::new(env);
    let current = settings.secret("BETTERMODE_WEBHOOK_SECRET");
    let retired = settings.secret("BETTERMODE_WEBHOOK_RETIRED_SECRETS");
    let seconds = settings.parsed("WEBHOOK_EDGE_TOLERANCE_SECONDS", WINDOW_SECONDS);
    let secrets = match &current {
        None => {
            settings.reject(
                "BETTERMODE_WEBHOOK_SECRET is not set: set it, or BETTERMODE_WEBHOOK_SECRET_FILE, \
                 as the edge has it",
            );
            None
        }
        Some(current) => match Secrets::parse(current, retired.as_ref()) {
            Ok(secrets) => Some(secrets),
            Err(error) => {
                settings.reject(format!("BETTERMODE_WEBHOOK_SECRET: {error}"));
                None
            }
        },
    };
    settings.finish()?;
    // Both are there where nothing was rejected.
    let (Some(current), Some(secrets)) = (current, secrets) else {
        return Err(Error::Usage(
            "BETTERMODE_WEBHOOK_SECRET is not set".to_owned(),
        ));
    };
    let first = current
        .expose_secret()
        .split(',')
        .next()
        .unwrap_or_default();
    Ok(Signing {
        first: SecretString::from(first.trim()),
        secrets,
        window: Duration::from_secs(seconds),
    })
}

/// The entries of `COMMUNITY_SVC_AUTH`, or of its file.
pub(crate) fn callers(env: &dyn Env) -> Result<Option<SecretString>, Error> {
    let mut settings = Settings::new(env);
    let callers = settings.secret("COMMUNITY_SVC_AUTH");
    settings.finish()?;
    Ok(callers)
}

/// The community's network, for webhooks that are made up.
pub(crate) fn network(env: &dyn Env) -> Result<String, Error> {
    let mut settings = Settings::new(env);
    let network = settings.optional("BETTERMODE_NETWORK_ID");
    settings.finish()?;
    Ok(network.unwrap_or_else(|| "network".to_owned()))
}
