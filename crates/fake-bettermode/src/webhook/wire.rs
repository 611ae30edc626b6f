//! One webhook as an HTTP request, and reqwest as the way out.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;

use super::{HeaderPair, Outgoing, SendError, Sender, WebhookConfig, signature};

/// What is done to a webhook on its way, by fault switches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Damage {
    pub(crate) signature: bool,
    pub(crate) body: bool,
    pub(crate) stale: bool,
}

/// Signs at `now`: each try has its own timestamp. Whether the vendor stamps anew is
/// not documented.
pub(crate) fn request(
    config: &WebhookConfig,
    outgoing: &Outgoing,
    damage: Damage,
    now: Timestamp,
) -> Result<http::Request<Bytes>, http::Error> {
    let mut timestamp = now.as_millisecond();
    if damage.stale {
        timestamp -= 3_600_000;
    }
    let mut signed = signature::sign(&config.secret, timestamp, &outgoing.body);
    if damage.signature {
        let last = if signed.ends_with('0') { '1' } else { '0' };
        signed.pop();
        signed.push(last);
    }
    let mut body = outgoing.body.clone();
    if damage.body {
        // After signing, so that the signature no longer fits.
        let mut changed = body.to_vec();
        if let Some(byte) = changed.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        body = Bytes::from(changed);
    }
    let (signature_name, timestamp_name) = match config.headers {
        HeaderPair::Bettermode => ("x-bettermode-signature", "x-bettermode-request-timestamp"),
        HeaderPair::Tribe => ("x-tribe-signature", "x-tribe-request-timestamp"),
    };
    http::Request::post(config.url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(signature_name, signed)
        .header(timestamp_name, timestamp)
        .body(body)
}

/// Sends over HTTP or HTTPS. No redirects: a webhook goes to the URL that was saved.
pub(crate) fn over_http() -> Result<Sender, reqwest::Error> {
    // Another part of the process may have installed it already.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(Arc::new(move |request| {
        let client = client.clone();
        async move { send(&client, request).await.map_err(without_url) }.boxed()
    }))
}

async fn send(
    client: &reqwest::Client,
    request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, reqwest::Error> {
    let answer = client.execute(request.try_into()?).await?;
    let status = answer.status();
    let body = answer.bytes().await?;
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    Ok(response)
}

/// A URL may carry a password.
fn without_url(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    SendError(text)
}
