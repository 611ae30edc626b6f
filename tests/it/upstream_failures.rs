//! BetterMode refuses, breaks off or stays silent: what callers are told, what is
//! tried again, and what is never tried again.

use std::time::Duration;

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{
    CreatePostRequest, ErrorReason, GetMemberRequest, GetStatusRequest, SendDirectMessageRequest,
    Source,
};
use integration_tests::{Failure, Sandbox, SandboxBuilder};
use serde_json::json;
use tonic::Code;

use crate::direct_messages::message;
use crate::members::{by_email, by_id};
use crate::posts::{create, post_in, refused, space_for_posts};

const STATIC_TOKEN: &str = "static-token-of-the-test";

#[tokio::test]
async fn a_post_whose_answer_breaks_off_has_an_unknown_outcome_and_is_not_sent_again() {
    a_lost_answer_is_told("cut_body").await;
}

#[tokio::test]
async fn a_post_answered_with_a_server_error_has_an_unknown_outcome_and_is_not_sent_again() {
    a_lost_answer_is_told("status_5xx_after").await;
}

async fn a_lost_answer_is_told(fault: &str) {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    sandbox.fake.fault_once(fault, "createPost").await;
    let request = CreatePostRequest {
        title: "Once and no more".to_owned(),
        ..post_in(&space)
    };
    let failure = refused(&sandbox, request).await;
    let failure = failure.is(Code::Unknown, ErrorReason::OutcomeUnknown);
    assert!(failure.message.contains("look before"), "{failure:?}");
    // It did happen, which is why nobody may send it again unseen.
    assert_eq!(sandbox.fake.requests("createPost").await, 1);
    let world = sandbox.fake.world().await;
    let _the_only_one = world.one("posts", "title", "Once and no more");
}

#[tokio::test]
async fn a_post_that_takes_too_long_has_an_unknown_outcome_and_is_not_sent_again() {
    let sandbox = Sandbox::builder()
        .service_setting("BETTERMODE_TIMEOUT_SECONDS", "1")
        .start()
        .await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let late = json!({ "count": 2, "value": 60_000, "operation": "createPost" });
    sandbox.fake.fault("latency_ms", late).await;
    let failure = refused(&sandbox, post_in(&space)).await;
    let _checked = failure.is(Code::Unknown, ErrorReason::OutcomeUnknown);
    let faults = sandbox.fake.get("/_fake/faults").await;
    assert_eq!(faults[0]["count"], 1, "one request came, and no second one");
}

#[tokio::test]
async fn a_message_whose_answer_breaks_off_has_an_unknown_outcome_and_is_not_sent_again() {
    let sandbox = Sandbox::start().await;
    let recipient = sandbox.fake.world().await.text("/members/0/id");
    sandbox
        .fake
        .fault_once("cut_body", "sendMessageToMember")
        .await;
    let mut community = sandbox.clients.community();
    let sent = community
        .send_direct_message(message(&recipient, "Once"))
        .await;
    let _checked = Failure::of(sent).is(Code::Unknown, ErrorReason::OutcomeUnknown);
    assert_eq!(sandbox.fake.requests("sendMessageToMember").await, 1);
    assert_eq!(sandbox.fake.world().await.all("messages").len(), 1);
}

#[tokio::test]
async fn a_read_is_tried_again_after_a_failure_of_the_network_or_of_the_server() {
    for fault in ["status_5xx", "cut_body", "html_body"] {
        let sandbox = Sandbox::start().await;
        let id = sandbox.fake.world().await.text("/members/0/id");
        sandbox.fake.fault_once(fault, "member").await;
        let (member, freshness) = by_id(&sandbox.clients, &id).await;
        assert_eq!((member.id, freshness.source()), (id, Source::Bettermode));
        assert_eq!(sandbox.fake.requests("member").await, 2, "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_unavailable_and_the_status_says_so() {
    let sandbox = Sandbox::start().await;
    let member_only = json!({ "operation": "member" });
    sandbox.fake.fault("status_5xx", member_only).await;
    let failure = read_anybody(&sandbox).await;
    let failure = failure.is(Code::Unavailable, ErrorReason::UpstreamUnavailable);
    assert!(failure.retry_after.is_some(), "{failure:?}");
    let tries = sandbox.fake.requests("member").await;
    assert!((2..=5).contains(&tries), "{tries} tries");

    let part = bettermode_part(&sandbox).await;
    assert_eq!(part.state(), community_proto::v1::DependencyState::Down);
    assert!(!part.message.is_empty());
    sandbox.fake.clear_faults().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&sandbox.clients, &id).await;
    let part = bettermode_part(&sandbox).await;
    assert_eq!(part.state(), community_proto::v1::DependencyState::Up);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_told_without_quoting_it() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    sandbox
        .fake
        .fault("html_body", json!({ "operation": "member" }))
        .await;
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId(id)),
        read_options: None,
    };
    let failure = Failure::of(sandbox.clients.community().get_member(request).await);
    let failure = failure.is(Code::Internal, ErrorReason::UpstreamUnintelligible);
    assert!(!failure.message.contains('<'), "{failure:?}");
}

