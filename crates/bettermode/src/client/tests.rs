use serde_json::{Value, json};

use super::MemberRef;
use crate::{
    Capabilities, Class, Email, Error, GenerationChoice, Mechanism, MemberId, MemberStatus,
    SpaceId, Subject,
    testing::{Step, Upstream, data, error, member, post},
};

fn email() -> Email {
    Email::parse("Ada@Example.com").unwrap()
}

fn page(nodes: &[Value], next: Option<&str>) -> Step {
    data(&json!({ "members": {
        "pageInfo": { "endCursor": next, "hasNextPage": next.is_some() }, "nodes": nodes,
    } }))
}

fn introspected(queries: &[&str], mutations: &Value) -> Step {
    let queries: Vec<_> = queries.iter().map(|name| json!({ "name": name })).collect();
    data(&json!({ "__schema": {
        "queryType": { "fields": queries }, "mutationType": { "fields": mutations },
    } }))
}

fn post_types() -> Value {
    let mapping = |key: &str, kind: &str| json!({ "key": key, "type": kind, "required": true });
    json!([
        { "id": "titled", "name": "T", "slug": "t",
          "mappings": [mapping("title", "text"), mapping("content", "html")] },
        { "id": "plain", "name": "P", "slug": "p", "mappings": [mapping("content", "html")] },
    ])
}

#[tokio::test]
async fn a_member_is_decoded_and_values_nobody_knows_are_kept() {
    let mut odd = member("ADA", None);
    odd["status"] = json!("HIBERNATING");
    odd["role"]["type"] = json!("wizard");
    odd["profilePicture"] = json!({ "__typename": "Hologram" });
    let plain = data(&json!({ "member": member("ADA", Some("ada@example.com")) }));
    let upstream = Upstream::answering([plain, data(&json!({ "member": odd }))]);
    let client = upstream.client();

    let ada = client.member(MemberRef::Username("ada")).await.unwrap();
    assert_eq!(ada.status, MemberStatus::Verified);
    assert_eq!(
        ada.profile_picture_url.as_deref(),
        Some("https://example.com/a.png")
    );
    assert_eq!((ada.tagline, ada.fields.len()), (None, 1));
    assert_eq!(ada.fields[0].json_value, "\"Berlin\"");
    assert_eq!(upstream.seen()[1].variables, json!({ "username": "ada" }));

    let odd = client
        .member(MemberRef::Id(&MemberId::new("ADA")))
        .await
        .unwrap();
    assert_eq!(odd.status.raw(), "HIBERNATING");
    assert_eq!(odd.role.unwrap().kind.as_deref(), Some("wizard"));
    assert_eq!((odd.profile_picture_url, odd.email), (None, None));
}

#[tokio::test]
async fn a_field_that_may_not_be_seen_does_not_spoil_a_read_and_any_other_fault_does() {
    let partial = |code: u32| {
        let errors = json!([{ "code": code, "message": "m" }]);
        let body = json!({ "data": { "member": member("ADA", None) }, "errors": errors });
        Step::Answer(200, vec![], body.to_string())
    };
    let upstream = Upstream::answering([partial(102), partial(122)]);
    let (client, ada) = (upstream.client(), MemberId::new("ADA"));
    assert_eq!(
        client.member(MemberRef::Id(&ada)).await.unwrap().email,
        None
    );
    let result = client.member(MemberRef::Id(&ada)).await;
    assert!(matches!(result, Err(Error::PartialData { code, .. }) if code == "122"));
}

#[tokio::test]
async fn an_address_is_looked_for_on_every_page_and_compared_exactly() {
    let others = [
        member("BOB", Some("ada@example.com.au")),
        member("EVE", Some("xada@example.com")),
    ];
    let ada = [member("ADA", Some("ADA@example.COM"))];
    let upstream = Upstream::answering([page(&others, Some("c1")), page(&ada, Some("c2"))]);
    let found = upstream.client().member_by_email(&email()).await.unwrap();
    assert_eq!(found.id, MemberId::new("ADA"));
    let asked = &upstream.seen()[2].variables;
    assert_eq!(asked["after"], "c1");
    assert_eq!(asked["query"], "ada@example.com");
    assert_eq!(
        asked["status"],
        json!(["VERIFIED", "UNVERIFIED", "Suspended"])
    );
}

