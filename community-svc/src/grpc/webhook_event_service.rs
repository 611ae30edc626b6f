//! Every method of `WebhookEventService`, led to its family.

use community_proto::v1 as pb;
use community_proto::v1::webhook_event_service_server::WebhookEventService;
use tonic::{Request, Response, Status};

use super::{WebhookEvents, enabled, webhook_answers, webhook_events};

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