#[tokio::test]
async fn a_value_that_bettermode_refuses_is_an_invalid_argument() {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    // 106 is the vendor's INVALID_PARAMETER.
    let refusal = json!({ "count": 1, "value": 106, "operation": "createPost" });
    sandbox.fake.fault("graphql_error_in_200", refusal).await;
    let failure = refused(&sandbox, post_in(&space)).await;
    let _checked = failure.is(Code::InvalidArgument, ErrorReason::UpstreamRejected);
    assert_eq!(sandbox.fake.requests("createPost").await, 1);
}

#[tokio::test]
async fn errors_in_every_spelling_of_the_vendor_mean_the_same() {
    for fault in ["numeric_codes", "nested_errors"] {
        let sandbox = Sandbox::start().await;
        sandbox.fake.fault(fault, json!({})).await;
        let failure = read_anybody(&sandbox).await;
        let _checked = failure.is(Code::NotFound, ErrorReason::MemberNotFound);
    }
}

#[tokio::test]
async fn a_refused_token_is_told_with_the_settings_to_check() {
    let sandbox = with_static_token(Sandbox::builder(), "not-the-right-token")
        .start()
        .await;
    let failure = read_anybody(&sandbox).await;
    let failure = failure.is(Code::FailedPrecondition, ErrorReason::UpstreamTokenRefused);
    assert!(
        failure.message.contains("BETTERMODE_API_TOKEN"),
        "{failure:?}"
    );
    assert_eq!(failure.metadata["setting"], "BETTERMODE_API_TOKEN");
    assert!(!failure.message.contains("not-the-right-token"));
}

