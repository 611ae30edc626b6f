//! Whatever goes wrong with whatever RPC, the error has all that the contract promises:
//! a reason, a link, and what belongs to its kind. New RPCs are swept by themselves.

use community_proto::v1::ErrorReason;
use futures::future::join_all;
use integration_tests::{Failure, Sandbox};
use prost_reflect::MethodDescriptor;
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use crate::{any_request, raw_grpc};

/// Calls all RPCs at once, each with the request that this makes for it.
async fn sweep(
    sandbox: &Sandbox,
    headers: &[(&str, &str)],
    request: impl Fn(&MethodDescriptor) -> Vec<u8>,
) -> Vec<(String, Status)> {
    let calls = any_request::methods().into_iter().map(|method| {
        let (path, message) = (any_request::path(&method), request(&method));
        async move {
            let status = raw_grpc::call(sandbox, &path, headers, message).await;
            (path, status)
        }
    });
    join_all(calls).await
}

/// Takes apart those that failed, which panics when something is missing.
fn failures(answers: &[(String, Status)]) -> Vec<(&str, Failure)> {
    answers
        .iter()
        .filter(|(_, status)| status.code() != Code::Ok)
        .map(|(path, status)| (path.as_str(), Failure::read(status)))
        .collect()
}

/// All of them failed, and with this.
fn all_are(answers: &[(String, Status)], code: Code, reason: ErrorReason) {
    let failures = failures(answers);
    for (path, failure) in &failures {
        assert_eq!((failure.code, failure.reason), (code, reason), "{path}");
    }
    assert_eq!(
        failures.len(),
        any_request::methods().len(),
        "some went well"
    );
}

#[tokio::test]
async fn a_message_that_does_not_decode_is_the_callers_fault_in_every_rpc() {
    let sandbox = Sandbox::start().await;
    // A field of a length that is not there.
    let answers = sweep(&sandbox, &[], |_| vec![0x0a, 0x7f, b'x']).await;
    all_are(&answers, Code::InvalidArgument, ErrorReason::InvalidField);
}

#[tokio::test]
async fn an_empty_request_and_one_about_nothing_fail_completely_or_not_at_all() {
    let sandbox = Sandbox::start().await;
    let empty = sweep(&sandbox, &[], |_| Vec::new()).await;
    let invalid = failures(&empty);
    assert!(invalid.len() >= 5, "{invalid:?}");
    for (path, failure) in invalid {
        assert_eq!(failure.code, Code::InvalidArgument, "{path}: {failure:?}");
        assert!(!failure.fields.is_empty(), "{path}: no field is named");
    }
    let about_nothing = sweep(&sandbox, &[], any_request::about_nothing).await;
    assert!(!failures(&about_nothing).is_empty());
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_by_name_in_every_rpc() {
    let sandbox = Sandbox::start().await;
    let (mut count, mut others) = (0, Vec::new());
    for method in any_request::methods() {
        let path = any_request::path(&method);
        for (field, message) in any_request::with_a_text_too_long(&method) {
            let status = raw_grpc::call(&sandbox, &path, &[], message).await;
            assert_ne!(status.code(), Code::Ok, "{path} takes any {field}");
            let failure = Failure::read(&status);
            assert_eq!(
                failure.code,
                Code::InvalidArgument,
                "{path}, {field}: {failure:?}"
            );
            let named = &failure.fields[0];
            let list = format!("{field}[0]");
            count += 1;
            if *named != field && *named != list {
                others.push(format!("{path}: {named}, not {field}"));
            }
        }
    }
    assert!(count >= 10, "{count}");
    // A request about nothing may break another rule first.
    assert!(others.len() * 5 < count, "{others:#?}");
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_deadline_exceeded_in_every_rpc() {
    let sandbox = Sandbox::start().await;
    for timeout in ["0n", "1u"] {
        let headers = [("grpc-timeout", timeout)];
        let answers = sweep(&sandbox, &headers, any_request::about_nothing).await;
        let reason = ErrorReason::DeadlineExceeded;
        all_are(&answers, Code::DeadlineExceeded, reason);
    }
    // One that nobody can read bounds nothing; the service's own bound holds.
    let status = raw_grpc::call(
        &sandbox,
        "/community.v1.CommunityService/GetStatus",
        &[("grpc-timeout", "soon")],
        Vec::new(),
    )
    .await;
    assert_eq!(status.code(), Code::Ok, "{status:?}");
}

#[tokio::test]
async fn an_unknown_encoding_is_refused_with_those_that_are_known_in_every_rpc() {
    let sandbox = Sandbox::start().await;
    let headers = [("grpc-encoding", "snappy")];
    let answers = sweep(&sandbox, &headers, |_| Vec::new()).await;
    all_are(&answers, Code::Unimplemented, ErrorReason::Unimplemented);
    for (path, status) in answers {
        let known = status.metadata().get("grpc-accept-encoding");
        assert!(known.is_some(), "{path}: {status:?}");
    }
}

#[tokio::test]
async fn nobody_without_a_token_gets_into_any_rpc() {
    let hash = hex::encode(Sha256::digest("known"));
    let sandbox = Sandbox::builder()
        .service_setting(
            "COMMUNITY_SVC_AUTH",
            &format!("crm:{hash}:read+write+ingest+admin"),
        )
        .start_listening()
        .await;
    for headers in [&[][..], &[("authorization", "Bearer unknown")]] {
        let answers = sweep(&sandbox, headers, any_request::about_nothing).await;
        let reason = ErrorReason::Unauthenticated;
        all_are(&answers, Code::Unauthenticated, reason);
    }
}

#[tokio::test]
async fn every_rpc_says_completely_that_the_integration_is_off() {
    let sandbox = Sandbox::builder()
        .service_setting("INTEGRATION_ENABLE_BETTERMODE", "false")
        .start_listening()
        .await;
    let answers = sweep(&sandbox, &[], any_request::about_nothing).await;
    for (path, failure) in failures(&answers) {
        assert_eq!(failure.reason, ErrorReason::IntegrationDisabled, "{path}");
    }
}

#[tokio::test]
async fn every_rpc_says_completely_what_is_away() {
    let mut sandbox = Sandbox::builder()
        .with_redis()
        .with_own_mongodb()
        .start()
        .await;
    sandbox.fake_program.kill();
    sandbox.redis.as_mut().unwrap().program.kill();
    sandbox.mongodb.as_mut().unwrap().program.kill();
    let answers = sweep(&sandbox, &[], any_request::about_nothing).await;
    let away = failures(&answers)
        .into_iter()
        .filter(|(_, failure)| failure.code == Code::Unavailable)
        .count();
    assert!(away >= 5, "{answers:?}");
}
