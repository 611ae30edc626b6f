//! The gRPC server: every layer a call passes, every service it can reach.

use std::sync::Arc;
use std::time::Duration;

use axum::middleware::{from_fn, from_fn_with_state};
use community_proto::v1::activity_service_server::ActivityServiceServer;
use community_proto::v1::community_service_server::CommunityServiceServer;
use community_proto::v1::webhook_event_service_server::WebhookEventServiceServer;
use tokio::sync::Semaphore;
use tonic::service::Routes;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::grpc::{Activities, Community, WebhookEvents};
use crate::layers::auth::{self, Keys};
use crate::layers::{complete_errors, deadline, observe, panics, request_id, shed};
use crate::metrics::Metrics;

/// Largest message we decode: a full batch of the largest webhooks does not fit, so
/// the edge bounds its batches by bytes as well.
pub const MAX_MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// What the server is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) community: Community,
    pub(crate) webhook_events: WebhookEvents,
    pub(crate) activities: Activities,
    pub(crate) metrics: Metrics,
    pub(crate) auth: Option<Keys>,
    pub(crate) max_concurrent_calls: usize,
}

/// Connection settings. Streams and headers are bounded so that one connection
/// cannot take everything; keepalive finds peers that vanished without a word.
pub(crate) fn builder() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .max_concurrent_streams(256)
        .http2_max_header_list_size(16 * 1024)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
}

/// All services behind all layers.
pub(crate) fn routes<H, V, A>(parts: Parts, health: H, reflection: V, reflection_alpha: A) -> Routes
where
    H: GrpcService,
    V: GrpcService,
    A: GrpcService,
{
    let layers = ServiceBuilder::new()
        // Outermost: everything below logs the id, and every answer carries it.
        .layer(from_fn(request_id::assign))
        // Sees the final outcome of a call, whoever made it.
        .layer(from_fn_with_state(parts.metrics, observe::record))
        // Above all that makes errors, below what counts them.
        .layer(from_fn(complete_errors::add))
        // Above our own code, so that its panics become answers.
        .layer(CatchPanicLayer::custom(panics::answer))
        // Before any work: a stranger costs nothing but this check.
        .layer(from_fn_with_state(parts.auth, auth::check))
        // After authentication, so that strangers cannot take the slots.
        .layer(from_fn_with_state(
            Arc::new(Semaphore::new(parts.max_concurrent_calls)),
            shed::limit,
        ))
        // Innermost: bounds the work itself.
        .layer(from_fn(deadline::enforce));

    let community =
        CommunityServiceServer::new(parts.community).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let webhook_events = WebhookEventServiceServer::new(parts.webhook_events)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(usize::MAX);
    Routes::new(community)
        .add_service(webhook_events)
        .add_service(ActivityServiceServer::new(parts.activities))
        .add_service(health)
        .add_service(reflection)
        .add_service(reflection_alpha)
        .into_axum_router()
        .layer(layers)
        .into()
}

/// What a gRPC service must be to be routed to.
pub(crate) trait GrpcService:
    tower::Service<
        http::Request<tonic::body::Body>,
        Response = http::Response<tonic::body::Body>,
        Error = std::convert::Infallible,
        Future: Send + 'static,
    > + tonic::server::NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> GrpcService for S where
    S: tower::Service<
            http::Request<tonic::body::Body>,
            Response = http::Response<tonic::body::Body>,
            Error = std::convert::Infallible,
            Future: Send + 'static,
        > + tonic::server::NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}
