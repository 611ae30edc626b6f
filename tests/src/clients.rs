//! Clients as a user of the system has them: gRPC to the service, HTTP to the edge.

use std::net::SocketAddr;
use std::time::Duration;

use community_proto::v1::community_service_client::CommunityServiceClient;
use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::health_client::HealthClient;

use crate::eventually::eventually;
use crate::signing;

/// No answer takes longer than this in a test that goes well.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Ways into the system.
#[derive(Debug, Clone)]
pub struct Clients {
    service: SocketAddr,
    edge: SocketAddr,
    secret: String,
    http: reqwest::Client,
}

impl Clients {
    /// Clients of a service and an edge; `secret` signs webhooks.
    #[must_use]
    pub fn new(service: SocketAddr, edge: SocketAddr, secret: &str) -> Self {
        Self {
            service,
            edge,
            secret: secret.to_owned(),
            http: http(),
        }
    }

    /// The same clients, of a service elsewhere.
    #[must_use]
    pub fn with_service(&self, service: SocketAddr) -> Self {
        Self {
            service,
            ..self.clone()
        }
    }

    /// Where the service listens.
    #[must_use]
    pub fn service_address(&self) -> SocketAddr {
        self.service
    }

    /// Where the edge listens.
    #[must_use]
    pub fn edge_address(&self) -> SocketAddr {
        self.edge
    }

    /// A channel to the service, that connects at its first call and again after
    /// every restart.
    #[must_use]
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.service))
            .expect("an address makes a URL")
            .timeout(TIMEOUT)
            .connect_lazy()
    }

    /// `community.v1.CommunityService`.
    #[must_use]
    pub fn community(&self) -> CommunityServiceClient<Channel> {
        CommunityServiceClient::new(self.channel())
    }

    /// `community.v1.WebhookEventService`.
    #[must_use]
    pub fn webhook_events(&self) -> WebhookEventServiceClient<Channel> {
        WebhookEventServiceClient::new(self.channel())
    }

    /// `grpc.health.v1.Health`.
    #[must_use]
    pub fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.channel())
    }

    /// A plain HTTP client.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A URL of the edge; the path begins with a slash.
    #[must_use]
    pub fn edge_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.edge)
    }

    /// Reads from the edge.
    pub async fn get_edge(&self, path: &str) -> reqwest::Response {
        self.http
            .get(self.edge_url(path))
            .send()
            .await
            .expect("the edge answers")
    }

    /// Sends a webhook as BetterMode does: signed now, to the one path.
    pub async fn send_webhook(&self, body: impl Into<Vec<u8>>) -> reqwest::Response {
        self.signed_webhook("/webhooks/bettermode", body.into())
            .send()
            .await
            .expect("the edge answers")
    }

    /// Sends a webhook again and again, as BetterMode does, until it is taken.
    pub async fn send_webhook_until_taken(&self, body: &str) {
        eventually("the webhook is taken", async || {
            match self.send_webhook(body).await.status().as_u16() {
                200 => Ok(()),
                status => Err(status.to_string()),
            }
        })
        .await;
    }

    /// A request signed now, to be changed before it is sent.
    pub fn signed_webhook(&self, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let timestamp = signing::timestamp_now();
        let signature = signing::sign(&self.secret, &timestamp, &body);
        self.http
            .post(self.edge_url(path))
            .header("Content-Type", "application/json")
            .header(signing::TIMESTAMP_HEADER, timestamp)
            .header(signing::SIGNATURE_HEADER, signature)
            .body(body)
    }
}

/// An HTTP client that uses no proxy and does not wait for ever.
#[must_use]
pub fn http() -> reqwest::Client {
    // Somebody else may have been first, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .expect("the client's settings are valid")
}
