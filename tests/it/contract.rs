//! The contract as strangers meet it: reflection, health, errors, buf.

use std::fs;
use std::process::Command;

use community_proto::v1::{ErrorReason, GetMemberRequest, GetStatusRequest};
use futures::StreamExt as _;
use integration_tests::{Failure, Sandbox, tools};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::{grpcurl, raw_grpc, repository};

const SERVICES: [&str; 2] = [
    "community.v1.CommunityService",
    "community.v1.WebhookEventService",
];

#[tokio::test]
async fn the_service_tells_strangers_what_it_offers() {
    let sandbox = Sandbox::start().await;
    // This grpcurl speaks v1alpha.
    let list = grpcurl::run(&sandbox, &[], &["list"]);
    assert!(list.succeeded, "{list:?}");
    let listed: Vec<_> = list.stdout.lines().collect();
    for service in SERVICES.iter().chain(&["grpc.health.v1.Health"]) {
        assert!(listed.contains(service), "{listed:?}");
    }
    let described = grpcurl::run(&sandbox, &[], &["describe", SERVICES[0]]);
    assert!(
        described.stdout.contains("rpc GetMember ("),
        "{described:?}"
    );
    assert!(
        described.stdout.contains("Reads one member"),
        "comments are told"
    );
    let message = grpcurl::run(&sandbox, &[], &["describe", "community.v1.Member"]);
    assert!(
        message.stdout.contains("string username = 2"),
        "{message:?}"
    );
}

#[tokio::test]
async fn reflection_is_there_in_its_first_version_too() {
    let sandbox = Sandbox::start().await;
    let mut client = ServerReflectionClient::new(sandbox.clients.channel());
    let ask = |message_request| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message_request),
    };
    let requests = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(
            "google.rpc.ErrorInfo".to_owned(),
        )),
    ];
    let answers = client
        .server_reflection_info(futures::stream::iter(requests))
        .await;
    let mut answers = answers.unwrap().into_inner();
    let mut next = async || {
        answers
            .next()
            .await
            .unwrap()
            .unwrap()
            .message_response
            .unwrap()
    };
    let MessageResponse::ListServicesResponse(services) = next().await else {
        panic!("no list of services");
    };
    let names: Vec<_> = services
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        SERVICES
            .iter()
            .all(|service| names.contains(&(*service).to_owned())),
        "{names:?}"
    );
    let MessageResponse::FileDescriptorResponse(files) = next().await else {
        panic!("error details cannot be read");
    };
    assert!(!files.file_descriptor_proto.is_empty());
}

#[tokio::test]
async fn error_details_can_be_read_in_a_terminal() {
    let sandbox = Sandbox::start().await;
    let method = "community.v1.CommunityService/GetMember";
    let unknown = grpcurl::run(
        &sandbox,
        &["-d", r#"{"member_id": "nobody0000"}"#],
        &[method],
    );
    assert!(!unknown.succeeded);
    for part in [
        "NotFound",
        "google.rpc.ErrorInfo",
        "MEMBER_NOT_FOUND",
        "community.v1",
    ] {
        assert!(unknown.stderr.contains(part), "no {part}: {unknown:?}");
    }
    let invalid = grpcurl::run(&sandbox, &["-d", r#"{"member_id": ""}"#], &[method]);
    for part in [
        "InvalidArgument",
        "google.rpc.BadRequest",
        "INVALID_FIELD",
        "member_id",
    ] {
        assert!(invalid.stderr.contains(part), "no {part}: {invalid:?}");
    }
}

#[tokio::test]
async fn buf_calls_the_service_without_a_proto_file() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    let method = "community.v1.CommunityService/GetMember";
    let ran = tools::run(
        "TEST_BUF",
        [
            "curl",
            "--protocol=grpc",
            "--http2-prior-knowledge",
            "-d",
            &json!({ "memberId": id }).to_string(),
            &format!("http://{}/{method}", sandbox.clients.service_address()),
        ],
    );
    assert!(ran.succeeded, "{ran:?}");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["member"]["id"], id);
}

#[tokio::test]
async fn health_is_told_for_each_service_and_for_no_other() {
    let sandbox = Sandbox::start().await;
    let mut health = sandbox.clients.health();
    for service in ["", SERVICES[0], SERVICES[1]] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
    }
    let request = HealthCheckRequest {
        service: "community.v1.Nothing".to_owned(),
    };
    assert_eq!(
        health.check(request).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn every_answer_names_its_call_and_keeps_the_name_that_the_caller_gave() {
    let sandbox = Sandbox::start().await;
    let mut community = sandbox.clients.community();
    let mut request = Request::new(GetStatusRequest {});
    request
        .metadata_mut()
        .insert("x-request-id", "order-42".parse().unwrap());
    let answer = community.get_status(request).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "order-42");

    let refused = community
        .get_member(GetMemberRequest::default())
        .await
        .unwrap_err();
    let id = refused
        .metadata()
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap();
    sandbox.service.line_with(id).await;
    let answer = sandbox.clients.get_edge("/health").await;
    assert!(answer.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn a_method_nobody_has_is_unimplemented_with_details() {
    let sandbox = Sandbox::start().await;
    let status = raw_grpc::call(
        &sandbox,
        "/community.v1.CommunityService/DeleteEverything",
        &[],
        Vec::new(),
    )
    .await;
    let _checked = Failure::read(&status).is(Code::Unimplemented, ErrorReason::Unimplemented);
}

#[tokio::test]
async fn a_message_that_does_not_decode_is_refused_with_details() {
    let sandbox = Sandbox::start().await;
    let status = raw_grpc::call(
        &sandbox,
        "/community.v1.CommunityService/GetMember",
        &[],
        // A field of a length that is not there.
        vec![0x0a, 0x7f, b'x'],
    )
    .await;
    let failure = Failure::read(&status);
    assert!(!failure.message.is_empty());
    assert_ne!(failure.code, Code::Ok);
}

#[test]
fn the_contract_is_linted_formatted_and_buildable() {
    for arguments in [
        &["lint"] as &[&str],
        &["format", "--diff", "--exit-code"],
        &["build", "-o", "/dev/null"],
    ] {
        let ran = buf_in(&repository::root(), arguments);
        assert!(ran.succeeded, "buf {arguments:?}: {ran:?}");
    }
}

#[test]
fn a_change_that_breaks_callers_is_found() {
    let root = repository::root();
    let copy = TempDir::new().unwrap();
    let proto = copy.path().join("proto/community/v1");
    fs::create_dir_all(&proto).unwrap();
    fs::copy(root.join("buf.yaml"), copy.path().join("buf.yaml")).unwrap();
    for file in fs::read_dir(root.join("proto/community/v1")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), proto.join(file.file_name())).unwrap();
    }
    let before = root.display().to_string();
    let breaking = ["breaking", "--against", &before];
    let unchanged = buf_in(copy.path(), &breaking);
    assert!(unchanged.succeeded, "{unchanged:?}");

    let member = proto.join("member.proto");
    let text = fs::read_to_string(&member).unwrap();
    let renumbered = text.replace("string username = 2;", "string username = 22;");
    assert_ne!(text, renumbered);
    fs::write(&member, renumbered).unwrap();
    let changed = buf_in(copy.path(), &breaking);
    assert!(!changed.succeeded);
    assert!(changed.stdout.contains("member.proto"), "{changed:?}");
}

fn buf_in(folder: &std::path::Path, arguments: &[&str]) -> tools::Ran {
    tools::finish(
        Command::new(tools::tool("TEST_BUF"))
            .args(arguments)
            .current_dir(folder),
    )
}
