//! The way to Notion: HTTPS, or a server in the same process.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

mod https;

use crate::config::Config;
use crate::error::Error;

/// Carries a request and brings the answer.
#[derive(Clone)]
pub struct Transport(BoxCloneSyncService<Request<Bytes>, Response<Bytes>, TransportError>);

/// Why there is no answer. What stands in it is safe to log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// It may have been sent and done.
    #[error("{0}")]
    NoAnswer(String),
    /// The answer is larger than what is read.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Transport {
    /// HTTPS by reqwest and rustls. Redirects are not followed, since the token would travel
    /// along.
    ///
    /// # Errors
    /// [`Error::Answer`] when TLS cannot be set up.
    pub fn https(config: &Config) -> Result<Self, Error> {
        https::Https::new(config).map(Self::from_service)
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

    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        self.0.clone().oneshot(request).await
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}
