//! Writes with a request id: they happen once, however often they are called and
//! whatever happens in between.

use std::time::Duration;

use community_proto::v1::{DirectMessage, ErrorReason, SendDirectMessageRequest};
use integration_tests::{Clients, Failure, Sandbox, SandboxBuilder, eventually};
use serde_json::json;
use tonic::{Code, Request};

use crate::direct_messages::message;
use crate::scopes::hash;

const ID: &str = "6f4d2a0e-0d7e-4a35-9a5b-2f1c5c0e8d11";
const ANOTHER: &str = "6f4d2a0e-0d7e-4a35-9a5b-2f1c5c0e8d12";

/// Each generation of networks, and the root field that sends a message there.
const NETWORKS: [(&str, &str); 2] = [
    ("newer", "sendMessageToMember"),
    ("published", "createPost"),
];

fn sandbox_of(generation: &str) -> SandboxBuilder {
    Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
        .service_setting("BETTERMODE_TIMEOUT_SECONDS", "1")
        .service_setting("COMMUNITY_SVC_WRITE_SETTLE_SECONDS", "1")
}

async fn hello(sandbox: &Sandbox, id: &str) -> SendDirectMessageRequest {
    let recipient = sandbox.fake.world().await.text("/members/0/id");
    SendDirectMessageRequest {
        request_id: id.to_owned(),
        ..message(&recipient, "Hello once")
    }
}

async fn send(
    clients: &Clients,
    request: &SendDirectMessageRequest,
) -> Result<DirectMessage, Failure> {
    let mut community = clients.community();
    match community.send_direct_message(request.clone()).await {
        Ok(answer) => Ok(answer.into_inner().direct_message.unwrap()),
        Err(status) => Err(Failure::read(&status)),
    }
}

/// Calls again as long as it is not settled.
async fn settled(
    clients: &Clients,
    request: &SendDirectMessageRequest,
) -> Result<DirectMessage, Failure> {
    eventually("it is settled", async || {
        match send(clients, request).await {
            Err(failure) if failure.reason == ErrorReason::RequestInProgress => {
                Err(failure.message)
            }
            settled => Ok(settled),
        }
    })
    .await
}

/// How many messages with these words are in the community.
async fn there(sandbox: &Sandbox) -> usize {
    let world = sandbox.fake.world().await;
    let (chats, posts) = (world.all("messages"), world.all("posts"));
    let all = chats.iter().chain(posts);
    all.filter(|one| one["content"] == "<p>Hello once</p>")
        .count()
}

#[tokio::test]
async fn the_same_request_hears_the_first_answer_again_and_another_under_its_id_is_refused() {
    for (generation, sending) in NETWORKS {
        let sandbox = sandbox_of(generation).start().await;
        let request = hello(&sandbox, ID).await;
        let first = send(&sandbox.clients, &request).await.unwrap();
        let in_capitals = SendDirectMessageRequest {
            request_id: ID.to_uppercase(),
            ..request.clone()
        };
        for same in [&request, &in_capitals] {
            assert_eq!(send(&sandbox.clients, same).await.unwrap(), first);
        }
        let other = SendDirectMessageRequest {
            request_id: ID.to_owned(),
            ..message(&request.recipient_member_id, "Hello twice")
        };
        send(&sandbox.clients, &other)
            .await
            .unwrap_err()
            .is(Code::InvalidArgument, ErrorReason::RequestIdReused)
            .about("request_id");
        assert_eq!(sandbox.fake.requests(sending).await, 1);

        // The same words under an id of their own are another message.
        let again = SendDirectMessageRequest {
            request_id: ANOTHER.to_owned(),
            ..request
        };
        let second = send(&sandbox.clients, &again).await.unwrap();
        assert_ne!(second.id, first.id);
        assert_eq!(there(&sandbox).await, 2);
    }
}

