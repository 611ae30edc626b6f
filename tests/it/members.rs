//! Reading members: by id, by user name, by e-mail address; from BetterMode once,
//! from the cache afterwards.

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{
    ErrorReason, Freshness, GetMemberByEmailRequest, GetMemberRequest, Member, MemberStatus, Source,
};
use integration_tests::{Clients, Failure, Sandbox};
use tonic::Code;

#[tokio::test]
async fn a_member_is_read_by_id_and_then_from_memory() {
    let sandbox = Sandbox::start().await;
    a_member_is_read_once_and_then_from(Source::Memory, &sandbox).await;
}

#[tokio::test]
async fn a_member_is_read_by_id_and_then_from_redis() {
    let sandbox = Sandbox::builder()
        .with_redis()
        .service_setting("COMMUNITY_SVC_CACHE_BYTES", "0")
        .start()
        .await;
    a_member_is_read_once_and_then_from(Source::Redis, &sandbox).await;
}

async fn a_member_is_read_once_and_then_from(source: Source, sandbox: &Sandbox) {
    let world = sandbox.fake.world().await;
    let id = world.text("/members/0/id");
    let asked_before = sandbox.fake.requests("member").await;

    let (first, freshness) = by_id(&sandbox.clients, &id).await;
    assert_eq!(freshness.source(), Source::Bettermode);
    let fetched = freshness.fetched_at;
    assert!(fetched.is_some());

    let (second, freshness) = by_id(&sandbox.clients, &id).await;
    assert_eq!(freshness.source(), source);
    assert_eq!(freshness.fetched_at, fetched, "a copy tells its real age");
    assert_eq!(first, second);
    assert_eq!(sandbox.fake.requests("member").await, asked_before + 1);
}

#[tokio::test]
async fn a_member_has_all_that_bettermode_tells() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let (member, _) = by_id(&sandbox.clients, &world.text("/members/0/id")).await;
    assert_eq!(member.username, world.text("/members/0/username"));
    assert_eq!(member.name, world.text("/members/0/name"));
    assert_eq!(member.email, world.text("/members/0/email"));
    assert_eq!(member.status(), MemberStatus::Verified);
    assert_eq!(member.raw_status, "VERIFIED");
    let role = member.role.unwrap();
    assert!(!role.id.is_empty() && !role.name.is_empty());
    assert_eq!(role.r#type, "member");
    assert!(member.create_time.is_some() && member.update_time.is_some());
    assert!(member.create_time.unwrap().seconds > 1_500_000_000);
    let keys: Vec<_> = member
        .fields
        .iter()
        .map(|field| field.key.as_str())
        .collect();
    assert!(keys.contains(&"city"), "{keys:?}");
    for field in &member.fields {
        serde_json::from_str::<serde_json::Value>(&field.json_value).unwrap();
    }
}

#[tokio::test]
async fn a_user_name_leads_to_the_member_whatever_its_case() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let name = world.text("/members/1/username");
    let (member, freshness) = by_username(&sandbox.clients, &name).await;
    assert_eq!(member.id, world.text("/members/1/id"));
    assert_eq!(freshness.source(), Source::Bettermode);

    let (again, freshness) = by_username(&sandbox.clients, &name).await;
    assert_eq!(
        (again, freshness.source()),
        (member.clone(), Source::Memory)
    );
    // The copy is the member's, whatever led to it.
    let (by_id, freshness) = by_id(&sandbox.clients, &member.id).await;
    assert_eq!((by_id, freshness.source()), (member, Source::Memory));
}

#[tokio::test]
async fn an_address_leads_to_the_member_without_regard_to_case_and_space() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let address = world.text("/members/2/email");
    let shouted = format!("  {} ", address.to_uppercase());
    let (member, freshness) = by_email(&sandbox.clients, &shouted).await.unwrap();
    assert_eq!(member.id, world.text("/members/2/id"));
    assert_eq!(freshness.source(), Source::Bettermode);

    let asked = sandbox.fake.requests("members").await;
    let (again, freshness) = by_email(&sandbox.clients, &address).await.unwrap();
    assert_eq!((again, freshness.source()), (member, Source::Memory));
    assert_eq!(sandbox.fake.requests("members").await, asked);
}

