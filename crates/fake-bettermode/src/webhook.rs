//! Webhooks: what is sent, how it is signed, and the courier that delivers it.
//!
//! `announce` makes bodies, [`signature`] signs them, `courier` delivers them with
//! redelivery and the faults that were asked for.

pub(crate) mod announce;
pub(crate) mod courier;
pub(crate) mod events;
pub(crate) mod log;
pub(crate) mod rows;
pub(crate) mod signature;
pub(crate) mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

/// Delivers one signed request: the way out, which tests replace.
pub type Sender = Arc<
    dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Result<http::Response<Bytes>, SendError>>
        + Send
        + Sync,
>;

/// A delivery that got no answer.
#[derive(Debug, thiserror::Error)]
#[error("could not deliver the webhook: {0}")]
pub struct SendError(pub String);

/// Which of the vendor's two header pairs a webhook carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderPair {
    /// `X-Bettermode-Signature` and `X-Bettermode-Request-Timestamp`.
    #[default]
    Bettermode,
    /// The older `X-Tribe-Signature` and `X-Tribe-Request-Timestamp`.
    Tribe,
}

/// Where webhooks go, and how patiently.
///
/// The vendor says that an event is sent again when it times out, and neither how
/// often, nor after which time, nor whether another status than 2xx counts. The
/// defaults (10 s, then four more tries after 1, 5, 25 and 125 s, for time-outs and
/// for every answer but 2xx) are ours.
#[derive(Clone)]
pub struct WebhookConfig {
    /// The one URL that receives everything.
    pub url: Url,
    /// The app's signing secret.
    pub secret: String,
    /// The header names in use.
    pub headers: HeaderPair,
    /// How long a receiver may take.
    pub timeout: Duration,
    /// The pauses before each further try.
    pub retry_delays: Vec<Duration>,
    /// The way out; HTTP by default.
    pub sender: Option<Sender>,
}

impl WebhookConfig {
    /// Signed webhooks to this URL, with the default patience.
    #[must_use]
    pub fn new(url: Url, secret: impl Into<String>) -> Self {
        Self {
            url,
            secret: secret.into(),
            headers: HeaderPair::default(),
            timeout: Duration::from_secs(10),
            retry_delays: [1, 5, 25, 125].map(Duration::from_secs).to_vec(),
            sender: None,
        }
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("url", &self.url.as_str())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// A webhook that is ready to be signed and sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// `data.id`, or the challenge of a TEST.
    pub(crate) id: String,
    /// `data.name`, or `TEST`.
    pub(crate) name: &'static str,
    pub(crate) body: Bytes,
}

impl Outgoing {
    pub(crate) fn new(id: String, name: &'static str, body: String) -> Self {
        Self {
            id,
            name,
            body: Bytes::from(body),
        }
    }
}
