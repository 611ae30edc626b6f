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

use crate::calendar::Calendar;
use crate::direct_messages::DirectMessages;
use crate::error::Error;
use crate::event_types::EventTypes;
use crate::events::SharedEventStore;
use crate::events::replay::Preview;
use crate::health::Health;
use crate::members::Members;
use crate::metrics::Metrics;
use crate::posts::Posts;
use crate::projections::Effects;
use crate::reactions::Reactions;
use crate::replies::Replies;
use crate::spaces::Spaces;
use crate::writes::Writes;

mod activities;
mod calendar;
mod calendar_details;
mod convert;
mod direct_messages;
mod event_types;
mod keyed;
pub(crate) mod member_answer;
mod member_management;
mod members;
mod page_token;
mod post_answers;
mod post_values;
mod posts;
mod reactions;
mod replies;
mod spaces;
mod status;
mod validate;
mod webhook_answers;
mod webhook_events;

/// What `CommunityService` needs.
#[derive(Debug, Clone)]
pub(crate) struct Community {
    pub(crate) enabled: bool,
    pub(crate) members: Members,
    pub(crate) spaces: Spaces,
    pub(crate) event_types: EventTypes,
    pub(crate) posts: Posts,
    pub(crate) replies: Replies,
    pub(crate) reactions: Reactions,
    pub(crate) direct_messages: DirectMessages,
    pub(crate) writes: Writes,
    pub(crate) calendar: Calendar,
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

    async fn list_members(
        &self,
        request: Request<pb::ListMembersRequest>,
    ) -> Result<Response<pb::ListMembersResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            member_management::list(self, request.into_inner()).await?,
        ))
    }

    async fn update_member(
        &self,
        request: Request<pb::UpdateMemberRequest>,
    ) -> Result<Response<pb::UpdateMemberResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            member_management::update(self, request.into_inner()).await?,
        ))
    }

    async fn invite_members(
        &self,
        request: Request<pb::InviteMembersRequest>,
    ) -> Result<Response<pb::InviteMembersResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            member_management::invite(self, request.into_inner()).await?,
        ))
    }

    async fn list_spaces(
        &self,
        request: Request<pb::ListSpacesRequest>,
    ) -> Result<Response<pb::ListSpacesResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            spaces::list(self, request.into_inner()).await?,
        ))
    }

    async fn get_space(
        &self,
        request: Request<pb::GetSpaceRequest>,
    ) -> Result<Response<pb::GetSpaceResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            spaces::get(self, request.into_inner()).await?,
        ))
    }

    async fn list_space_members(
        &self,
        request: Request<pb::ListSpaceMembersRequest>,
    ) -> Result<Response<pb::ListSpaceMembersResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            spaces::list_members(self, request.into_inner()).await?,
        ))
    }

    async fn add_space_member(
        &self,
        request: Request<pb::AddSpaceMemberRequest>,
    ) -> Result<Response<pb::AddSpaceMemberResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            spaces::add_member(self, request.into_inner()).await?,
        ))
    }

    async fn remove_space_member(
        &self,
        request: Request<pb::RemoveSpaceMemberRequest>,
    ) -> Result<Response<pb::RemoveSpaceMemberResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            spaces::remove_member(self, request.into_inner()).await?,
        ))
    }

    async fn list_event_types(
        &self,
        request: Request<pb::ListEventTypesRequest>,
    ) -> Result<Response<pb::ListEventTypesResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            event_types::list(self, request.into_inner()).await?,
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

    async fn list_direct_messages(
        &self,
        request: Request<pb::ListDirectMessagesRequest>,
    ) -> Result<Response<pb::ListDirectMessagesResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            direct_messages::list(self, request.into_inner()).await?,
        ))
    }

    async fn schedule_event(
        &self,
        request: Request<pb::ScheduleEventRequest>,
    ) -> Result<Response<pb::ScheduleEventResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            calendar::schedule(self, request.into_inner()).await?,
        ))
    }

    async fn update_event(
        &self,
        request: Request<pb::UpdateEventRequest>,
    ) -> Result<Response<pb::UpdateEventResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            calendar::update(self, request.into_inner()).await?,
        ))
    }

    async fn cancel_event(
        &self,
        request: Request<pb::CancelEventRequest>,
    ) -> Result<Response<pb::CancelEventResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            calendar::cancel(self, request.into_inner()).await?,
        ))
    }

    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            calendar::list(self, request.into_inner()).await?,
        ))
    }

    async fn register_for_event(
        &self,
        request: Request<pb::RegisterForEventRequest>,
    ) -> Result<Response<pb::RegisterForEventResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            calendar::register(self, request.into_inner()).await?,
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

    async fn get_post(
        &self,
        request: Request<pb::GetPostRequest>,
    ) -> Result<Response<pb::GetPostResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(posts::get(self, request.into_inner()).await?))
    }

    async fn list_posts(
        &self,
        request: Request<pb::ListPostsRequest>,
    ) -> Result<Response<pb::ListPostsResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            posts::list(self, request.into_inner()).await?,
        ))
    }

    async fn update_post(
        &self,
        request: Request<pb::UpdatePostRequest>,
    ) -> Result<Response<pb::UpdatePostResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            posts::update(self, request.into_inner()).await?,
        ))
    }

    async fn delete_post(
        &self,
        request: Request<pb::DeletePostRequest>,
    ) -> Result<Response<pb::DeletePostResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            posts::delete(self, request.into_inner()).await?,
        ))
    }

    async fn create_reply(
        &self,
        request: Request<pb::CreateReplyRequest>,
    ) -> Result<Response<pb::CreateReplyResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            replies::create(self, request.into_inner()).await?,
        ))
    }

    async fn list_replies(
        &self,
        request: Request<pb::ListRepliesRequest>,
    ) -> Result<Response<pb::ListRepliesResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            replies::list(self, request.into_inner()).await?,
        ))
    }

    async fn add_reaction(
        &self,
        request: Request<pb::AddReactionRequest>,
    ) -> Result<Response<pb::AddReactionResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            reactions::add(self, request.into_inner()).await?,
        ))
    }

    async fn remove_reaction(
        &self,
        request: Request<pb::RemoveReactionRequest>,
    ) -> Result<Response<pb::RemoveReactionResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            reactions::remove(self, request.into_inner()).await?,
        ))
    }

    async fn list_reactions(
        &self,
        request: Request<pb::ListReactionsRequest>,
    ) -> Result<Response<pb::ListReactionsResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            reactions::list(self, request.into_inner()).await?,
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
    ) -> Result<Response<webhook_events::Stream>, Status> {
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
