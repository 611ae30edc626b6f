//! Circle's webhooks: off, or behind a secret.

use secrecy::ExposeSecret as _;
use service_kit::env::Settings;

use super::SHORT_SECRET_BYTES;
use crate::signature::SharedSecrets;

/// Reads both settings. Switched on without a secret is an error: the routes would be open
/// to anybody.
pub(super) fn load(
    settings: &mut Settings<'_>,
    warnings: &mut Vec<String>,
) -> Option<SharedSecrets> {
    const KEY: &str = "CIRCLE_WEBHOOK_SECRET";
    let is_enabled = settings.flag("INTEGRATION_ENABLE_CIRCLE", false);
    let secrets = settings.secret(KEY);
    if !is_enabled {
        return None;
    }
    let Some(secrets) = secrets else {
        settings.reject(format!(
            "{KEY} is not set: with INTEGRATION_ENABLE_CIRCLE=true, set it to a secret of yours and \
             have Circle send it in the header X-Webhook-Secret"
        ));
        return None;
    };
    match SharedSecrets::parse(&secrets) {
        Ok(parsed) => {
            let mut each = secrets.expose_secret().split(',').map(str::trim);
            if each.any(|secret| secret.len() < SHORT_SECRET_BYTES) {
                warnings.push(format!(
                    "{KEY} holds a secret of fewer than {SHORT_SECRET_BYTES} bytes, which can be guessed"
                ));
            }
            Some(parsed)
        }
        Err(error) => {
            settings.reject(format!("{KEY}: {error}"));
            None
        }
    }
}
