//! Every method of `ActivityService`, led to its family.

use community_proto::v1 as pb;
use community_proto::v1::activity_service_server::ActivityService;
use tonic::{Request, Response, Status};

use super::{Activities, activities, enabled};

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
