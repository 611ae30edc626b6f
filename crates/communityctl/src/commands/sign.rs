//! `sign`: the headers that BetterMode would send.

use secrecy::ExposeSecret as _;
use serde_json::json;
use signature_doctor::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};

use super::{Context, Outcome, files};
use crate::cli::SignArgs;
use crate::error::Error;
use crate::settings;

/// A body with the headers that go with it.
pub(super) struct Signed {
    pub(super) timestamp: String,
    pub(super) signature: String,
}

/// Signs with the first secret in use.
pub(super) fn signed(
    context: &Context<'_>,
    timestamp: Option<&str>,
    body: &[u8],
) -> Result<Signed, Error> {
    let signing = settings::signing(context.env)?;
    let now = || context.clock.now().as_millisecond().to_string();
    let timestamp = timestamp.map_or_else(now, str::to_owned);
    if !timestamp.bytes().all(|byte| byte.is_ascii_graphic()) || timestamp.is_empty() {
        return Err(Error::Usage("--timestamp: use visible ASCII".to_owned()));
    }
    Ok(Signed {
        signature: sign(signing.first.expose_secret(), &timestamp, body),
        timestamp,
    })
}

pub(super) fn run(context: &mut Context<'_>, args: &SignArgs) -> Result<Outcome, Error> {
    let body = files::read(&args.body)?;
    let signed = signed(context, args.timestamp.as_deref(), &body)?;
    let Signed {
        timestamp,
        signature,
    } = &signed;
    if let Some(url) = &args.curl {
        if args.body == "-" {
            return Err(Error::Usage(
                "--curl names the body's file: give one instead of \"-\"".to_owned(),
            ));
        }
        let [url, file] = [url.as_str(), args.body.as_str()].map(quoted);
        let command = format!(
            "curl {url} -H 'Content-Type: application/json' -H '{TIMESTAMP_HEADER}: {timestamp}' \
             -H '{SIGNATURE_HEADER}: {signature}' --data-binary @{file}"
        );
        context.output.text(&command)?;
    } else if context.output.is_json() {
        let line = json!({ TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: signature });
        context.output.json(&line)?;
    } else {
        context
            .output
            .text(&format!("{TIMESTAMP_HEADER}: {timestamp}"))?;
        context
            .output
            .text(&format!("{SIGNATURE_HEADER}: {signature}"))?;
    }
    Ok(Outcome::Good)
}

/// As a word of a shell command.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
