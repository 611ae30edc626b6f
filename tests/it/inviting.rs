//! Inviting people: each address with its own answer, and none of them in a text.

use community_proto::v1::{
    ErrorReason, InviteMembersError, InviteMembersRequest, InviteMembersResult, Invitee,
};
use integration_tests::{Failure, Sandbox};
use serde_json::json;
use tonic::{Code, Status};

use crate::managing_members::both;

#[tokio::test]
async fn people_are_invited_in_one_request_and_each_has_an_answer() {
    for sandbox in both().await {
        let request = InviteMembersRequest {
            invitees: vec![
                invitee("ada@new.example.net", "Ada"),
                invitee("bea@new.example.net", ""),
                invitee(" ADA@new.example.net", "Ada again"),
            ],
            message: "Come in".to_owned(),
            space_ids: vec![sandbox.fake.world().await.text("/spaces/0/id")],
            ..InviteMembersRequest::default()
        };
        let results = invite(&sandbox, request).await.unwrap();
        let ids: Vec<_> = results
            .iter()
            .map(|result| result.invitation.as_ref().unwrap().id.clone())
            .collect();
        assert_eq!(ids.len(), 3);
        assert_eq!(ids[0], ids[2], "one address, one invitation");
        let first = results[0].invitation.as_ref().unwrap();
        assert_eq!(first.raw_status, "Pending");
        assert!(first.create_time.is_some() && first.expire_time.is_some());
        assert_eq!(sandbox.fake.requests("inviteMembers").await, 1);

        let world = sandbox.fake.world().await;
        let there = world.one("invitations", "id", &ids[0]);
        assert_eq!(there["email"], "ada@new.example.net");
        assert_eq!(
            (&there["name"], &there["message"]),
            (&json!("Ada"), &json!("Come in"))
        );
        assert_eq!(world.all("invitations").len(), 2);
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_invited_does_not_spoil_the_others() {
    let sandbox = Sandbox::start().await;
    let member = sandbox.fake.world().await.text("/members/3/email");
    let addresses = ["one@new.example.net", &member, "two@new.example.net"];
    let results = invite(&sandbox, inviting(&addresses)).await.unwrap();
    assert!(results[0].invitation.is_some() && results[2].invitation.is_some());
    let error = results[1].error.as_ref().unwrap();
    assert_eq!(error.code, i32::from(Code::InvalidArgument));
    assert_eq!(error.reason(), ErrorReason::UpstreamRejected);
    assert!(!error.message.contains('@'), "{error:?}");
    // The whole, and then each.
    assert_eq!(sandbox.fake.requests("inviteMembers").await, 1 + 3);

    let again = invite(&sandbox, inviting(&["one@new.example.net"]))
        .await
        .unwrap();
    let error = again[0].error.as_ref().unwrap();
    assert_eq!(error.reason(), ErrorReason::UpstreamRejected);
    assert_eq!(sandbox.fake.requests("inviteMembers").await, 1 + 3 + 1);
}

#[tokio::test]
async fn who_was_not_tried_is_told_so_when_bettermode_stops_taking_requests() {
    let sandbox = Sandbox::start().await;
    let member = sandbox.fake.world().await.text("/members/3/email");
    // What is asked once at the start, and the token.
    sandbox
        .service
        .line_with("asked the network what it can do")
        .await;
    let limits = json!({ "burst_requests": 5, "burst_complexity": 2_000 });
    sandbox.fake.post("/_fake/limits", &limits).await;
    let new: Vec<_> = (0..8).map(|n| format!("new{n}@new.example.net")).collect();
    let addresses: Vec<_> = std::iter::once(&member)
        .chain(&new)
        .map(String::as_str)
        .collect();
    let results = invite(&sandbox, inviting(&addresses)).await;
    let results = results.unwrap();
    assert_eq!(reason(&results[0]), Some(ErrorReason::UpstreamRejected));
    assert_eq!(reason(&results[1]), None);
    // From one on, nobody was tried any more.
    let limited = Some(ErrorReason::UpstreamRateLimited);
    let tried = results.iter().take_while(|one| reason(one) != limited);
    let tried = tried.count();
    assert!(tried < results.len(), "{results:?}");
    for result in &results[tried..] {
        assert_eq!(reason(result), limited);
        assert!(result.error.as_ref().unwrap().retry_after.is_some());
    }
    let world = sandbox.fake.world().await;
    assert_eq!(world.all("invitations").len(), tried - 1);
}

#[tokio::test]
async fn a_role_or_space_nobody_knows_is_refused_for_all_at_once() {
    let sandbox = Sandbox::start().await;
    let mut role = inviting(&["one@new.example.net", "two@new.example.net"]);
    role.role_id = "norole".to_owned();
    let mut space = inviting(&["one@new.example.net", "two@new.example.net"]);
    space.space_ids = vec!["nospace".to_owned()];
    for (request, field) in [(role, "role_id"), (space, "space_ids")] {
        let status = invite(&sandbox, request).await.unwrap_err();
        Failure::read(&status)
            .is(Code::InvalidArgument, ErrorReason::UpstreamRejected)
            .about(field);
    }
    assert_eq!(sandbox.fake.requests("inviteMembers").await, 2);
}

#[tokio::test]
async fn an_invitation_that_breaks_a_rule_is_refused_without_quoting_an_address() {
    type Break = fn(&mut InviteMembersRequest);
    const BROKEN: &[(&str, Break)] = &[
        ("invitees", |invite| invite.invitees.clear()),
        ("invitees", |invite| {
            invite.invitees = vec![invitee("a@example.net", ""); 51];
        }),
        ("invitees.email", |invite| {
            invite.invitees.push(invitee("two@signs@example.net", ""));
        }),
        ("invitees.email", |invite| {
            invite.invitees.push(Invitee::default());
        }),
        ("invitees.name", |invite| {
            invite.invitees[0].name = "x".repeat(101);
        }),
        ("message", |invite| invite.message = "x".repeat(2_001)),
        ("role_id", |invite| invite.role_id = "a b".to_owned()),
        ("space_ids", |invite| {
            invite.space_ids = vec!["s".to_owned(); 21];
        }),
        ("request_id", |invite| invite.request_id = "1".to_owned()),
    ];
    let sandbox = Sandbox::start().await;
    for (field, break_it) in BROKEN {
        let mut request = inviting(&["ada@example.net"]);
        break_it(&mut request);
        let status = invite(&sandbox, request).await.unwrap_err();
        let failure = Failure::read(&status).is(Code::InvalidArgument, ErrorReason::InvalidField);
        assert!(!failure.message.contains("example"), "{failure:?}");
        failure.about(field);
    }
    assert_eq!(sandbox.fake.requests("inviteMembers").await, 0);
}

pub(crate) async fn invite(
    sandbox: &Sandbox,
    request: InviteMembersRequest,
) -> Result<Vec<InviteMembersResult>, Status> {
    let answer = sandbox.clients.community().invite_members(request).await?;
    Ok(answer.into_inner().results)
}

fn invitee(email: &str, name: &str) -> Invitee {
    Invitee {
        email: email.to_owned(),
        name: name.to_owned(),
    }
}

pub(crate) fn inviting(addresses: &[&str]) -> InviteMembersRequest {
    InviteMembersRequest {
        invitees: addresses.iter().map(|email| invitee(email, "")).collect(),
        ..InviteMembersRequest::default()
    }
}

fn reason(result: &InviteMembersResult) -> Option<ErrorReason> {
    result.error.as_ref().map(InviteMembersError::reason)
}
