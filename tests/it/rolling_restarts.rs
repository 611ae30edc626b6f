//! One of two replicas restarts again and again under load. Clients that call the other
//! one when a call was not taken notice nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use community_proto::v1::community_service_client::CommunityServiceClient;
use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{GetMemberRequest, GetMemberResponse};
use integration_tests::{Sandbox, eventually, tools};
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::members::by_id;

/// Restarts: enough to meet every moment of one, in the time that a test may take.
const RESTARTS: usize = 10;
/// Clients that call one call after the other.
const CLIENTS: usize = 8;

/// What a client with a list of replicas does: the next one each time, and another one
/// when a call was refused before anything happened.
#[derive(Clone)]
struct Balanced {
    replicas: Vec<CommunityServiceClient<Channel>>,
    next: usize,
}

impl Balanced {
    async fn get_member(&mut self, id: &str) -> Result<Response<GetMemberResponse>, Status> {
        let request = GetMemberRequest {
            identifier: Some(Identifier::MemberId(id.to_owned())),
            read_options: None,
        };
        let mut last = None;
        // Both replicas, and each once more: one may just be back.
        for _ in 0..2 * self.replicas.len() {
            self.next = (self.next + 1) % self.replicas.len();
            match self.replicas[self.next].get_member(request.clone()).await {
                Err(status) if was_not_taken(&status) => last = Some(status),
                answer => return answer,
            }
        }
        Err(last.expect("there are replicas"))
    }
}

/// Whether nothing has happened: the service refused the call, or it never left. The
/// client's own error for a call that waited in a connection as that closed is CANCELLED;
/// a service's has no source.
fn was_not_taken(status: &Status) -> bool {
    let never_left = std::error::Error::source(status).is_some();
    status.code() == Code::Unavailable || (status.code() == Code::Cancelled && never_left)
}

/// Clients that call until they are stopped.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<(usize, Vec<Status>)>>,
}

impl Load {
    fn start(balanced: &Balanced, id: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let (mut balanced, id, stop) = (balanced.clone(), id.to_owned(), Arc::clone(&stop));
            #[expect(clippy::disallowed_methods, reason = "awaited by `stop`")]
            tokio::spawn(async move {
                let (mut answered, mut failed) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    match balanced.get_member(&id).await {
                        Ok(_) => answered += 1,
                        Err(status) => failed.push(status),
                    }
                }
                (answered, failed)
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { stop, clients }
    }

    /// How many calls were answered, and what the others failed with.
    async fn stop(self) -> (usize, Vec<Status>) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut answered, mut failed) = (0, Vec::new());
        for client in self.clients {
            let (count, failures) = client.await.expect("clients end by themselves");
            answered += count;
            failed.extend(failures);
        }
        (answered, failed)
    }
}

#[tokio::test]
async fn one_of_two_replicas_restarts_again_and_again_and_no_call_fails() {
    let sandbox = Sandbox::builder().with_redis().start().await;
    let mut replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&sandbox.clients, &id).await;
    let balanced = Balanced {
        replicas: vec![sandbox.clients.community(), replica.clients.community()],
        next: 0,
    };
    let load = Load::start(&balanced, &id);
    let restarts = tools::number_of_the_runner("TEST_RESTARTS").unwrap_or(RESTARTS);
    for _ in 0..restarts {
        let status = replica.program.terminate().await;
        assert_eq!(status.code(), Some(0), "{status}");
        replica.program.start().await;
        // It takes its share before the next restart.
        let mut back = replica.clients.community();
        let request = GetMemberRequest {
            identifier: Some(Identifier::MemberId(id.clone())),
            read_options: None,
        };
        eventually("the replica answers", async || {
            back.get_member(request.clone()).await.map(drop)
        })
        .await;
    }
    let (answered, failed) = load.stop().await;
    let first = failed.first();
    assert!(
        failed.is_empty(),
        "{} of {answered} failed: {first:?}",
        failed.len()
    );
    assert!(
        answered > 10 * restarts,
        "{answered} answers in {restarts} restarts"
    );
}
