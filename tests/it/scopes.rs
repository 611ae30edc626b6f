//! Every method against every way of calling it: no token, a wrong one, each scope.

use bytes::Bytes;
use community_proto::v1::ErrorReason;
use integration_tests::{Failure, Sandbox};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use crate::raw_h2::{Connection, frame};

/// Each scope is the token of the caller who has it alone.
const SCOPES: [&str; 4] = ["read", "write", "ingest", "admin"];

/// Entries of `COMMUNITY_SVC_AUTH`: one caller for each scope.
fn auth() -> String {
    let entry = |scope: &&str| format!("{scope}-only:{}:{scope}", hash(scope));
    let entries: Vec<_> = SCOPES.iter().map(entry).collect();
    entries.join(",")
}

/// The digest that stands for a token in the settings.
pub(crate) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Which scopes let a method be called: by its name, and not by the service's own table.
pub(crate) fn expected(path: &str) -> &'static [&'static str] {
    let (service, method) = path.rsplit_once('/').unwrap();
    let starts = |verbs: &[&str]| verbs.iter().any(|verb| method.starts_with(verb));
    match method {
        "GetStatus" => &SCOPES,
        "ServerReflectionInfo" => &["read", "write", "admin"],
        "LinkMembers" | "ListDeadLetters" | "ReplayWebhookEvents" | "EraseMemberData" => &["admin"],
        "IngestWebhookEvents" | "AnswerWebhook" => &["ingest"],
        _ if service.starts_with("/grpc.health.") => &SCOPES,
        _ if starts(&["Get", "List", "BatchGet", "Watch"]) => &["read"],
        _ => &["write"],
    }
}

/// Every method that the service has, by its path.
pub(crate) fn every_method() -> Vec<String> {
    let sets = [
        community_proto::FILE_DESCRIPTOR_SET,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    let mut paths = Vec::new();
    for file in sets
        .iter()
        .flat_map(|set| FileDescriptorSet::decode(*set).unwrap().file)
    {
        for service in &file.service {
            let path = |method: &prost_types::MethodDescriptorProto| {
                format!("/{}.{}/{}", file.package(), service.name(), method.name())
            };
            paths.extend(service.method.iter().map(path));
        }
    }
    assert!(paths.len() >= 21, "{paths:?}");
    paths
}

/// Calls with an empty message: whoever is let in hears of that, or is answered.
pub(crate) async fn call(connection: &Connection, path: &str, token: Option<&str>) -> Status {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let header = bearer.as_deref().map(|bearer| ("authorization", bearer));
    let headers: Vec<_> = header.into_iter().collect();
    let answer = connection.call(path, &headers, frame(&[])).await;
    answer.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Panics unless a call was refused for want of a scope, and of one that would do.
pub(crate) fn refused(path: &str, status: &Status) {
    let failure = Failure::read(status).is(Code::PermissionDenied, ErrorReason::ScopeMissing);
    assert_eq!(
        failure.metadata["scope"],
        expected(path).join(" or "),
        "{path}"
    );
}

/// Panics when a call was refused for who called.
pub(crate) fn let_in(path: &str, status: &Status) {
    if status.code() != Code::Ok {
        let reason = Failure::read(status).reason;
        let refusals = [ErrorReason::Unauthenticated, ErrorReason::ScopeMissing];
        assert!(!refusals.contains(&reason), "{path}: {status:?}");
    }
}

#[tokio::test]
async fn every_method_is_open_to_its_scopes_and_to_nobody_else() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_AUTH", &auth())
        .edge_setting("COMMUNITY_SVC_TOKEN", "ingest")
        .start()
        .await;
    let connection = Connection::plain(sandbox.clients.service_address()).await;
    for path in every_method() {
        let is_probe = path.starts_with("/grpc.health.");
        for token in [None, Some("wrong"), Some(""), Some(&*hash("read"))] {
            let status = call(&connection, &path, token).await;
            if is_probe {
                let_in(&path, &status);
            } else {
                let failure = Failure::read(&status);
                let _checked = failure.is(Code::Unauthenticated, ErrorReason::Unauthenticated);
            }
        }
        for scope in SCOPES {
            let status = call(&connection, &path, Some(scope)).await;
            if expected(&path).contains(&scope) {
                let_in(&path, &status);
            } else {
                refused(&path, &status);
            }
        }
    }
}

#[tokio::test]
async fn a_method_that_nobody_has_is_refused_to_strangers_first_and_to_all_others_too() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_AUTH", &auth())
        .edge_setting("COMMUNITY_SVC_TOKEN", "ingest")
        .start()
        .await;
    let connection = Connection::plain(sandbox.clients.service_address()).await;
    for path in [
        "/community.v1.CommunityService/DropEverything",
        "/community.v2.CommunityService/GetMember",
        "/",
    ] {
        let status = call(&connection, path, None).await;
        let failure = Failure::read(&status);
        let _checked = failure.is(Code::Unauthenticated, ErrorReason::Unauthenticated);
        let status = call(&connection, path, Some("admin")).await;
        let failure = Failure::read(&status);
        let _checked = failure.is(Code::Unimplemented, ErrorReason::Unimplemented);
    }
}

#[tokio::test]
async fn without_callers_everybody_on_this_machine_may_call_everything() {
    let sandbox = Sandbox::start().await;
    let connection = Connection::plain(sandbox.clients.service_address()).await;
    for path in every_method() {
        let_in(&path, &call(&connection, &path, None).await);
        let body = Bytes::new();
        let _ended = connection.call(&path, &[], body).await.unwrap();
    }
}
