//! Every method of `CommunityService`, led to its family.

use community_proto::v1 as pb;
use community_proto::v1::community_service_server::CommunityService;
use tonic::{Request, Response, Status};

use super::{
    Community, calendar, convert, direct_messages, enabled, event_types, links, member_management,
    members, posts, reactions, replies, spaces, status,
};

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

    async fn link_members(
        &self,
        request: Request<pb::LinkMembersRequest>,
    ) -> Result<Response<pb::LinkMembersResponse>, Status> {
        enabled(self.enabled)?;
        Ok(Response::new(
            links::link(self, request.into_inner()).await?,
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