#[tokio::test]
async fn a_hidden_address_is_told_from_an_absent_one() {
    let bob = member("BOB", Some("bob@example.com"));
    let eve = member("EVE", Some("eve@example.com"));
    let upstream = Upstream::answering([
        page(std::slice::from_ref(&bob), None),
        // Whether the token sees addresses at all is asked once.
        page(&[bob.clone(), eve], None),
        page(&[], None),
        page(&[member("ADA", None), bob], None),
    ]);
    let client = upstream.client();
    for _ in 0..2 {
        let absent = Err(Error::NotFound {
            what: Subject::Member,
        });
        assert_eq!(client.member_by_email(&email()).await, absent);
    }
    assert_eq!(
        client.member_by_email(&email()).await,
        Err(Error::EmailNotVisible)
    );
}

#[tokio::test]
async fn a_search_that_finds_nobody_proves_nothing_to_a_token_that_sees_no_addresses() {
    let own = member("OWN", Some("own@example.com"));
    let upstream = Upstream::answering([
        page(&[], None),
        page(&[member("ADA", None), own, member("BOB", None)], None),
    ]);
    assert_eq!(
        upstream.client().member_by_email(&email()).await,
        Err(Error::EmailNotVisible)
    );
    let asked = upstream.seen().last().unwrap().variables.clone();
    assert_eq!(asked.get("query"), None);
}