#[tokio::test]
async fn an_address_that_is_the_beginning_of_a_members_address_is_not_that_member() {
    let sandbox = Sandbox::start().await;
    let address = sandbox.fake.world().await.text("/members/3/email");
    let cut = address.strip_suffix('m').or(address.strip_suffix('g'));
    let failure = Failure::read(&by_email(&sandbox.clients, cut.unwrap()).await.unwrap_err());
    let _checked = failure.is(Code::NotFound, ErrorReason::MemberNotFound);
}

#[tokio::test]
async fn a_suspended_member_is_found_and_told_as_such() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let suspended = &world.matching("members", "status", "Suspended")[0];
    let address = suspended["email"].as_str().unwrap();
    let (member, _) = by_email(&sandbox.clients, address).await.unwrap();
    assert_eq!(member.id, suspended["id"].as_str().unwrap());
    assert_eq!(member.status(), MemberStatus::Suspended);
}

#[tokio::test]
async fn a_member_nobody_knows_is_not_found_whichever_way_one_asks() {
    let sandbox = Sandbox::start().await;
    let mut community = sandbox.clients.community();
    for (identifier, by) in [
        (Identifier::MemberId("nobody0000".to_owned()), "id"),
        (Identifier::Username("nobody.at.all".to_owned()), "username"),
    ] {
        let request = GetMemberRequest {
            identifier: Some(identifier),
            read_options: None,
        };
        let failure = Failure::of(community.get_member(request).await)
            .is(Code::NotFound, ErrorReason::MemberNotFound);
        assert_eq!(failure.metadata["identifier"], by);
    }
    let status = by_email(&sandbox.clients, "nobody@example.net").await;
    let failure =
        Failure::read(&status.unwrap_err()).is(Code::NotFound, ErrorReason::MemberNotFound);
    assert!(!failure.message.contains('@'), "{failure:?}");
}

#[tokio::test]
async fn an_identifier_that_breaks_a_rule_is_refused_by_name_and_asks_bettermode_nothing() {
    let sandbox = Sandbox::start().await;
    let asked = sandbox.fake.requests("member").await;
    let mut community = sandbox.clients.community();
    for (identifier, field) in [
        (None, "identifier"),
        (Some(Identifier::MemberId(String::new())), "member_id"),
        (Some(Identifier::MemberId("x".repeat(129))), "member_id"),
        (Some(Identifier::MemberId("a b".to_owned())), "member_id"),
        (Some(Identifier::Username(String::new())), "username"),
        (Some(Identifier::Username("x".repeat(129))), "username"),
    ] {
        let request = GetMemberRequest {
            identifier,
            read_options: None,
        };
        Failure::of(community.get_member(request).await)
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    for address in ["", "nobody", "a@b@c", &format!("{}@b", "x".repeat(320))] {
        let status = by_email(&sandbox.clients, address).await.unwrap_err();
        let failure = Failure::read(&status).is(Code::InvalidArgument, ErrorReason::InvalidField);
        assert!(address.is_empty() || !failure.message.contains(address));
        failure.about("email");
    }
    assert_eq!(sandbox.fake.requests("member").await, asked);
    assert_eq!(sandbox.fake.requests("members").await, 0);
}

pub(crate) async fn by_id(clients: &Clients, id: &str) -> (Member, Freshness) {
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId(id.to_owned())),
        read_options: None,
    };
    let answer = clients.community().get_member(request).await.unwrap();
    let answer = answer.into_inner();
    (answer.member.unwrap(), answer.freshness.unwrap())
}

async fn by_username(clients: &Clients, name: &str) -> (Member, Freshness) {
    let request = GetMemberRequest {
        identifier: Some(Identifier::Username(name.to_owned())),
        read_options: None,
    };
    let answer = clients.community().get_member(request).await.unwrap();
    let answer = answer.into_inner();
    (answer.member.unwrap(), answer.freshness.unwrap())
}

pub(crate) async fn by_email(
    clients: &Clients,
    email: &str,
) -> Result<(Member, Freshness), tonic::Status> {
    let request = GetMemberByEmailRequest {
        email: email.to_owned(),
        read_options: None,
    };
    let answer = clients.community().get_member_by_email(request).await?;
    let answer = answer.into_inner();
    Ok((answer.member.unwrap(), answer.freshness.unwrap()))
}
