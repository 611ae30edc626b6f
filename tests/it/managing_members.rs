//! Listing members, and changing one.

use std::collections::BTreeSet;

use community_proto::v1::{
    ErrorReason, ListMembersRequest, ListMembersResponse, Member, MemberField, MemberStatus,
    Source, UpdateMemberRequest,
};
use integration_tests::{Failure, Sandbox};
use prost_types::FieldMask;
use serde_json::Value;
use tonic::{Code, Status};

use crate::members::by_id;

/// A system on a network of each generation.
pub(crate) async fn both() -> [Sandbox; 2] {
    let on = async |generation: &str| {
        Sandbox::builder()
            .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
            .start()
            .await
    };
    [on("published").await, on("newer").await]
}

#[tokio::test]
async fn pages_of_members_hold_each_once_and_say_how_many_there_are() {
    for sandbox in both().await {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListMembersRequest {
                page_size: 25,
                page_token: token,
                ..ListMembersRequest::default()
            };
            let page = list(&sandbox, request).await.unwrap();
            assert_eq!(page.total_size, 59);
            seen.extend(page.members.into_iter().map(|member| member.id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (59, 59));
        assert_eq!(sandbox.fake.requests("members").await, 3);
    }
}

#[tokio::test]
async fn a_list_is_narrowed_by_text_role_and_status() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let of = |status: &str| world.matching("members", "status", status).len();
    let suspended = ListMembersRequest {
        statuses: vec![
            MemberStatus::Suspended.into(),
            MemberStatus::Suspended.into(),
        ],
        ..ListMembersRequest::default()
    };
    let found = list(&sandbox, suspended).await.unwrap().members;
    assert_eq!(found.len(), of("Suspended"));
    assert!(
        found
            .iter()
            .all(|one| one.status() == MemberStatus::Suspended)
    );

    let roles = world.matching("roles", "type", "moderator");
    let moderators = ListMembersRequest {
        role_ids: vec![roles[0]["id"].as_str().unwrap().to_owned()],
        ..ListMembersRequest::default()
    };
    let found = list(&sandbox, moderators).await.unwrap().members;
    assert_eq!(found.len(), 3);
    let is_moderator = |one: &Member| one.role.as_ref().unwrap().r#type == "moderator";
    assert!(found.iter().all(is_moderator));

    let name = world.text("/members/7/name").to_uppercase();
    let by_name = ListMembersRequest {
        query: name,
        ..ListMembersRequest::default()
    };
    let found = list(&sandbox, by_name).await.unwrap().members;
    assert_eq!(found[0].id, world.text("/members/7/id"));
}