#[tokio::test]
async fn pages_that_do_not_move_are_an_error_and_not_an_absence() {
    let upstream = Upstream::answering([page(&[], Some("c")), page(&[], Some("c"))]);
    let result = upstream.client().member_by_email(&email()).await;
    assert!(
        matches!(result, Err(Error::Undecodable { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_newer_network_gets_a_message_by_chat() {
    let message = json!({ "_id": "MSG1", "authorId": "BOT", "sentAt": "2025-01-02T03:04:05.678Z" });
    let sent = json!({ "sendMessageToMember": { "chatId": "CHAT1", "message": message } });
    let upstream = Upstream::answering([data(&sent)]);
    let ada = MemberId::new("ADA");
    let message = upstream
        .client()
        .send_direct_message(&ada, "<p>Hi</p>", Some("n1"))
        .await
        .unwrap();
    assert_eq!(
        (message.id.as_str(), message.conversation_id.as_str()),
        ("MSG1", "CHAT1")
    );
    assert_eq!(message.mechanism, Mechanism::Chat);
    let input =
        json!({ "recipientId": "ADA", "message": { "content": "<p>Hi</p>", "nonce": "n1" } });
    assert_eq!(upstream.seen()[1].variables, json!({ "input": input }));
}

#[tokio::test]
async fn an_older_network_gets_a_message_as_a_post_in_a_private_space() {
    let space =
        json!({ "id": "SPACE1", "authMemberProps": { "availablePostTypes": post_types() } });
    let upstream = Upstream::answering([
        data(&json!({ "privateMessage": space })),
        data(&json!({ "createPost": post("POST1", "SPACE1") })),
    ]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
    let message = client
        .send_direct_message(&MemberId::new("ADA"), "<p>Hi</p>", Some("n1"))
        .await
        .unwrap();
    assert_eq!(message.mechanism, Mechanism::PrivateSpace);
    assert_eq!(
        (message.id.as_str(), message.conversation_id.as_str()),
        ("POST1", "SPACE1")
    );
    let seen = upstream.seen();
    assert_eq!(
        seen[1].variables,
        json!({ "input": { "memberIds": ["ADA"] } })
    );
    assert_eq!(seen[2].variables["input"]["postTypeId"], "plain");
    assert_eq!(
        seen[2].variables["input"]["mappingFields"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_private_space_without_a_fitting_post_type_sends_nothing() {
    let space = json!({ "id": "SPACE1", "authMemberProps": null });
    let upstream = Upstream::answering([data(&json!({ "privateMessage": space }))]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
    let result = client
        .send_direct_message(&MemberId::new("ADA"), "x", None)
        .await;
    assert_eq!(
        result,
        Err(Error::NotFound {
            what: Subject::PostType
        })
    );
}

#[tokio::test]
async fn post_types_come_from_all_pages() {
    let page = |next: Option<&str>| {
        let nodes: Vec<_> = post_types()
            .as_array()
            .unwrap()
            .iter()
            .map(|t| json!({ "postType": t }))
            .collect();
        let info = json!({ "endCursor": next, "hasNextPage": next.is_some() });
        data(&json!({ "spacePostTypes": { "pageInfo": info, "nodes": nodes } }))
    };
    let upstream = Upstream::answering([page(Some("c")), page(None)]);
    let types = upstream
        .client()
        .space_post_types(&SpaceId::new("s"))
        .await
        .unwrap();
    assert_eq!(types.len(), 4);
    assert_eq!(types[0].title_key(), Some("title"));
    assert_eq!(upstream.seen()[1].variables["context"], "post");
}

#[tokio::test]
async fn the_network_is_asked_once_for_its_operations_and_again_only_after_a_failure() {
    let input = json!([{ "name": "input", "type": { "kind": "NON_NULL" } }]);
    let mutations = json!([{ "name": "sendMessageToMember", "args": input }]);
    let upstream = Upstream::answering([
        error(&json!("777")),
        introspected(&["member", "membersByIds"], &mutations),
    ]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Auto);
    client.capabilities().await.unwrap_err();
    let asked = futures::future::join_all((0..5).map(|_| client.capabilities())).await;
    let expected = Capabilities {
        members_by_ids: true,
        send_message_to_member: true,
        ..Capabilities::PUBLISHED
    };
    assert!(asked.into_iter().all(|answer| *answer.unwrap() == expected));
    assert_eq!(upstream.count("RootFields"), 2);
}

#[tokio::test]
async fn an_operation_with_other_arguments_than_ours_counts_as_absent() {
    let required = json!({ "kind": "NON_NULL" });
    for arguments in [
        json!([{ "name": "message", "type": required }]),
        json!([{ "name": "input", "type": required }, { "name": "chatId", "type": required }]),
    ] {
        let mutations = json!([{ "name": "sendMessageToMember", "args": arguments }]);
        let upstream = Upstream::answering([introspected(&[], &mutations)]);
        let client = upstream.client_with(|config| config.generation = GenerationChoice::Auto);
        assert_eq!(
            *client.capabilities().await.unwrap(),
            Capabilities::PUBLISHED
        );
    }
}

#[tokio::test]
async fn a_network_that_refuses_introspection_counts_as_an_older_one() {
    let upstream = Upstream::answering([error(&json!("100"))]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Auto);
    for _ in 0..2 {
        assert_eq!(
            *client.capabilities().await.unwrap(),
            Capabilities::PUBLISHED
        );
    }
    assert_eq!(upstream.count("RootFields"), 1);
}

#[tokio::test]
async fn a_class_travels_with_every_call_and_with_its_token() {
    use Class::{Interactive, Refresh};
    let ada = MemberId::new("ADA");
    let found = || data(&json!({ "member": member("ADA", None) }));
    let upstream = Upstream::answering((0..3).map(|_| found()));
    let client = upstream.client();
    let refreshing = client.for_class(Class::Refresh);
    let acting = refreshing.acting_as(ada.clone()).unwrap();
    for client in [&acting, &client, &refreshing] {
        client.member(MemberRef::Id(&ada)).await.unwrap();
    }
    // Two tokens: the member's, and then the app's.
    let expected = [Refresh, Refresh, Interactive, Interactive, Refresh];
    assert_eq!(*upstream.spent.classes.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_person_does_not_share_the_fate_of_background_work_that_mints_the_same_token() {
    let upstream = Upstream::answering([data(&json!({ "member": member("ADA", None) }))]);
    *upstream.spent.refuse_class.lock().unwrap() = Some(Class::Backfill);
    let (client, ada) = (upstream.client(), MemberId::new("ADA"));
    let background = client.for_class(Class::Backfill);
    let (refused, answered) = tokio::join!(
        background.member(MemberRef::Id(&ada)),
        client.member(MemberRef::Id(&ada)),
    );
    assert!(matches!(refused, Err(Error::RateLimited { .. })));
    assert_eq!(answered.unwrap().id, ada);
}
