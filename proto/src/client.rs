//! A client that keeps going while single replicas do not.
//!
//! ```text
//! generated client -> Client: deadline, token, retries -> Addresses -> one channel each
//! ```
//!
//! [`Client`](crate::client::Client) stands below the generated clients, so that these stay as they are. A call
//! goes to the address with the fewest open calls. What no server has begun with goes to
//! another address at once; what failed is sent again as the [`ServiceConfig`](crate::client::ServiceConfig) allows:
//!
//! - **reads** when the service could not be reached or had no room,
//! - **writes** only when that cannot do anything twice: the server never began with the
//!   call, the service itself says that nothing was changed, or the request carries a
//!   `request_id`.
//!
//! A server's `grpc-retry-pushback-ms` and `RetryInfo` are waited for, and all retries
//! share a [budget](crate::client::Throttling), so that they do not keep a service down that is down.
//!
//! An error without `google.rpc.ErrorInfo` was made by this client, or by something
//! between it and the service: the service's own ones all have it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::HeaderValue;
use tonic::body::Body;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::v1::activity_service_client::ActivityServiceClient;
use crate::v1::community_service_client::CommunityServiceClient;
use crate::v1::webhook_event_service_client::WebhookEventServiceClient;

mod addresses;
mod budget;
mod call;
mod decide;
mod outcome;
mod service_config;

#[cfg(test)]
mod tests;

pub use service_config::{ConfigError, MethodConfig, RetryPolicy, ServiceConfig, Throttling};

use addresses::Addresses;
use call::Shared;

/// How long connecting may take before another address is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a connection with open calls is checked for life, and how long that may take.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(5));

/// Where randomness comes from: a number from 0 up to, and without, 1.
pub type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Why no client can be made; each is a mistake in what it was given.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is no address.
    #[error("name at least one address of the service, such as http://10.0.0.1:50051")]
    NoAddress,
    /// An address or the TLS settings cannot be used.
    #[error("{address} cannot be used as an address of the service")]
    Address {
        /// The address as it was given.
        address: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// The token holds what no header can carry; it is not shown.
    #[error("the token holds characters that no header can carry")]
    Token,
}

/// The way to the service; cheap to clone, and every clone shares the connections and
/// the budget of retries.
///
/// It is the transport of the generated clients: `CommunityServiceClient::new(client)`,
/// or [`Client::community`]. Dropping a call ends it.
#[derive(Debug, Clone)]
pub struct Client(Arc<Shared<Channel>>);

/// What a [`Client`] is made of.
pub struct Builder {
    addresses: Vec<String>,
    random: Random,
    token: Option<String>,
    timeout: Option<Duration>,
    config: ServiceConfig,
    tls: Option<ClientTlsConfig>,
}

impl Client {
    /// Begins a client of these addresses: `http://host:port` each, or `https://`. One
    /// address is enough; of several, calls go to those that answer. `random` gives
    /// numbers from 0 up to, and without, 1, so that clients do not call all at once.
    pub fn builder<A: Into<String>>(
        addresses: impl IntoIterator<Item = A>,
        random: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Builder {
        Builder {
            addresses: addresses.into_iter().map(Into::into).collect(),
            random: Arc::new(random),
            token: None,
            timeout: None,
            config: ServiceConfig::shipped(),
            tls: None,
        }
    }

    /// `community.v1.CommunityService`.
    #[must_use]
    pub fn community(&self) -> CommunityServiceClient<Self> {
        CommunityServiceClient::new(self.clone())
    }

    /// `community.v1.WebhookEventService`.
    #[must_use]
    pub fn webhook_events(&self) -> WebhookEventServiceClient<Self> {
        WebhookEventServiceClient::new(self.clone())
    }

    /// `community.v1.ActivityService`.
    #[must_use]
    pub fn activities(&self) -> ActivityServiceClient<Self> {
        ActivityServiceClient::new(self.clone())
    }
}

impl Builder {
    /// Sends this bearer token with every call that has no `authorization` of its own.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// How long a call may take in all, retries included, where the call itself does not
    /// say; instead of the service config's time-outs. Streams have none.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Retries by this config instead of the shipped one.
    #[must_use]
    pub fn service_config(mut self, config: ServiceConfig) -> Self {
        self.config = config;
        self
    }

    /// What `https` addresses trust, and the certificate that is shown to them.
    #[must_use]
    pub fn tls(mut self, tls: ClientTlsConfig) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The client. It connects at its first call, and again whenever a connection ends.
    ///
    /// Needs a tokio runtime, which drives the connections.
    ///
    /// # Errors
    /// [`SetupError`], which says what to correct.
    pub fn build(self) -> Result<Client, SetupError> {
        if self.addresses.is_empty() {
            return Err(SetupError::NoAddress);
        }
        let channels = self
            .addresses
            .iter()
            .map(|address| {
                channel(address, self.tls.as_ref()).map_err(|source| SetupError::Address {
                    address: address.clone(),
                    source,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let bearer = self.token.as_deref().map(bearer).transpose()?;
        Ok(Client(Arc::new(Shared {
            addresses: Addresses::new(channels),
            budget: budget::Budget::new(self.config.throttling()),
            config: self.config,
            timeout: self.timeout,
            bearer,
            random: self.random,
        })))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("addresses", &self.addresses)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl tower::Service<http::Request<Body>> for Client {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Which connection a call takes is decided when it is there.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { Ok(shared.call(request).await) })
    }
}

fn channel(
    address: &str,
    tls: Option<&ClientTlsConfig>,
) -> Result<Channel, tonic::transport::Error> {
    let (interval, timeout) = KEEPALIVE;
    let mut endpoint = Endpoint::from_shared(address.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(interval)
        .keep_alive_timeout(timeout);
    if let Some(tls) = tls {
        endpoint = endpoint.tls_config(tls.clone())?;
    }
    Ok(endpoint.connect_lazy())
}

fn bearer(token: &str) -> Result<HeaderValue, SetupError> {
    let mut value =
        HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| SetupError::Token)?;
    // So that no log of headers shows it.
    value.set_sensitive(true);
    Ok(value)
}