#[tokio::test]
async fn a_list_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    type Break = fn(&mut ListMembersRequest);
    const BROKEN: &[(&str, Break)] = &[
        ("query", |list| list.query = "x".repeat(201)),
        ("role_ids", |list| list.role_ids = vec!["r".to_owned(); 21]),
        ("role_ids[0]", |list| list.role_ids = vec![String::new()]),
        ("statuses", |list| {
            list.statuses = vec![MemberStatus::Deleted.into()];
        }),
        ("statuses", |list| list.statuses = vec![99]),
        ("page_size", |list| list.page_size = -1),
    ];
    let sandbox = Sandbox::start().await;
    for (field, break_it) in BROKEN {
        let mut request = ListMembersRequest::default();
        break_it(&mut request);
        let status = list(&sandbox, request).await.unwrap_err();
        Failure::read(&status)
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    assert_eq!(sandbox.fake.requests("members").await, 0);
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_query_only() {
    let sandbox = Sandbox::start().await;
    let first = ListMembersRequest {
        page_size: 5,
        ..ListMembersRequest::default()
    };
    let token = list(&sandbox, first).await.unwrap().next_page_token;
    let other = ListMembersRequest {
        query: "a".to_owned(),
        page_token: token.clone(),
        ..ListMembersRequest::default()
    };
    let damaged = ListMembersRequest {
        page_token: token[1..].to_owned(),
        ..ListMembersRequest::default()
    };
    for request in [other, damaged] {
        let status = list(&sandbox, request).await.unwrap_err();
        Failure::read(&status)
            .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
            .about("page_token");
    }
    // The size of a page is no part of the query.
    let bigger = ListMembersRequest {
        page_size: 50,
        page_token: token,
        ..ListMembersRequest::default()
    };
    assert_eq!(list(&sandbox, bigger).await.unwrap().members.len(), 50);
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names_and_the_next_read_sees_it() {
    for sandbox in both().await {
        let id = sandbox.fake.world().await.text("/members/0/id");
        let (before, _) = by_id(&sandbox.clients, &id).await;
        let request = UpdateMemberRequest {
            member: Some(Member {
                id: id.clone(),
                name: "Not to be changed".to_owned(),
                tagline: "Reads in trains".to_owned(),
                fields: vec![field("city", "\"Ghent\""), field("newsletter", "null")],
                ..Member::default()
            }),
            update_mask: mask(&["tagline", "fields"]),
            request_id: "8d3f1b0e-6a52-4a4b-9f0a-1c2d3e4f5a6b".to_owned(),
        };
        let changed = update(&sandbox, request).await.unwrap();
        assert_eq!(changed.tagline, "Reads in trains");
        assert_eq!(changed.name, before.name);
        assert_eq!(changed.fields, [field("city", "\"Ghent\"")]);

        let (read, freshness) = by_id(&sandbox.clients, &id).await;
        assert_eq!(freshness.source(), Source::Bettermode);
        assert_eq!(read, changed);
        let world = sandbox.fake.world().await;
        let there = world.one("members", "id", &id);
        assert_eq!(there["tagline"], "Reads in trains");
        assert_eq!(there["fields"]["city"], "\"Ghent\"");
    }
}

#[tokio::test]
async fn an_update_drops_the_copies_of_other_replicas_too() {
    let sandbox = Sandbox::builder().with_redis().start().await;
    let replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&replica.clients, &id).await;
    assert_ne!(
        by_id(&replica.clients, &id).await.1.source(),
        Source::Bettermode
    );
    let request = named(&id, "Somebody Else");
    update(&sandbox, request).await.unwrap();
    integration_tests::eventually("the new name is read", async || {
        let (member, _) = by_id(&replica.clients, &id).await;
        match member.name.as_str() {
            "Somebody Else" => Ok(()),
            old => Err(old.to_owned()),
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_mask_what_is_filled_is_changed_and_an_empty_tagline_needs_the_mask() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let has_one = |member: &&Value| member["tagline"].is_string();
    let member = world.all("members").iter().find(has_one).unwrap();
    let id = member["id"].as_str().unwrap();
    let changed = update(&sandbox, named(id, "New Name")).await.unwrap();
    assert_eq!(changed.name, "New Name");
    assert_eq!(changed.tagline, member["tagline"].as_str().unwrap());

    let request = UpdateMemberRequest {
        update_mask: mask(&["tagline"]),
        ..named(id, "")
    };
    let changed = update(&sandbox, request).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.tagline.as_str()),
        ("New Name", "")
    );
}

#[tokio::test]
async fn an_update_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    type Break = fn(&mut UpdateMemberRequest, &mut Member);
    const BROKEN: &[(&str, Break)] = &[
        ("member.id", |_, member| member.id.clear()),
        ("member.name", |update, member| {
            member.name.clear();
            update.update_mask = mask(&["name"]);
        }),
        ("member.name", |_, member| member.name = "ä".repeat(256)),
        ("member.tagline", |_, member| {
            member.tagline = "x".repeat(256);
        }),
        ("member.fields", |_, member| {
            member.fields = vec![field("", "1")];
        }),
        ("member.fields", |_, member| {
            member.fields = vec![field("city", "no JSON")];
        }),
        ("member.fields", |_, member| {
            member.fields = vec![field("city", "1"), field("city", "2")];
        }),
        ("member.fields", |update, _| {
            update.update_mask = mask(&["fields"]);
        }),
        ("update_mask", |_, member| member.name.clear()),
        ("update_mask", |update, _| {
            update.update_mask = mask(&["email"]);
        }),
        ("update_mask", |update, _| update.update_mask = mask(&["*"])),
        ("request_id", |update, _| {
            update.request_id = "not a UUID".to_owned();
        }),
    ];
    let sandbox = Sandbox::start().await;
    for (field, break_it) in BROKEN {
        let mut request = named("someMember", "A Name");
        let mut member = request.member.take().unwrap();
        break_it(&mut request, &mut member);
        request.member = Some(member);
        update_refused(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    update_refused(&sandbox, UpdateMemberRequest::default())
        .await
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("member");
    assert_eq!(sandbox.fake.requests("updateMember").await, 0);
}

#[tokio::test]
async fn nobody_to_change_is_not_found_and_a_field_nobody_has_is_named() {
    let sandbox = Sandbox::start().await;
    let failure = update_refused(&sandbox, named("nobody0000", "A Name"))
        .await
        .is(Code::NotFound, ErrorReason::MemberNotFound);
    assert_eq!(failure.metadata["identifier"], "member.id");
    let id = sandbox.fake.world().await.text("/members/0/id");
    let request = UpdateMemberRequest {
        member: Some(Member {
            id,
            fields: vec![field("no-such-field", "1")],
            ..Member::default()
        }),
        ..UpdateMemberRequest::default()
    };
    update_refused(&sandbox, request)
        .await
        .is(Code::InvalidArgument, ErrorReason::UpstreamRejected)
        .about("member.fields");
}

#[tokio::test]
async fn an_update_that_is_not_confirmed_is_told_as_unknown_and_its_copies_are_dropped() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&sandbox.clients, &id).await;
    sandbox.fake.fault_once("cut_body", "updateMember").await;
    let _checked = update_refused(&sandbox, named(&id, "Maybe"))
        .await
        .is(Code::Unknown, ErrorReason::OutcomeUnknown);
    let (read, freshness) = by_id(&sandbox.clients, &id).await;
    assert_eq!(freshness.source(), Source::Bettermode);
    assert_eq!(read.name, "Maybe");
}

async fn list(
    sandbox: &Sandbox,
    request: ListMembersRequest,
) -> Result<ListMembersResponse, Status> {
    let answer = sandbox.clients.community().list_members(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn update(sandbox: &Sandbox, request: UpdateMemberRequest) -> Result<Member, Status> {
    let answer = sandbox.clients.community().update_member(request).await?;
    Ok(answer.into_inner().member.unwrap())
}

async fn update_refused(sandbox: &Sandbox, request: UpdateMemberRequest) -> Failure {
    Failure::read(&update(sandbox, request).await.unwrap_err())
}

fn named(id: &str, name: &str) -> UpdateMemberRequest {
    UpdateMemberRequest {
        member: Some(Member {
            id: id.to_owned(),
            name: name.to_owned(),
            ..Member::default()
        }),
        ..UpdateMemberRequest::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the contract's field is optional")]
fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    })
}

fn field(key: &str, json_value: &str) -> MemberField {
    MemberField {
        key: key.to_owned(),
        json_value: json_value.to_owned(),
    }
}
