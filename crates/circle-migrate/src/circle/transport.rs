//! How bytes reach Circle: over HTTPS, or inside the process.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use http::{Request, Response};

/// Longer than any handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A page of 100 members with long profiles is some hundred KiB.
const LARGEST_ANSWER: usize = 32 << 20;
/// How long one attempt may take, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(60);

type Answering = dyn Fn(Request<Bytes>) -> BoxFuture<'static, Result<Response<Bytes>, TransportError>>
    + Send
    + Sync;

/// A way to send one request and read its whole answer.
#[derive(Clone)]
pub struct Transport(Arc<Answering>);

/// Why there is no answer. Texts name no address and no header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke, or time ran out.
    #[error("{0}")]
    NoAnswer(String),
    /// The answer is larger than any page.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Transport {
    /// HTTPS by reqwest and rustls. Redirects are not followed: a token must not travel to
    /// another host.
    ///
    /// # Errors
    /// [`TransportError`] when TLS cannot be set up.
    pub fn https() -> Result<Self, TransportError> {
        // Fails only when a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("circle-migrate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| failure(&error))?;
        Ok(Self(Arc::new(move |request| {
            let client = client.clone();
            Box::pin(async move { exchange(&client, request).await })
        })))
    }

    /// A function that answers, such as a server in the same process.
    pub fn from_fn<F, Fut>(answer: F) -> Self
    where
        F: Fn(Request<Bytes>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response<Bytes>> + Send + 'static,
    {
        Self(Arc::new(move |request| {
            let answering = answer(request);
            Box::pin(async move { capped(answering.await) })
        }))
    }

    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        (self.0)(request).await
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}

async fn exchange(
    client: &reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, TransportError> {
    let request = reqwest::Request::try_from(request).map_err(|error| failure(&error))?;
    let answer = client.execute(request).await;
    let mut answer = answer.map_err(|error| failure(&error))?;
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

fn capped(response: Response<Bytes>) -> Result<Response<Bytes>, TransportError> {
    if response.body().len() > LARGEST_ANSWER {
        return Err(too_large());
    }
    Ok(response)
}

fn too_large() -> TransportError {
    TransportError::TooLarge {
        limit: LARGEST_ANSWER,
    }
}

/// What went wrong without the address.
fn failure(error: &reqwest::Error) -> TransportError {
    let text = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    TransportError::NoAnswer(text.to_owned())
}
