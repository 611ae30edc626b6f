//! Who is in a space: listed, brought in, taken out.

use std::collections::BTreeSet;

use community_proto::v1::{
    AddSpaceMemberRequest, ErrorReason, GetSpaceRequest, ListSpaceMembersRequest,
    RemoveSpaceMemberRequest, SpaceMember, SpaceRole,
};
use integration_tests::{Failure, Sandbox, World};
use serde_json::{Value, json};
use tonic::Code;

use crate::spaces::{invalid, on};

#[tokio::test]
async fn pages_of_a_spaces_members_hold_each_once_with_the_role_there() {
    for generation in ["published", "newer"] {
        let sandbox = on(generation).start().await;
        let world = sandbox.fake.world().await;
        let space = world.one("spaces", "slug", "general");
        let (id, expected) = (space["id"].as_str().unwrap(), ids(space));
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListSpaceMembersRequest {
                space_id: id.to_owned(),
                page_size: 30,
                page_token: token,
                ..ListSpaceMembersRequest::default()
            };
            let mut community = sandbox.clients.community();
            let page = community
                .list_space_members(request)
                .await
                .unwrap()
                .into_inner();
            assert_eq!(usize::try_from(page.total_size).unwrap(), expected.len());
            seen.extend(page.space_members);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let who = |one: &SpaceMember| one.member.clone().unwrap().id;
        let found: BTreeSet<_> = seen.iter().map(who).collect();
        assert_eq!((seen.len(), &found), (expected.len(), &expected));

        let admin = seen
            .iter()
            .find(|one| kind(one.role.as_ref()) == "admin")
            .unwrap();
        let request = ListSpaceMembersRequest {
            space_id: id.to_owned(),
            role_ids: vec![admin.role.clone().unwrap().id],
            page_size: 5,
            ..ListSpaceMembersRequest::default()
        };
        let mut community = sandbox.clients.community();
        let admins = community
            .list_space_members(request)
            .await
            .unwrap()
            .into_inner();
        assert!(admins.space_members.contains(admin) && admins.total_size == 2);
    }
}

#[tokio::test]
async fn a_member_comes_into_a_space_and_leaves_it_and_twice_is_no_error() {
    for generation in ["published", "newer"] {
        let sandbox = on(generation).start().await;
        let (space, member) = place(&sandbox.fake.world().await);
        let mut community = sandbox.clients.community();
        let role = async |request| {
            let answer = sandbox.clients.community().add_space_member(request).await;
            kind(answer.unwrap().into_inner().role.as_ref()).to_owned()
        };
        assert_eq!(role(adding(&space, &member)).await, "member");
        assert!(is_inside(&sandbox, &space, &member).await);
        // Whoever is in stays as they are.
        let promoted = AddSpaceMemberRequest {
            role_id: admin_role(&space),
            ..adding(&space, &member)
        };
        assert_eq!(role(promoted.clone()).await, "member");

        for _ in 0..2 {
            let request = removing(&space, &member);
            community.remove_space_member(request).await.unwrap();
            assert!(!is_inside(&sandbox, &space, &member).await);
        }
        assert_eq!(role(promoted).await, "admin");
    }
}

#[tokio::test]
async fn what_bettermode_refuses_although_something_was_left_to_do_is_told() {
    let sandbox = Sandbox::start().await;
    let (space, member) = place(&sandbox.fake.world().await);
    let mut community = sandbox.clients.community();
    let request = AddSpaceMemberRequest {
        role_id: "norole000000".to_owned(),
        ..adding(&space, &member)
    };
    Failure::of(community.add_space_member(request).await)
        .is(Code::InvalidArgument, ErrorReason::UpstreamRejected)
        .about("role_id");
    for unknown in [
        Failure::of(
            community
                .add_space_member(adding(&space, "nobody0000"))
                .await,
        ),
        Failure::of(
            community
                .remove_space_member(removing(&space, "nobody0000"))
                .await,
        ),
    ] {
        let _checked = unknown.is(Code::NotFound, ErrorReason::MemberNotFound);
    }
    let setting = json!({ "count": 1, "operation": "addSpaceMembers", "value": 106 });
    sandbox.fake.fault("graphql_error_in_200", setting).await;
    let _checked = Failure::of(community.add_space_member(adding(&space, &member)).await)
        .is(Code::InvalidArgument, ErrorReason::UpstreamRejected);
    assert!(!is_inside(&sandbox, &space, &member).await);

    community
        .add_space_member(adding(&space, &member))
        .await
        .unwrap();
    sandbox
        .fake
        .fault_once("action_failed", "removeSpaceMembers")
        .await;
    let _checked = Failure::of(
        community
            .remove_space_member(removing(&space, &member))
            .await,
    )
    .is(Code::InvalidArgument, ErrorReason::UpstreamRejected);
    assert!(is_inside(&sandbox, &space, &member).await);
}

