//! What the two generations accept and refuse.

use apollo_compiler::schema::{ExtendedType, FieldDefinition, Type};
use apollo_compiler::{Name, Schema};
use serde_json::{Value, json};

use super::Bench;
use crate::Generation;

#[tokio::test]
async fn a_field_that_only_newer_networks_have_is_refused_by_the_published_generation() {
    let query = "query($id: ID) { member(id: $id) { id flagged } }";
    let published = Bench::published().await;
    let variables = json!({ "id": published.text("/members/0/id") });
    let refused = published.ask(query, variables.clone()).await;
    assert_eq!(refused.refusal().0, "100");
    assert!(refused.text.contains("flagged"));
    let newer = Bench::new().await.ask(query, variables).await;
    assert_eq!(newer.data()["member"]["flagged"], false);
}

#[tokio::test]
async fn newer_operations_arguments_inputs_and_enum_values_are_refused_by_the_published_one() {
    let documents = [
        "{ membersByIds(ids: []) { id } }",
        "{ apiRateLimitStats { limit } }",
        "{ member(externalId: \"1\") { id } }",
        "mutation { sendMessageToMember(input: {recipientId: \"1\", message: {content: \"x\"}}) { chatId } }",
        "mutation { addReaction(postId: \"1\", input: {reaction: \"x\", participantId: \"2\"}) { status } }",
        "{ members(limit: 1, filterBy: [{key: \"name\", operator: startsWith, value: \"1\"}]) { totalCount } }",
    ];
    let (published, newer) = (Bench::published().await, Bench::new().await);
    for document in documents {
        assert_eq!(
            published.ask(document, json!({})).await.refusal().0,
            "100",
            "{document}"
        );
        let answer = newer.ask(document, json!({})).await;
        assert!(
            answer.json["errors"][0]["code"] != "100",
            "{document}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_document_that_the_schema_does_not_know_gets_the_vendors_error_shape() {
    let bench = Bench::new().await;
    let answer = bench
        .ask(
            "{ memberByEmail(email: \"a@example.com\") { id } }",
            json!({}),
        )
        .await;
    assert_eq!(answer.status, 200);
    let error = &answer.json["errors"][0];
    assert_eq!(error["code"], "100");
    assert!(error["message"].as_str().unwrap().contains("memberByEmail"));
    assert!(error["extensions"].is_null() && error["timestamp"].is_string());
    assert!(answer.json["data"].is_null());
}

#[tokio::test]
async fn a_missing_or_wrong_variable_is_refused_with_its_name() {
    let bench = Bench::new().await;
    let query = "query($limit: Int!) { members(limit: $limit) { totalCount } }";
    for (variables, code) in [
        (json!({}), "112"),
        (json!({ "limit": null }), "114"),
        (json!({ "limit": "ten" }), "114"),
    ] {
        let answer = bench.ask(query, variables).await;
        assert_eq!(answer.refusal(), (code, "limit"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_required_input_field_cannot_be_left_out() {
    let bench = Bench::new().await;
    let variables = json!({ "s": "x", "i": { "postTypeId": "y" } });
    let answer = bench.ask(super::CREATE_POST, variables).await;
    assert_eq!(answer.refusal(), ("112", "mappingFields"));
}

#[tokio::test]
async fn introspection_tells_the_generations_apart() {
    let query =
        "{ __type(name: \"Query\") { fields { name } } __schema { mutationType { name } } }";
    for (bench, newer) in [
        (Bench::published().await, false),
        (Bench::new().await, true),
    ] {
        let answer = bench.ask(query, json!({})).await;
        let fields = answer.data()["__type"]["fields"].as_array().unwrap();
        let has = fields.iter().any(|field| field["name"] == "membersByIds");
        assert_eq!(has, newer);
        assert_eq!(
            answer.data()["__schema"]["mutationType"]["name"],
            "Mutation"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let bench = Bench::new().await;
    let request = http::Request::post("/")
        .body(bytes::Bytes::from_static(b"hello"))
        .unwrap();
    let answer = super::Answer::read(bench.fake.handle(request).await);
    assert_eq!((answer.status.as_u16(), answer.refusal().0), (400, "118"));
}

#[tokio::test]
async fn every_field_that_a_query_can_reach_has_an_answer() {
    for (bench, generation) in [
        (Bench::published().await, Generation::Published),
        (Bench::new().await, Generation::Newer),
    ] {
        let schema = crate::schema::load(generation).unwrap();
        let query = schema.get_object("Query").unwrap();
        let made = match generation {
            Generation::Published => Value::Null,
            Generation::Newer => make_what_nothing_is_seeded_of(&bench).await,
        };
        for (name, field) in &query.fields {
            // Those two have their own tests: one needs Basic, the other no token.
            if matches!(name.as_str(), "limitedToken") {
                continue;
            }
            let arguments = arguments(&bench, &made, name.as_str());
            let selection = selection(&schema, &field.ty, 4);
            let document = format!("{{ {name}{arguments} {selection} }}");
            let answer = bench.ask(&document, json!({})).await;
            assert!(
                answer.json["errors"].is_null(),
                "{document}: {}",
                answer.json["errors"]
            );
            assert!(!answer.json["data"][name.as_str()].is_null(), "{document}");
        }
    }
}

/// The ids of a chat and of an event.
async fn make_what_nothing_is_seeded_of(bench: &Bench) -> Value {
    let input = json!({
        "recipientId": bench.text("/members/0/id"), "message": { "content": "Hello" },
    });
    let document =
        "mutation($i: SendMessageToMemberInput!) { sendMessageToMember(input: $i) { chatId } }";
    let answer = bench.ask(document, json!({ "i": input })).await;
    let chat = answer.data()["sendMessageToMember"]["chatId"].clone();
    let input = json!({
        "title": "Walk", "content": "x", "startTime": "2031-05-01T09:00:00Z", "hostIds": [],
        "endTime": "2031-05-01T11:00:00Z", "timeZone": "Europe/Lisbon", "notificationSettings": {
            "notifyOnRegister": true, "notifyOnUpdate": true, "notifyOnDelete": true,
            "remindBefore": true,
        },
    });
    let document =
        "mutation($s: ID!, $i: CreateEventInput!) { createEvent(spaceId: $s, input: $i) { id } }";
    let variables = json!({ "s": bench.text("/spaces/0/id"), "i": input });
    let answer = bench.ask(document, variables).await;
    json!({ "chat": chat, "event": answer.data()["createEvent"]["id"] })
}

/// Arguments with which a root field finds something.
fn arguments(bench: &Bench, made: &Value, name: &str) -> String {
    let id = |pointer: &str| Value::from(bench.text(pointer)).to_string();
    match name {
        "tokens" => format!("(networkDomain: {})", id("/network/domain")),
        "member" => format!("(id: {})", id("/members/1/id")),
        "membersByIds" => format!("(ids: [{}])", id("/members/0/id")),
        "members" | "posts" | "postTypes" | "spaces" | "memberInvitations" => {
            "(limit: 3)".to_owned()
        }
        "post" => format!("(id: {})", id("/posts/0/id")),
        "memberPosts" => format!("(limit: 2, memberId: {})", id("/posts/0/ownerId")),
        "postReactionParticipants" => {
            let post = id("/posts/0/id");
            format!("(limit: 2, postId: {post}, reaction: \"+1\")")
        }
        "replies" => format!("(limit: 2, postId: {})", id("/posts/0/id")),
        "space" => format!("(id: {})", id("/spaces/0/id")),
        "spaceMembers" => format!("(limit: 1, spaceId: {})", id("/spaces/0/id")),
        "memberSpaces" => format!("(limit: 1, memberId: {})", id("/members/0/id")),
        "spacePostTypes" => format!("(limit: 9, spaceId: {})", id("/spaces/0/id")),
        "privateMessage" => format!("(input: {{memberIds: [{}]}})", id("/members/0/id")),
        "findChatWithMember" => format!("(memberId: {})", id("/members/0/id")),
        "messages" => format!("(limit: 2, chatId: {})", made["chat"]),
        "event" => format!("(id: {})", made["event"]),
        "extraProperties" => format!("(entityType: Member, entityId: {})", id("/members/0/id")),
        "events" => "(limit: 2)".to_owned(),
        _ => String::new(),
    }
}

/// Every field of a type, objects down to a depth.
fn selection(schema: &Schema, ty: &Type, depth: usize) -> String {
    let object = |name: &str, prefix: &str| -> String {
        let fields = schema.get_object(name).unwrap().fields.values();
        let texts = fields.filter_map(|field| selected(schema, field, prefix, depth));
        texts.collect::<Vec<_>>().join(" ")
    };
    match schema.types.get(ty.inner_named_type()) {
        Some(ExtendedType::Object(found)) => {
            format!("{{ __typename {} }}", object(&found.name, ""))
        }
        Some(ExtendedType::Union(union)) => {
            // Fields of the same name differ in nullability between the members, so each
            // gets a name of its own.
            let part = |name: &Name| format!("... on {name} {{ {} }}", object(name, name));
            let parts = union.members.iter().map(|member| part(&member.name));
            format!("{{ __typename {} }}", parts.collect::<Vec<_>>().join(" "))
        }
        _ => String::new(),
    }
}

fn selected(
    schema: &Schema,
    field: &FieldDefinition,
    prefix: &str,
    depth: usize,
) -> Option<String> {
    let leaf = matches!(
        schema.types.get(field.ty.inner_named_type()),
        Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_))
    );
    if !leaf && depth == 0 {
        return None;
    }
    let limited = field
        .arguments
        .iter()
        .any(|argument| argument.name == "limit");
    let arguments = if limited { "(limit: 1)" } else { "" };
    let inner = selection(schema, &field.ty, depth.saturating_sub(1));
    Some(format!(
        "{prefix}{}: {}{arguments} {inner}",
        field.name, field.name
    ))
}
