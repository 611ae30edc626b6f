//! The RPCs: check, call, convert. Proto types stop here.

use community_proto::v1 as pb;
use community_proto::v1::community_service_server::CommunityService;
use community_proto::v1::webhook_event_service_server::WebhookEventService;
use tonic::{Request, Response, Status};

use crate::direct_messages::DirectMessages;
use crate::error::Error;
use crate::events::SharedEventStore;
use crate::health::Health;
use crate::members::Members;
use crate::metrics::Metrics;
use crate::posts::Posts;

mod convert;
mod direct_messages;
mod members;
mod page_token;
mod posts;
mod status;
mod validate;
mod webhook_events;

/// What `CommunityService` needs.
#[derive(Debug, Clone)]
pub(crate) struct Community {
    pub(crate) enabled: bool,
    pub(crate) members: Members,
    pub(crate) posts: Posts,
    pub(crate) direct_messages: DirectMessages,
    pub(crate) health: Health,
}

/// What `WebhookEventService` needs.
#[derive(Debug, Clone)]
pub(crate) struct WebhookEvents {
    pub(crate) enabled: bool,
    pub(crate) store: SharedEventStore,
    pub(crate) members: Members,
    pub(crate) metrics: Metrics,
}

#[tonic::async_trait]
impl CommunityService for Community {
    async fn get_member(
        &self,
        request: Request<pb::GetMemberRequest>,
    ) -> Result<Response<pb::GetMemberResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            members::get(self, request.into_inner()).await?,
        ))
    }

    async fn get_member_by_email(
        &self,
        request: Request<pb::GetMemberByEmailRequest>,
    ) -> Result<Response<pb::GetMemberByEmailResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            members::get_by_email(self, &request.into_inner()).await?,
        ))
    }

    async fn send_direct_message(
        &self,
        request: Request<pb::SendDirectMessageRequest>,
    ) -> Result<Response<pb::SendDirectMessageResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            direct_messages::send(self, request.into_inner()).await?,
        ))
    }

    async fn create_post(
        &self,
        request: Request<pb::CreatePostRequest>,
    ) -> Result<Response<pb::CreatePostResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            posts::create(self, request.into_inner()).await?,
        ))
    }

    async fn get_status(
        &self,
        _: Request<pb::GetStatusRequest>,
    ) -> Result<Response<pb::GetStatusResponse>, Status> {
        Ok(Response::new(status::get(self).await))
    }
}

#[tonic::async_trait]
impl WebhookEventService for WebhookEvents {
    async fn ingest_webhook_events(
        &self,
        request: Request<pb::IngestWebhookEventsRequest>,
    ) -> Result<Response<pb::IngestWebhookEventsResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            webhook_events::ingest(self, request.into_inner()).await?,
        ))
    }

    async fn list_webhook_events(
        &self,
        request: Request<pb::ListWebhookEventsRequest>,
    ) -> Result<Response<pb::ListWebhookEventsResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            webhook_events::list(self, request.into_inner()).await?,
        ))
    }

    type WatchWebhookEventsStream =
        futures::stream::BoxStream<'static, Result<pb::WatchWebhookEventsResponse, Status>>;

    async fn answer_webhook(
        &self,
        _request: Request<pb::AnswerWebhookRequest>,
    ) -> Result<Response<pb::AnswerWebhookResponse>, Status> {
        Err(Status::unimplemented("answer_webhook"))
    }

    async fn get_webhook_event(
        &self,
        _request: Request<pb::GetWebhookEventRequest>,
    ) -> Result<Response<pb::GetWebhookEventResponse>, Status> {
        Err(Status::unimplemented("get_webhook_event"))
    }

    async fn replay_webhook_events(
        &self,
        _request: Request<pb::ReplayWebhookEventsRequest>,
    ) -> Result<Response<pb::ReplayWebhookEventsResponse>, Status> {
        Err(Status::unimplemented("replay_webhook_events"))
    }

    async fn list_dead_letters(
        &self,
        _request: Request<pb::ListDeadLettersRequest>,
    ) -> Result<Response<pb::ListDeadLettersResponse>, Status> {
        Err(Status::unimplemented("list_dead_letters"))
    }

    async fn watch_webhook_events(
        &self,
        _request: Request<pb::WatchWebhookEventsRequest>,
    ) -> Result<Response<Self::WatchWebhookEventsStream>, Status> {
        Err(Status::unimplemented("watch_webhook_events"))
    }
}

fn enabled(enabled: bool) -> Result<(), Error> {
    if enabled {
        Ok(())
    } else {
        Err(Error::IntegrationDisabled)
    }
}
