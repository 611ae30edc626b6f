//! Limits of a call: its deadline, its token, and how many there may be at once.

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{ErrorReason, GetMemberRequest, GetStatusRequest};
use integration_tests::{Failure, Program, Sandbox, ports, tools};
use prost::Message as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;

use crate::raw_grpc;

const TOKEN: &str = "token-of-the-crm";

#[tokio::test]
async fn a_call_that_outlives_its_deadline_is_deadline_exceeded() {
    let sandbox = Sandbox::start().await;
    let late = json!({ "value": 20_000, "operation": "member" });
    sandbox.fake.fault("latency_ms", late).await;
    // The generated client would give up by itself and not listen to the answer.
    let status = raw_grpc::call(
        &sandbox,
        "/community.v1.CommunityService/GetMember",
        &[("grpc-timeout", "300m")],
        nobody().encode_to_vec(),
    )
    .await;
    let _checked = Failure::read(&status).is(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded);
}

#[tokio::test]
async fn more_calls_at_once_than_allowed_are_refused_and_health_still_answers() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_MAX_CONCURRENT_CALLS", "1")
        .start()
        .await;
    let late = json!({ "count": 1, "value": 3_000, "operation": "member" });
    sandbox.fake.fault("latency_ms", late).await;
    let mut busy = sandbox.clients.community();
    let first = async {
        loop {
            match busy.get_member(nobody()).await {
                // The edge asks for the status now and then, and has the place just now.
                Err(status) if status.code() == Code::ResourceExhausted => {}
                answer => break answer,
            }
        }
    };
    let others = async {
        sandbox.fake.struck("latency_ms").await;
        let request = HealthCheckRequest::default();
        sandbox.clients.health().check(request).await.unwrap();
        let answer = sandbox
            .clients
            .community()
            .get_status(GetStatusRequest {})
            .await;
        let failure = Failure::of(answer).is(Code::ResourceExhausted, ErrorReason::Overloaded);
        assert!(failure.retry_after.is_some());
    };
    let (first, ()) = tokio::join!(first, others);
    let _checked = Failure::of(first).is(Code::NotFound, ErrorReason::MemberNotFound);
    sandbox
        .clients
        .community()
        .get_status(GetStatusRequest {})
        .await
        .unwrap();
}

#[tokio::test]
async fn without_a_known_token_nobody_is_served_but_health_probes() {
    let (edge, crm) = (hash("token-of-the-edge"), hash(TOKEN));
    let auth = format!("edge:{edge}:ingest, crm:{crm}:read");
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_AUTH", &auth)
        .edge_setting("COMMUNITY_SVC_TOKEN", "token-of-the-edge")
        .start()
        .await;
    for header in [
        None,
        Some("Bearer wrong"),
        Some(TOKEN),
        Some("Basic abc"),
        Some("Bearer "),
    ] {
        let failure = Failure::read(&status(&sandbox, header).await.unwrap_err());
        let failure = failure.is(Code::Unauthenticated, ErrorReason::Unauthenticated);
        assert!(!failure.message.contains("wrong"));
    }
    status(&sandbox, Some(&format!("Bearer {TOKEN}")))
        .await
        .unwrap();
    let request = HealthCheckRequest::default();
    sandbox.clients.health().check(request).await.unwrap();
    // The edge has a token of its own.
    let body = json!({ "type": "SUBSCRIPTION", "data": { "id": "6f".repeat(16) } });
    assert_eq!(
        sandbox
            .clients
            .send_webhook(body.to_string())
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn an_edge_with_the_wrong_token_takes_no_webhook_and_says_which_setting() {
    let sandbox = Sandbox::builder()
        .service_setting(
            "COMMUNITY_SVC_AUTH",
            &format!("edge:{}:ingest", hash("right")),
        )
        .edge_setting("COMMUNITY_SVC_TOKEN", "wrong")
        .acknowledging_when_stored()
        .start_listening()
        .await;
    let body = json!({ "type": "SUBSCRIPTION", "data": { "id": "7f".repeat(16) } });
    assert_eq!(
        sandbox
            .clients
            .send_webhook(body.to_string())
            .await
            .status(),
        503
    );
    sandbox.edge.line_with("COMMUNITY_SVC_TOKEN").await;
}

#[tokio::test]
async fn the_service_does_not_listen_beyond_this_machine_without_authentication() {
    let sandbox = Sandbox::start().await;
    let address = ports::free();
    let mut program = Program::new(
        "community-svc",
        &tools::built("community-svc"),
        sandbox.folder(),
        &[],
    );
    program.set("TESTING_MODE", "true");
    program.set(
        "COMMUNITY_SVC_LISTEN",
        &format!("0.0.0.0:{}", address.port()),
    );
    let status = program.run_to_end().await;
    assert_eq!(status.code(), Some(78));
    assert!(
        program.log().contains("COMMUNITY_SVC_AUTH"),
        "{}",
        program.log()
    );
}

async fn status(sandbox: &Sandbox, authorization: Option<&str>) -> Result<(), Status> {
    let mut request = Request::new(GetStatusRequest {});
    if let Some(value) = authorization {
        let value = MetadataValue::try_from(value).unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    sandbox
        .clients
        .community()
        .get_status(request)
        .await
        .map(drop)
}

fn nobody() -> GetMemberRequest {
    GetMemberRequest {
        identifier: Some(Identifier::MemberId("nobody0000".to_owned())),
        read_options: None,
    }
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}