#[tokio::test]
async fn refused_client_credentials_are_told_with_the_settings_to_check() {
    let sandbox = Sandbox::builder()
        .service_setting("BETTERMODE_CLIENT_SECRET", "not-the-right-secret")
        .start()
        .await;
    let failure = read_anybody(&sandbox).await;
    let failure = failure.is(Code::FailedPrecondition, ErrorReason::UpstreamTokenRefused);
    assert!(
        failure.message.contains("BETTERMODE_CLIENT_SECRET"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_caller_sees_nothing_of_it() {
    for fault in ["expired_token", "status_401"] {
        let sandbox = Sandbox::start().await;
        let world = sandbox.fake.world().await;
        by_id(&sandbox.clients, &world.text("/members/0/id")).await;
        let tokens = sandbox.fake.requests("limitedToken").await;
        assert_eq!(tokens, 1);

        sandbox.fake.fault_once(fault, "member").await;
        let id = world.text("/members/1/id");
        let (member, _) = by_id(&sandbox.clients, &id).await;
        assert_eq!(member.id, id);
        assert_eq!(sandbox.fake.requests("limitedToken").await, 2, "{fault}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_again_after_its_renewal_ends_the_call() {
    let sandbox = Sandbox::start().await;
    sandbox
        .fake
        .fault("expired_token", json!({ "operation": "member" }))
        .await;
    let failure = read_anybody(&sandbox).await;
    let _checked = failure.is(Code::FailedPrecondition, ErrorReason::UpstreamTokenRefused);
    assert_eq!(sandbox.fake.requests("member").await, 2);
}

#[tokio::test]
async fn nobody_can_be_acted_for_with_a_static_token() {
    let sandbox = with_static_token(Sandbox::builder(), STATIC_TOKEN)
        .start()
        .await;
    let world = sandbox.fake.world().await;
    let id = world.text("/members/0/id");
    by_id(&sandbox.clients, &id).await;

    let mut request = post_in(&space_for_posts(&world));
    request.author_member_id.clone_from(&id);
    let failure = refused(&sandbox, request).await;
    let failure = failure.is(
        Code::FailedPrecondition,
        ErrorReason::ImpersonationUnavailable,
    );
    assert_eq!(failure.metadata["setting"], "BETTERMODE_CLIENT_ID");

    let request = SendDirectMessageRequest {
        sender_member_id: id.clone(),
        ..message(&id, "Hello")
    };
    let sent = sandbox
        .clients
        .community()
        .send_direct_message(request)
        .await;
    let _checked = Failure::of(sent).is(
        Code::FailedPrecondition,
        ErrorReason::ImpersonationUnavailable,
    );
    assert_eq!(sandbox.fake.requests("createPost").await, 0);
}

#[tokio::test]
async fn an_address_that_the_token_may_not_see_is_not_called_absent() {
    // With a guest's token the vendor shows members without their addresses. The first
    // one comes up in a search all the same, for being called by it; the second does
    // not, and that proves nothing.
    let mut sandbox = Sandbox::start().await;
    let address = "ada@example.com";
    let ada = json!({ "name": address, "email": address });
    sandbox.fake.post("/_fake/members", &ada).await;
    let token = sandbox.fake.guest_token().await;
    sandbox.service.set("BETTERMODE_CLIENT_ID", "");
    sandbox.service.set("BETTERMODE_CLIENT_SECRET", "");
    sandbox.service.set("BETTERMODE_API_TOKEN", &token);
    sandbox.service.restart().await;
    sandbox.ready().await;
    for address in [address, "grace@example.com"] {
        let status = by_email(&sandbox.clients, address).await.unwrap_err();
        let failure = Failure::read(&status).is(Code::NotFound, ErrorReason::EmailNotVisible);
        assert!(!failure.message.contains('@'), "{failure:?}");
    }
}

#[tokio::test]
async fn over_the_vendors_limit_the_caller_hears_when_to_come_again() {
    let sandbox = Sandbox::start().await;
    let full = json!({ "value": 7, "operation": "member" });
    sandbox.fake.fault("status_429", full).await;
    let failure = read_anybody(&sandbox).await;
    let failure = failure.is(Code::ResourceExhausted, ErrorReason::UpstreamRateLimited);
    let wait = failure.retry_after.expect("RetryInfo");
    assert!(
        wait > Duration::from_secs(3) && wait <= Duration::from_secs(10),
        "{wait:?}"
    );
}

#[tokio::test]
async fn over_our_own_budget_bettermode_is_not_even_asked() {
    let sandbox = Sandbox::builder()
        .service_setting("BETTERMODE_RATE_LIMIT_REQUESTS", "4")
        .start()
        .await;
    let mut refusals = 0;
    for number in 0..12 {
        let request = GetMemberRequest {
            identifier: Some(Identifier::MemberId(format!("nobody{number:04}"))),
            read_options: None,
        };
        let failure = Failure::of(sandbox.clients.community().get_member(request).await);
        if failure.reason == ErrorReason::UpstreamRateLimited {
            let failure = failure.is(Code::ResourceExhausted, ErrorReason::UpstreamRateLimited);
            assert!(
                failure
                    .retry_after
                    .is_some_and(|wait| wait <= Duration::from_secs(10))
            );
            refusals += 1;
        }
    }
    assert!(refusals >= 8, "{refusals} of 12 were refused");
    assert!(sandbox.fake.requests("member").await <= 4);
    assert_eq!(sandbox.fake.rate_limited().await, 0);
}

#[tokio::test]
async fn a_post_of_a_network_that_cannot_be_reached_is_known_not_to_exist() {
    let mut sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    create(&sandbox, post_in(&space)).await.unwrap();
    sandbox.fake_program.kill();
    let failure = refused(&sandbox, post_in(&space)).await;
    let _checked = failure.is(Code::Unavailable, ErrorReason::UpstreamUnavailable);
}

async fn read_anybody(sandbox: &Sandbox) -> Failure {
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId("nobody0000".to_owned())),
        read_options: None,
    };
    Failure::of(sandbox.clients.community().get_member(request).await)
}

async fn bettermode_part(sandbox: &Sandbox) -> community_proto::v1::Dependency {
    let answer = sandbox
        .clients
        .community()
        .get_status(GetStatusRequest {})
        .await;
    let status = answer.unwrap().into_inner().status.unwrap();
    assert_eq!(status.dependencies[0].name, "bettermode");
    status.dependencies[0].clone()
}

fn with_static_token(builder: SandboxBuilder, token: &str) -> SandboxBuilder {
    builder
        .fake_setting("BETTERMODE_API_TOKEN", STATIC_TOKEN)
        .service_setting("BETTERMODE_CLIENT_ID", "")
        .service_setting("BETTERMODE_CLIENT_SECRET", "")
        .service_setting("BETTERMODE_API_TOKEN", token)
}