#[tokio::test]
async fn a_membership_that_is_not_confirmed_is_told_as_unknown_and_can_be_sent_again() {
    let sandbox = Sandbox::start().await;
    let (space, member) = place(&sandbox.fake.world().await);
    let mut community = sandbox.clients.community();
    sandbox.fake.fault_once("cut_body", "addSpaceMembers").await;
    let _checked = Failure::of(community.add_space_member(adding(&space, &member)).await)
        .is(Code::Unknown, ErrorReason::OutcomeUnknown);
    community
        .add_space_member(adding(&space, &member))
        .await
        .unwrap();
    assert!(is_inside(&sandbox, &space, &member).await);
    sandbox
        .fake
        .fault_once("cut_body", "removeSpaceMembers")
        .await;
    let _checked = Failure::of(
        community
            .remove_space_member(removing(&space, &member))
            .await,
    )
    .is(Code::Unknown, ErrorReason::OutcomeUnknown);
    community
        .remove_space_member(removing(&space, &member))
        .await
        .unwrap();
    assert!(!is_inside(&sandbox, &space, &member).await);
}

#[tokio::test]
async fn a_space_nobody_knows_is_not_found_in_every_call_about_it() {
    let sandbox = Sandbox::start().await;
    let member = sandbox.fake.world().await.text("/members/7/id");
    let space = "nospace00000".to_owned();
    let mut community = sandbox.clients.community();
    let failures = [
        Failure::of(
            community
                .get_space(GetSpaceRequest {
                    space_id: space.clone(),
                    read_options: None,
                })
                .await,
        ),
        Failure::of(
            community
                .list_space_members(ListSpaceMembersRequest {
                    space_id: space.clone(),
                    ..ListSpaceMembersRequest::default()
                })
                .await,
        ),
        Failure::of(community.add_space_member(adding(&space, &member)).await),
        Failure::of(
            community
                .remove_space_member(removing(&space, &member))
                .await,
        ),
    ];
    for failure in failures {
        let _checked = failure.is(Code::NotFound, ErrorReason::SpaceNotFound);
    }
}

#[tokio::test]
async fn a_membership_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    let mut community = sandbox.clients.community();
    let many_roles = ListSpaceMembersRequest {
        space_id: "s".to_owned(),
        role_ids: vec!["r".to_owned(); 21],
        ..ListSpaceMembersRequest::default()
    };
    let of_nothing = ListSpaceMembersRequest::default();
    for (field, request) in [("space_id", of_nothing), ("role_ids", many_roles)] {
        let answer = community.list_space_members(request).await;
        invalid(&Failure::of(answer), field);
    }
    let bad_role = AddSpaceMemberRequest {
        role_id: "a b".to_owned(),
        ..adding("s", "m")
    };
    let bad_id = AddSpaceMemberRequest {
        request_id: "8d3f1b0e6a524a4b9f0a1c2d3e4f5a6b".to_owned(),
        ..adding("s", "m")
    };
    for (field, request) in [
        ("space_id", adding("", "m")),
        ("member_id", adding("s", "")),
        ("role_id", bad_role),
        ("request_id", bad_id),
    ] {
        let answer = community.add_space_member(request).await;
        invalid(&Failure::of(answer), field);
    }
    for (field, request) in [
        ("space_id", removing("", "m")),
        ("member_id", removing("s", "a b")),
    ] {
        let answer = community.remove_space_member(request).await;
        invalid(&Failure::of(answer), field);
    }
    for root in ["spaceMembers", "addSpaceMembers", "removeSpaceMembers"] {
        assert_eq!(sandbox.fake.requests(root).await, 0, "{root}");
    }
}

fn adding(space: &str, member: &str) -> AddSpaceMemberRequest {
    AddSpaceMemberRequest {
        space_id: space.to_owned(),
        member_id: member.to_owned(),
        ..AddSpaceMemberRequest::default()
    }
}

fn removing(space: &str, member: &str) -> RemoveSpaceMemberRequest {
    RemoveSpaceMemberRequest {
        space_id: space.to_owned(),
        member_id: member.to_owned(),
        ..RemoveSpaceMemberRequest::default()
    }
}

/// A private space, and an ordinary member who is not in it.
fn place(world: &World) -> (String, String) {
    let spaces = world.all("spaces").iter();
    let private = spaces
        .clone()
        .find(|space| space["private"] == true)
        .unwrap();
    let id = private["id"].as_str().unwrap().to_owned();
    (id, world.text("/members/7/id"))
}

/// The fake's id of the role that runs a space.
fn admin_role(space: &str) -> String {
    format!("admin{space}")[..12].to_owned()
}

async fn is_inside(sandbox: &Sandbox, space: &str, member: &str) -> bool {
    let world = sandbox.fake.world().await;
    ids(world.one("spaces", "id", space)).contains(member)
}

fn ids(space: &Value) -> BTreeSet<String> {
    let ids = space["memberIds"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn kind(role: Option<&SpaceRole>) -> &str {
    role.map_or("", |role| role.r#type.as_str())
}
