//! Who changed what: one line for each write, at every log level, without what was
//! written.

use std::time::Duration;

use integration_tests::{Sandbox, SandboxBuilder, eventually};
use serde_json::{Value, json};
use tonic::Request;
use tonic::metadata::MetadataValue;

use crate::members::by_id;
use crate::posts::{post_in, space_for_posts};
use crate::scopes::hash;

/// The audit lines so far, the fields of each.
fn records(sandbox: &Sandbox) -> Vec<Value> {
    let lines = sandbox.service.json_lines().into_iter();
    lines
        .filter(|line| line["target"] == "audit")
        .map(|line| line["fields"].clone())
        .collect()
}

async fn record(sandbox: &Sandbox, request_id: &str) -> Value {
    eventually("the write is in the audit log", async || {
        let all = records(sandbox);
        let found = all.iter().find(|record| record["request_id"] == request_id);
        found.cloned().ok_or_else(|| format!("{all:?}"))
    })
    .await
}

fn with<T>(message: T, token: &str, request_id: &str) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = MetadataValue::try_from(format!("Bearer {token}")).unwrap();
    let metadata = request.metadata_mut();
    metadata.insert("authorization", bearer);
    metadata.insert("x-request-id", MetadataValue::try_from(request_id).unwrap());
    request
}

fn known() -> SandboxBuilder {
    let (writer, reader) = (hash("writer"), hash("reader"));
    let auth = format!("crm:{writer}:read+write,desk:{reader}:read+ingest");
    Sandbox::builder()
        .service_setting("COMMUNITY_SVC_AUTH", &auth)
        .service_setting("LOG_LEVEL", "error")
        .edge_setting("COMMUNITY_SVC_TOKEN", "reader")
}

#[tokio::test]
async fn each_write_leaves_a_record_of_who_what_and_outcome_and_nothing_of_its_content() {
    let sandbox = known().start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let mut post = post_in(&space);
    post.title = "Confidential title".to_owned();
    let mut community = sandbox.clients.community();
    let request = with(post.clone(), "writer", "order-1");
    community.create_post(request).await.unwrap();
    let done = record(&sandbox, "order-1").await;
    assert_eq!(done["caller"], "crm");
    assert_eq!(done["method"], "/community.v1.CommunityService/CreatePost");
    assert_eq!(done["outcome"], "Ok");
    assert!(done["micros"].as_u64().is_some(), "{done}");

    let mut wrong = post.clone();
    wrong.space_id = "nowhere".to_owned();
    let request = with(wrong, "writer", "order-2");
    community.create_post(request).await.unwrap_err();
    let failed = record(&sandbox, "order-2").await;
    assert_eq!(failed["outcome"], "InvalidArgument");
    assert_eq!(failed["reason"], "SPACE_NOT_FOUND");

    let request = with(post.clone(), "reader", "order-3");
    community.create_post(request).await.unwrap_err();
    let denied = record(&sandbox, "order-3").await;
    assert_eq!(denied["outcome"], "PermissionDenied");
    assert_eq!(denied["reason"], "SCOPE_MISSING");

    // A stranger writes nothing, and a read changes nothing.
    let request = with(post, "nobody", "order-4");
    community.create_post(request).await.unwrap_err();
    let request = with(
        community_proto::v1::GetStatusRequest {},
        "reader",
        "order-5",
    );
    community.get_status(request).await.unwrap();
    assert_eq!(records(&sandbox).len(), 3);
    let log = sandbox.service.log();
    assert!(!log.contains("Confidential title"), "{log}");
}

#[tokio::test]
async fn a_write_whose_caller_goes_away_is_recorded_as_well() {
    let sandbox = known().start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let late = json!({ "count": 1, "value": 20_000, "operation": "createPost" });
    sandbox.fake.fault("latency_ms", late).await;
    let mut community = sandbox.clients.community();
    let request = with(post_in(&space), "writer", "order-6");
    let call = community.create_post(request);
    let gone = tokio::time::timeout(Duration::from_secs(2), call).await;
    assert!(gone.is_err(), "{gone:?}");
    let abandoned = record(&sandbox, "order-6").await;
    assert_eq!(abandoned["caller"], "crm");
    assert_eq!(abandoned["outcome"], "Abandoned");
}

#[tokio::test]
async fn where_nobody_is_asked_who_they_are_the_record_says_so() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&sandbox.clients, &id).await;
    let message = community_proto::v1::InvalidateMemberRequest { member_id: id };
    let mut request = Request::new(message);
    let name = MetadataValue::from_static("order-7");
    request.metadata_mut().insert("x-request-id", name);
    let mut community = sandbox.clients.community();
    community.invalidate_member(request).await.unwrap();
    let record = record(&sandbox, "order-7").await;
    assert_eq!(record["caller"], "anybody on this machine");
}
