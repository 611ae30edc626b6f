//! Which webhooks are taken, and by which secrets.

use std::net::SocketAddr;

use secrecy::{ExposeSecret as _, SecretString};
use service_kit::env::Settings;
use signature_doctor::Secrets;

use super::SHORT_SECRET_BYTES;
use crate::routes::Intake;
use crate::signature::Keys;

const CURRENT: &str = "BETTERMODE_WEBHOOK_SECRET";
const RETIRED: &str = "BETTERMODE_WEBHOOK_RETIRED_SECRETS";

/// Reads the settings; mistakes are left in `settings`.
pub(super) fn load(
    settings: &mut Settings<'_>,
    listen: SocketAddr,
    warnings: &mut Vec<String>,
) -> Option<(Intake, Option<Secrets>)> {
    let enabled = settings.flag("INTEGRATION_ENABLE_BETTERMODE", true);
    let current = settings.secret(CURRENT);
    let retired = settings.secret(RETIRED);
    let allow_unsigned = settings.flag("WEBHOOK_EDGE_ALLOW_UNSIGNED", false);
    if !enabled {
        return None;
    }
    if let Some(current) = current {
        if allow_unsigned {
            warnings.push(
                "WEBHOOK_EDGE_ALLOW_UNSIGNED has no effect while BETTERMODE_WEBHOOK_SECRET is set"
                    .to_owned(),
            );
        }
        let keys = load_keys(settings, &current, warnings)?;
        let secrets = load_secrets(settings, &current, retired.as_ref(), warnings);
        return Some((Intake::Signed(keys), secrets));
    }
    if !allow_unsigned {
        settings.reject(
            "BETTERMODE_WEBHOOK_SECRET is not set: set it to the app's signing secret, or \
             WEBHOOK_EDGE_ALLOW_UNSIGNED=true to take webhooks from anybody on this machine",
        );
        return None;
    }
    if !listen.ip().is_loopback() {
        settings.reject(format!(
            "WEBHOOK_EDGE_LISTEN={listen}: with WEBHOOK_EDGE_ALLOW_UNSIGNED=true only a loopback \
             address can be used, such as 127.0.0.1:8080"
        ));
    }
    Some((Intake::Unsigned, None))
}

fn load_keys(
    settings: &mut Settings<'_>,
    secrets: &SecretString,
    warnings: &mut Vec<String>,
) -> Option<Keys> {
    let is_short = |secret: &str| secret.trim().len() < SHORT_SECRET_BYTES;
    match Keys::parse(secrets) {
        Ok(keys) => {
            if secrets.expose_secret().split(',').any(is_short) {
                warnings.push(format!(
                    "{CURRENT} holds a secret of fewer than {SHORT_SECRET_BYTES} \
                     bytes, which can be guessed"
                ));
            }
            Some(keys)
        }
        Err(error) => {
            settings.reject(format!("{CURRENT}: {error}"));
            None
        }
    }
}

/// What refused signatures are held against. A retired secret never lets a webhook in.
fn load_secrets(
    settings: &mut Settings<'_>,
    current: &SecretString,
    retired: Option<&SecretString>,
    warnings: &mut Vec<String>,
) -> Option<Secrets> {
    let secrets = match Secrets::parse(current, retired) {
        Ok(secrets) => secrets,
        Err(error) => {
            settings.reject(format!("{RETIRED}: {error}"));
            return None;
        }
    };
    let (in_use, retired) = secrets.fingerprints();
    if retired.iter().any(|retired| in_use.contains(retired)) {
        warnings.push(format!(
            "{RETIRED} holds a secret that {CURRENT} holds too: it is in use"
        ));
    }
    Some(secrets)
}
