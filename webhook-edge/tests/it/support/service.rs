//! A gRPC server that stands where `community-svc` stands: it stores in memory,
//! and fails or hangs when told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use community_proto::v1;
use community_proto::v1::community_service_server::{CommunityService, CommunityServiceServer};
use community_proto::v1::webhook_event_service_server::{
    WebhookEventService, WebhookEventServiceServer,
};
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

use super::eventually;

/// The running server.
pub(crate) struct FakeService {
    address: SocketAddr,
    world: Arc<World>,
    tasks: Tasks,
    shutdown: Shutdown,
}

/// An address that nobody answers on yet.
pub(crate) struct Place {
    socket: TcpSocket,
    address: SocketAddr,
}

#[derive(Default)]
struct World {
    stored: Mutex<Vec<v1::WebhookEvent>>,
    authorization: Mutex<String>,
    failures: Mutex<Vec<Code>>,
    states: Mutex<Vec<(String, v1::DependencyState)>>,
    held: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Place {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn open(self) -> FakeService {
        FakeService::serve(self.socket.listen(64).unwrap(), self.address)
    }
}

impl FakeService {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(listener, address)
    }

    /// Takes a port, so that nobody else does, without listening on it.
    pub(crate) fn reserve() -> Place {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = socket.local_addr().unwrap();
        Place { socket, address }
    }

    fn serve(listener: TcpListener, address: SocketAddr) -> Self {
        let (tasks, shutdown, world) = (Tasks::new(), Shutdown::new(), Arc::new(World::default()));
        let draining = shutdown.draining().clone();
        let server = Server::builder()
            .add_service(WebhookEventServiceServer::from_arc(world.clone()))
            .add_service(CommunityServiceServer::from_arc(world.clone()))
            .serve_with_incoming_shutdown(TcpIncoming::from(listener), async move {
                draining.cancelled().await;
            });
        tasks.spawn("fake service", server);
        Self {
            address,
            world,
            tasks,
            shutdown,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn stored(&self) -> Vec<v1::WebhookEvent> {
        self.world.stored.lock().unwrap().clone()
    }

    pub(crate) fn last_authorization(&self) -> String {
        self.world.authorization.lock().unwrap().clone()
    }

    /// The next `count` ingests fail with `code`.
    pub(crate) fn fail_next(&self, count: usize, code: Code) {
        *self.world.failures.lock().unwrap() = vec![code; count];
    }

    pub(crate) fn set_state(&self, part: &str, state: v1::DependencyState) {
        let mut states = self.world.states.lock().unwrap();
        states.push((part.to_owned(), state));
    }

    /// Ingests wait until [`release`](Self::release).
    pub(crate) fn hold(&self) {
        self.world.held.send_replace(true);
    }

    pub(crate) fn release(&self) {
        self.world.held.send_replace(false);
    }

    pub(crate) async fn has_a_call_waiting(&self) {
        eventually("a call waits", async || *self.world.waiting.borrow() > 0).await;
    }

    pub(crate) async fn stop(self) {
        self.shutdown.drain();
        assert!(self.tasks.finished(Duration::from_secs(20)).await);
    }
}

fn failure(code: Code) -> Status {
    #[expect(
        clippy::disallowed_methods,
        reason = "a stand-in for the service makes what the service would"
    )]
    Status::new(code, "told to fail")
}

#[async_trait]
impl WebhookEventService for World {
    async fn ingest_webhook_events(
        &self,
        request: Request<v1::IngestWebhookEventsRequest>,
    ) -> Result<Response<v1::IngestWebhookEventsResponse>, Status> {
        if let Some(value) = request.metadata().get("authorization") {
            *self.authorization.lock().unwrap() = value.to_str().unwrap().to_owned();
        }
        self.waiting.send_modify(|count| *count += 1);
        let mut held = self.held.subscribe();
        held.wait_for(|held| !held).await.unwrap();
        if let Some(code) = self.failures.lock().unwrap().pop() {
            return Err(failure(code));
        }
        let mut stored = self.stored.lock().unwrap();
        let results = request
            .into_inner()
            .events
            .into_iter()
            .map(|event| {
                let event_id = event.event_id.clone();
                let known = stored.iter().any(|other| other.event_id == event_id);
                let outcome = if known {
                    v1::IngestOutcome::Duplicate
                } else {
                    stored.push(event);
                    v1::IngestOutcome::Stored
                };
                v1::IngestResult {
                    event_id,
                    outcome: outcome.into(),
                }
            })
            .collect();
        Ok(Response::new(v1::IngestWebhookEventsResponse { results }))
    }

    async fn list_webhook_events(
        &self,
        _request: Request<v1::ListWebhookEventsRequest>,
    ) -> Result<Response<v1::ListWebhookEventsResponse>, Status> {
        Err(failure(Code::Unimplemented))
    }

    async fn answer_webhook(
        &self,
        _request: Request<v1::AnswerWebhookRequest>,
    ) -> Result<Response<v1::AnswerWebhookResponse>, Status> {
        Err(failure(Code::Unimplemented))
    }

    async fn get_webhook_event(
        &self,
        _request: Request<v1::GetWebhookEventRequest>,
    ) -> Result<Response<v1::GetWebhookEventResponse>, Status> {
        Err(failure(Code::Unimplemented))
    }

    async fn replay_webhook_events(
        &self,
        _request: Request<v1::ReplayWebhookEventsRequest>,
    ) -> Result<Response<v1::ReplayWebhookEventsResponse>, Status> {
        Err(failure(Code::Unimplemented))
    }

    async fn list_dead_letters(
        &self,
        _request: Request<v1::ListDeadLettersRequest>,
    ) -> Result<Response<v1::ListDeadLettersResponse>, Status> {
        Err(failure(Code::Unimplemented))
    }
}

#[async_trait]
impl CommunityService for World {
    async fn get_status(
        &self,
        _request: Request<v1::GetStatusRequest>,
    ) -> Result<Response<v1::GetStatusResponse>, Status> {
        let states = self.states.lock().unwrap();
        let dependencies = ["bettermode", "cache", "event_store"].map(|name| {
            let set = states.iter().rev().find(|(part, _)| part == name);
            v1::Dependency {
                name: name.to_owned(),
                kind: "fake".to_owned(),
                state: set
                    .map_or(v1::DependencyState::Up, |(_, state)| *state)
                    .into(),
                ..v1::Dependency::default()
            }
        });
        Ok(Response::new(v1::GetStatusResponse {
            status: Some(v1::Status {
                version: "7.7.7".to_owned(),
                dependencies: dependencies.to_vec(),
                ..v1::Status::default()
            }),
        }))
    }
}
