//! One caller that runs wild is held back; the others have their room.

use community_proto::v1::{ErrorReason, GetStatusRequest};
use integration_tests::{Clients, Failure, Sandbox, SandboxBuilder};
use serde_json::json;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use crate::raw_grpc;
use crate::scopes::hash;

fn two_callers() -> SandboxBuilder {
    let auth = format!(
        "wild:{}:read,calm:{}:read,edge:{}:ingest",
        hash("wild"),
        hash("calm"),
        hash("edge")
    );
    Sandbox::builder()
        .service_setting("COMMUNITY_SVC_AUTH", &auth)
        .edge_setting("COMMUNITY_SVC_TOKEN", "edge")
}

async fn status(clients: &Clients, token: &str) -> Result<(), Status> {
    let mut request = Request::new(GetStatusRequest {});
    let bearer = MetadataValue::try_from(format!("Bearer {token}")).unwrap();
    request.metadata_mut().insert("authorization", bearer);
    clients.community().get_status(request).await.map(drop)
}

/// How many of so many calls of each were let in, in turns over all replicas; and the
/// first refusal.
async fn calls(replicas: &[&Clients], token: &str, count: usize) -> (usize, Option<Status>) {
    let (mut answered, mut refusal) = (0, None);
    for number in 0..count {
        match status(replicas[number % replicas.len()], token).await {
            Ok(()) => answered += 1,
            Err(status) => refusal = refusal.or(Some(status)),
        }
    }
    (answered, refusal)
}

#[tokio::test]
async fn a_caller_has_its_calls_of_a_second_over_all_replicas_and_hears_when_to_come_back() {
    let sandbox = two_callers()
        .with_redis()
        .service_setting("COMMUNITY_SVC_CALLER_CALLS_PER_SECOND", "20")
        .start()
        .await;
    let replica = sandbox.another_service().await;
    let both = [&sandbox.clients, &replica.clients];
    // Calls take some time, in which another second may begin.
    let started = std::time::Instant::now();
    let (answered, refusal) = calls(&both, "wild", 200).await;
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap() + 2;
    assert!(
        (1..=20 * seconds).contains(&answered),
        "{answered} in {seconds} s"
    );
    let refusal = refusal.expect("200 calls are too many");
    let failure = Failure::read(&refusal);
    let failure = failure.is(Code::ResourceExhausted, ErrorReason::CallerLimitExceeded);
    assert_eq!(failure.metadata["limit"], "calls in a second");
    let wait = failure.retry_after.expect("a time to come back");
    assert!(wait.as_millis() <= 1000, "{wait:?}");
    let pushback = refusal.metadata().get("grpc-retry-pushback-ms").unwrap();
    let millis = wait.as_nanos().div_ceil(1_000_000);
    assert_eq!(pushback.to_str().unwrap(), millis.to_string());
    // Somebody else is not held back.
    status(&sandbox.clients, "calm").await.unwrap();
}

#[tokio::test]
async fn without_redis_a_caller_is_still_held_back_in_each_replica() {
    let mut sandbox = two_callers()
        .with_redis()
        .service_setting("COMMUNITY_SVC_CALLER_CALLS_PER_SECOND", "40")
        .start()
        .await;
    sandbox.redis.as_mut().unwrap().program.kill();
    let started = std::time::Instant::now();
    let (answered, refusal) = calls(&[&sandbox.clients], "wild", 200).await;
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap() + 2;
    // A quarter, and what was leased before.
    assert!(
        (1..=10 * seconds + 2).contains(&answered),
        "{answered} in {seconds} s"
    );
    let failure = Failure::read(&refusal.expect("200 calls are too many"));
    let _checked = failure.is(Code::ResourceExhausted, ErrorReason::CallerLimitExceeded);
}

#[tokio::test]
async fn a_caller_has_so_many_calls_at_once_and_no_more() {
    let sandbox = two_callers()
        .service_setting("COMMUNITY_SVC_CALLER_MAX_CONCURRENT_CALLS", "1")
        .start()
        .await;
    let late = json!({ "count": 1, "value": 3_000, "operation": "member" });
    sandbox.fake.fault("latency_ms", late).await;
    let read = raw_grpc::call(
        &sandbox,
        "/community.v1.CommunityService/GetMember",
        &[("authorization", "Bearer wild")],
        b"\x0a\x0anobody0000".to_vec(),
    );
    let others = async {
        sandbox.fake.struck("latency_ms").await;
        let failure = Failure::read(&status(&sandbox.clients, "wild").await.unwrap_err());
        let failure = failure.is(Code::ResourceExhausted, ErrorReason::CallerLimitExceeded);
        assert_eq!(failure.metadata["limit"], "calls at once");
        status(&sandbox.clients, "calm").await.unwrap();
    };
    let (first, ()) = tokio::join!(read, others);
    let _checked = Failure::read(&first).is(Code::NotFound, ErrorReason::MemberNotFound);
    status(&sandbox.clients, "wild").await.unwrap();
}
