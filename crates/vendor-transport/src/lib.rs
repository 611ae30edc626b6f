//! How a request reaches a vendor: over HTTPS, or inside the process.
//!
//! Knows nothing of vendors, tokens or retries.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

mod https;

/// How requests are sent over the network.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the client calls itself.
    pub user_agent: &'static str,
    /// How long one request may take, from connecting to the last byte of its answer.
    pub timeout: Duration,
    /// The largest body of an answer that is read.
    pub max_response_bytes: usize,
}

/// TLS cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting up TLS failed: {0}")]
pub struct SetUpError(String);

/// A way to send one request and read its whole answer.
#[derive(Clone)]
pub struct Transport(BoxCloneSyncService<Request<Bytes>, Response<Bytes>, TransportError>);

/// Why there is no answer. Texts name no address and no header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The request never left, for example because no connection came about.
    /// Sending it again is safe, even if it is a mutation.
    #[error("the request was not sent: {0}")]
    NotSent(String),
    /// The request may have arrived, and the answer did not.
    #[error("the answer did not arrive: {0}")]
    NoAnswer(String),
    /// The answer is larger than allowed.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Transport {
    /// HTTPS by reqwest and rustls, without following redirects (a token must
    /// not travel to another host).
    ///
    /// # Errors
    /// [`SetUpError`] when TLS cannot be set up.
    pub fn https(options: Options) -> Result<Self, SetUpError> {
        https::Https::new(options).map(Self::from_service)
    }

    /// Any tower service that answers requests.
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>, Error = TransportError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service))
    }

    /// The same transport with something around it, such as what measures it.
    #[must_use]
    pub fn wrapped<S>(
        self,
        wrap: impl FnOnce(BoxCloneSyncService<Request<Bytes>, Response<Bytes>, TransportError>) -> S,
    ) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>, Error = TransportError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self::from_service(wrap(self.0))
    }

    /// A function that always answers, such as a server in the same process.
    pub fn from_fn<F, Fut>(answer: F) -> Self
    where
        F: Fn(Request<Bytes>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let service = tower::service_fn(move |request| {
            let answer = answer(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        Self::from_service(service.map_err(|never: Infallible| match never {}))
    }

    /// Sends one request and reads the whole answer.
    ///
    /// # Errors
    /// [`TransportError`], which tells whether the request can have arrived.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.0.clone().oneshot(request).await
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}

#[cfg(test)]
mod tests;
