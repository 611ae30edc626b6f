//! The RPCs: check, call, convert. Proto types stop here.

use std::sync::Arc;

use community_proto::v1 as pb;
use community_proto::v1::activity_service_server::ActivityService;
use community_proto::v1::community_service_server::CommunityService;
use community_proto::v1::webhook_event_service_server::WebhookEventService;
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use crate::direct_messages::DirectMessages;
use crate::error::Error;
use crate::events::SharedEventStore;
use crate::events::replay::Preview;
use crate::health::Health;
use crate::members::Members;
use crate::metrics::Metrics;
use crate::posts::Posts;
use crate::projections::Effects;
use crate::writes::Writes;

mod activities;
mod convert;
mod direct_messages;
pub(crate) mod member_answer;
mod members;
mod page_token;
mod posts;
mod status;
mod validate;
mod webhook_answers;
mod webhook_events;

/// What `CommunityService` needs.
#[derive(Debug, Clone)]
pub(crate) struct Community {
    pub(crate) enabled: bool,
    pub(crate) members: Members,
    pub(crate) posts: Posts,
    pub(crate) direct_messages: DirectMessages,
    pub(crate) writes: Writes,
    pub(crate) health: Health,
}

/// What `WebhookEventService` needs.
#[derive(Debug, Clone)]
pub(crate) struct WebhookEvents {
    pub(crate) enabled: bool,
    pub(crate) store: SharedEventStore,
    pub(crate) metrics: Metrics,
    pub(crate) clock: SharedClock,
    /// Ends every watch.
    pub(crate) shutdown: Shutdown,
    /// Places for watchers.
    pub(crate) watchers: Arc<Semaphore>,
    /// Who knows what a replay would change.
    pub(crate) preview: Arc<dyn Preview>,
}

/// What `ActivityService` needs.
#[derive(Debug, Clone)]
pub(crate) struct Activities {
    pub(crate) enabled: bool,
    pub(crate) events: SharedEventStore,
    pub(crate) effects: Effects,
}

#[tonic::async_trait]
impl CommunityService for Community {
    async fn get_member(
        &self,
        request: Request<pb::GetMemberRequest>,
    ) -> Result<Response<pb::GetMemberResponse>, Status> {
        enabled(self.enabled)?;
        // The contract's own way; calls from outside take `member_answer`'s.
        let read = members::get(self, request.into_inner()).await?;
        Ok(Response::new(pb::GetMemberResponse {
            freshness: Some(convert::freshness(&read)),
            member: read.value().map(convert::member),
        }))
    }

    async fn get_member_by_email(
        &self,
        request: Request<pb::GetMemberByEmailRequest>,
    ) -> Result<Response<pb::GetMemberByEmailResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            members::get_by_email(self, request.into_inner()).await?,
        ))
    }

    async fn batch_get_members(
        &self,
        request: Request<pb::BatchGetMembersRequest>,
    ) -> Result<Response<pb::BatchGetMembersResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            members::batch_get(self, request.into_inner()).await?,
        ))
    }

    async fn invalidate_member(
        &self,
        request: Request<pb::InvalidateMemberRequest>,
    ) -> Result<Response<pb::InvalidateMemberResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            members::invalidate(self, request.into_inner()).await?,
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

    type WatchWebhookEventsStream = webhook_events::Stream;

    async fn answer_webhook(
        &self,
        request: Request<pb::AnswerWebhookRequest>,
    ) -> Result<Response<pb::AnswerWebhookResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(webhook_answers::answer(
            request.into_inner(),
        )?))
    }

    async fn get_webhook_event(
        &self,
        request: Request<pb::GetWebhookEventRequest>,
    ) -> Result<Response<pb::GetWebhookEventResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            webhook_events::get(self, request.into_inner()).await?,
        ))
    }

    async fn replay_webhook_events(
        &self,
        request: Request<pb::ReplayWebhookEventsRequest>,
    ) -> Result<Response<pb::ReplayWebhookEventsResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            webhook_events::replay(self, request.into_inner()).await?,
        ))
    }

    async fn list_dead_letters(
        &self,
        request: Request<pb::ListDeadLettersRequest>,
    ) -> Result<Response<pb::ListDeadLettersResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            webhook_events::dead_letters(self, request.into_inner()).await?,
        ))
    }

    async fn watch_webhook_events(
        &self,
        request: Request<pb::WatchWebhookEventsRequest>,
    ) -> Result<Response<Self::WatchWebhookEventsStream>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            webhook_events::watch(self, request.into_inner()).await?,
        ))
    }
}

#[tonic::async_trait]
impl ActivityService for Activities {
    async fn list_member_activities(
        &self,
        request: Request<pb::ListMemberActivitiesRequest>,
    ) -> Result<Response<pb::ListMemberActivitiesResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            activities::list(self, request.into_inner()).await?,
        ))
    }

    async fn get_activity_summary(
        &self,
        request: Request<pb::GetActivitySummaryRequest>,
    ) -> Result<Response<pb::GetActivitySummaryResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            activities::summarise(self, request.into_inner()).await?,
        ))
    }

    async fn erase_member_data(
        &self,
        request: Request<pb::EraseMemberDataRequest>,
    ) -> Result<Response<pb::EraseMemberDataResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            activities::erase(self, request.into_inner()).await?,
        ))
    }
}

fn enabled(enabled: bool) -> Result<(), Error> {
    if enabled {
        Ok(())
    } else {
        Err(Error::IntegrationDisabled)
    }
}