#[tokio::test]
async fn an_id_belongs_to_the_caller_who_used_it_first() {
    let auth = format!("crm:{}:write,desk:{}:write", hash("one"), hash("two"));
    let sandbox = sandbox_of("newer")
        .service_setting("COMMUNITY_SVC_AUTH", &auth)
        .edge_setting("COMMUNITY_SVC_TOKEN", "one")
        .start_listening()
        .await;
    let message = hello(&sandbox, ID).await;
    let send = async |token: &str| {
        let mut request = Request::new(message.clone());
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        sandbox
            .clients
            .community()
            .send_direct_message(request)
            .await
    };
    let first = send("one").await.unwrap().into_inner();
    assert_eq!(send("one").await.unwrap().into_inner(), first);
    let other = Failure::of(send("two").await);
    let _checked = other.is(Code::InvalidArgument, ErrorReason::RequestIdReused);
    assert_eq!(there(&sandbox).await, 1);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found_and_not_sent_again() {
    for (generation, sending) in NETWORKS {
        for fault in ["cut_body", "status_5xx_after"] {
            let sandbox = sandbox_of(generation).start().await;
            let request = hello(&sandbox, ID).await;
            sandbox.fake.fault_once(fault, sending).await;
            let failure = send(&sandbox.clients, &request).await.unwrap_err();
            let failure = failure.is(Code::Aborted, ErrorReason::RequestInProgress);
            assert_eq!(failure.retry_after, Some(Duration::from_secs(1)));
            let sent = settled(&sandbox.clients, &request).await.unwrap();
            assert_eq!(send(&sandbox.clients, &request).await.unwrap(), sent);
            assert_eq!(sandbox.fake.requests(sending).await, 1);
            assert_eq!(there(&sandbox).await, 1);
        }
    }
}

#[tokio::test]
async fn a_message_that_did_not_arrive_is_sent_again_after_a_look() {
    for (generation, sending) in NETWORKS {
        let sandbox = sandbox_of(generation).start().await;
        let request = hello(&sandbox, ID).await;
        sandbox.fake.fault_once("status_5xx", sending).await;
        let failure = send(&sandbox.clients, &request).await.unwrap_err();
        let _checked = failure.is(Code::Aborted, ErrorReason::RequestInProgress);
        assert_eq!(there(&sandbox).await, 0);
        settled(&sandbox.clients, &request).await.unwrap();
        assert_eq!(there(&sandbox).await, 1);
    }
}

#[tokio::test]
async fn a_service_that_died_while_it_sent_knows_after_its_start_what_became_of_it() {
    for (generation, sending) in NETWORKS {
        // Carried out, and not carried out.
        for (fault, requests) in [("late_answer_ms", 1), ("latency_ms", 2)] {
            let mut sandbox = sandbox_of(generation).start().await;
            let request = hello(&sandbox, ID).await;
            let late = json!({ "count": 1, "value": 60_000, "operation": sending });
            sandbox.fake.fault(fault, late).await;
            let clients = sandbox.clients.clone();
            let call = async {
                clients
                    .community()
                    .send_direct_message(request.clone())
                    .await
            };
            let death = async {
                sandbox.fake.struck(fault).await;
                sandbox.service.kill();
            };
            let (broken, ()) = tokio::join!(call, death);
            assert!(broken.is_err());
            sandbox.service.start().await;
            let early = send(&sandbox.clients, &request).await.unwrap_err();
            let _checked = early.is(Code::Aborted, ErrorReason::RequestInProgress);
            settled(&sandbox.clients, &request).await.unwrap();
            assert_eq!(sandbox.fake.requests(sending).await, requests);
            assert_eq!(there(&sandbox).await, 1);
        }
    }
}

#[tokio::test]
async fn a_caller_who_leaves_early_finds_the_answer_at_the_next_call() {
    let sandbox = sandbox_of("newer").start().await;
    let request = hello(&sandbox, ID).await;
    let late = json!({ "count": 1, "value": 600, "operation": "sendMessageToMember" });
    sandbox.fake.fault("latency_ms", late).await;
    let mut hasty = Request::new(request.clone());
    hasty.set_timeout(Duration::from_millis(100));
    let left = sandbox.clients.community().send_direct_message(hasty).await;
    assert!(left.is_err());
    settled(&sandbox.clients, &request).await.unwrap();
    assert_eq!(sandbox.fake.requests("sendMessageToMember").await, 1);
}

#[tokio::test]
async fn two_replicas_that_are_called_at_once_send_one_message() {
    let sandbox = sandbox_of("published").with_mongodb().start().await;
    let replica = sandbox.another_service().await;
    let request = hello(&sandbox, ID).await;
    let calls = [&sandbox.clients, &replica.clients, &sandbox.clients];
    let calls = calls.map(|clients| settled(clients, &request));
    let told = futures::future::join_all(calls).await;
    let ids: Vec<String> = told.into_iter().map(|told| told.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(there(&sandbox).await, 1);
}

#[tokio::test]
async fn where_equal_messages_without_an_id_are_there_it_says_that_it_cannot_know() {
    let sandbox = sandbox_of("published").start().await;
    let request = hello(&sandbox, ID).await;
    sandbox.fake.fault_once("cut_body", "createPost").await;
    let failure = send(&sandbox.clients, &request).await.unwrap_err();
    let _checked = failure.is(Code::Aborted, ErrorReason::RequestInProgress);
    send(&sandbox.clients, &hello(&sandbox, "").await)
        .await
        .unwrap();
    for _ in 0..2 {
        let failure = settled(&sandbox.clients, &request).await.unwrap_err();
        let _checked = failure.is(Code::Unknown, ErrorReason::OutcomeUnknown);
    }
    assert_eq!(sandbox.fake.requests("createPost").await, 2);
}

#[tokio::test]
async fn where_messages_bear_their_request_id_equal_ones_do_not_matter() {
    let sandbox = sandbox_of("newer").start().await;
    let request = hello(&sandbox, ID).await;
    sandbox
        .fake
        .fault_once("cut_body", "sendMessageToMember")
        .await;
    let failure = send(&sandbox.clients, &request).await.unwrap_err();
    let _checked = failure.is(Code::Aborted, ErrorReason::RequestInProgress);
    send(&sandbox.clients, &hello(&sandbox, "").await)
        .await
        .unwrap();
    let sent = settled(&sandbox.clients, &request).await.unwrap();
    let world = sandbox.fake.world().await;
    assert_eq!(world.all("messages")[0]["id"], sent.id.as_str());
    assert_eq!(there(&sandbox).await, 2);
}

#[tokio::test]
async fn a_refusal_leaves_the_id_free_for_a_corrected_request() {
    let sandbox = sandbox_of("newer").start().await;
    let nobody = SendDirectMessageRequest {
        request_id: ID.to_owned(),
        ..message("nobody0000", "Hello once")
    };
    let failure = send(&sandbox.clients, &nobody).await.unwrap_err();
    let _checked = failure.is(Code::NotFound, ErrorReason::MemberNotFound);
    let corrected = hello(&sandbox, ID).await;
    send(&sandbox.clients, &corrected).await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_while_the_intent_cannot_be_recorded() {
    let mut sandbox = sandbox_of("newer").with_own_mongodb().start().await;
    let request = hello(&sandbox, ID).await;
    sandbox.mongodb.as_mut().unwrap().program.kill();
    let failure = send(&sandbox.clients, &request).await.unwrap_err();
    let failure = failure.is(Code::Unavailable, ErrorReason::WriteStoreUnavailable);
    assert!(failure.retry_after.is_some(), "{failure:?}");
    assert_eq!(sandbox.fake.requests("sendMessageToMember").await, 0);
    // Without an id nothing needs recording.
    send(&sandbox.clients, &hello(&sandbox, "").await)
        .await
        .unwrap();
    sandbox.mongodb.as_mut().unwrap().restart().await;
    eventually("the store is back", async || {
        send(&sandbox.clients, &request)
            .await
            .map_err(|failure| failure.message)
    })
    .await;
    assert_eq!(there(&sandbox).await, 2);
}
