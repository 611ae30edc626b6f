//! Every service that can be reached, by its name.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use community_proto::v1::activity_service_server::{self, ActivityServiceServer};
use community_proto::v1::community_service_server::{self, CommunityServiceServer};
use community_proto::v1::webhook_event_service_server::{self, WebhookEventServiceServer};
use futures::future::BoxFuture;
use tonic::service::Routes;
use tower::Service;

use crate::grpc::member_answer::{self, GetMember};
use crate::grpc::{Activities, Community, WebhookEvents};
use crate::layers::{Request, Response};

/// The services; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Services(Arc<ByName>);

/// The parts of [`Services`].
#[derive(Debug)]
pub(crate) struct ByName {
    pub(crate) get_member: GetMember,
    pub(crate) community: CommunityServiceServer<Community>,
    pub(crate) webhook_events: WebhookEventServiceServer<WebhookEvents>,
    pub(crate) activities: ActivityServiceServer<Activities>,
    /// Everything else, and the answer to names that nothing has.
    pub(crate) others: Routes,
}

impl From<ByName> for Services {
    fn from(services: ByName) -> Self {
        Self(Arc::new(services))
    }
}

impl Service<Request> for Services {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let services = &*self.0;
        let path = request.uri().path();
        if path == member_answer::PATH {
            // The hot read: its answers are kept as bytes.
            return services.get_member.clone().call(request);
        }
        // Ours are called past the router, whose boxes around request and answer cost
        // as much as all layers together.
        match name(path) {
            community_service_server::SERVICE_NAME => services.community.clone().call(request),
            webhook_event_service_server::SERVICE_NAME => {
                services.webhook_events.clone().call(request)
            }
            activity_service_server::SERVICE_NAME => services.activities.clone().call(request),
            _ => Box::pin(services.others.clone().call(request)),
        }
    }
}

/// The service in `/service/method`.
fn name(path: &str) -> &str {
    path.strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .map_or("", |(service, _)| service)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_path_names_its_service() {
        for (path, service) in [
            ("/a.v1.B/C", "a.v1.B"),
            ("/a.v1.B/", "a.v1.B"),
            ("/a.v1.B", ""),
            ("a.v1.B/C", ""),
            ("*", ""),
            ("", ""),
        ] {
            assert_eq!(name(path), service, "{path:?}");
        }
    }
}
