//! The gRPC server: every service it has behind the layers.

use community_proto::v1::activity_service_server::ActivityServiceServer;
use community_proto::v1::community_service_server::CommunityServiceServer;
use community_proto::v1::webhook_event_service_server::WebhookEventServiceServer;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::Routes;

use crate::grpc::member_answer::GetMember;
use crate::grpc::{Activities, Community, WebhookEvents};
use crate::layers::{Inbound, Layers};
use crate::services::{ByName, Services};

/// Largest message we decode: a full batch of the largest webhooks does not fit, so
/// the edge bounds its batches by bytes as well.
pub const MAX_MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// What the server is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) community: Community,
    pub(crate) webhook_events: WebhookEvents,
    pub(crate) activities: Activities,
    pub(crate) layers: Layers,
}

/// All services behind all layers.
pub(crate) fn service<H, V, A>(
    parts: Parts,
    health: H,
    reflection: V,
    reflection_alpha: A,
) -> Inbound<Services>
where
    H: GrpcService,
    V: GrpcService,
    A: GrpcService,
{
    let services = ByName {
        get_member: GetMember::new(parts.community.clone(), MAX_MESSAGE_BYTES),
        community: CommunityServiceServer::new(parts.community)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .accept_compressed(Gzip)
            .send_compressed(Gzip),
        webhook_events: WebhookEventServiceServer::new(parts.webhook_events)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(usize::MAX)
            .accept_compressed(Gzip)
            .send_compressed(Gzip),
        activities: ActivityServiceServer::new(parts.activities)
            .accept_compressed(Gzip)
            .send_compressed(Gzip),
        others: Routes::new(health)
            .add_service(reflection)
            .add_service(reflection_alpha)
            .prepare(),
    };
    Inbound::new(parts.layers, services.into())
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
