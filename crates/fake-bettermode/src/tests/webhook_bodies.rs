//! What webhooks say, in the vendor's shape.

use http::Method;
use serde_json::{Value, json};

use super::Bench;

pub(super) async fn bodies(bench: &Bench) -> Vec<Value> {
    let log = bench
        .control(Method::GET, "/_fake/deliveries", &Value::Null)
        .await
        .json;
    log.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["body"].clone())
        .collect()
}

#[test]
fn the_signature_agrees_with_the_known_test_vector() {
    let body = br#"{"networkId":"AAAAbbbb01","context":"NETWORK","currentSettings":[],"type":"TEST","data":{"challenge":"0123456789abcdef0123456789abcdef01234567"}}"#;
    let signed = crate::sign("whsec_test_0123456789abcdef", 1_700_000_000_000, body);
    assert_eq!(
        signed,
        "18e23a9551e74daf85f7344b42fddc75fac79b9aed792111535b86f4ea46b761"
    );
}

#[tokio::test]
async fn a_published_post_is_announced_as_created_and_then_as_published() {
    let bench = Bench::new().await;
    let answer = bench
        .write(&format!("Bearer {}", super::TOKEN), "Hello")
        .await;
    let id = answer.data()["createPost"]["id"].clone();
    let bodies = bodies(&bench).await;
    let names: Vec<&Value> = bodies.iter().map(|body| &body["data"]["name"]).collect();
    assert_eq!(names, ["post.created", "post.published"]);
    let body = &bodies[1];
    assert_eq!(
        (&body["type"], &body["context"]),
        (&json!("SUBSCRIPTION"), &json!("NETWORK"))
    );
    assert_eq!(body["networkId"], bench.text("/network/id"));
    assert_eq!(body["entityId"], body["networkId"]);
    let data = &body["data"];
    assert_eq!(
        (&data["noun"], &data["verb"]),
        (&json!("POST"), &json!("PUBLISHED"))
    );
    assert_eq!(data["time"], "2026-03-01T12:00:00.000Z");
    assert_eq!(data["object"]["id"], id);
    assert_eq!(
        (&data["object"]["isReply"], &data["object"]["title"]),
        (&json!(false), &json!("Hello"))
    );
    assert_eq!(data["actor"]["id"], bench.text("/bot/id"));
    assert_eq!(data["actor"]["roleType"], "admin");
    assert_eq!(
        data["target"]["spaceId"],
        bench.id("spaces", "slug", "general")
    );
    assert_eq!(body["entities"]["postType"]["slug"], "discussion");
    let ids: Vec<&str> = bodies
        .iter()
        .map(|body| body["data"]["id"].as_str().unwrap())
        .collect();
    assert!(
        ids.iter()
            .all(|id| id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()))
    );
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_reply_and_a_reaction_say_what_they_belong_to() {
    let bench = Bench::new().await;
    let post = bench.text("/posts/0/id");
    let input = json!({
        "postTypeId": bench.id("postTypes", "slug", "comment"), "publish": true,
        "mappingFields": [{ "key": "content", "type": "html", "value": "\"<p>Yes</p>\"" }],
    });
    let reply =
        "mutation($p: ID!, $i: CreatePostInput!) { createReply(postId: $p, input: $i) { id } }";
    bench
        .ask(reply, json!({ "p": post, "i": input }))
        .await
        .data();
    let react =
        "mutation($p: ID!) { addReaction(postId: $p, input: { reaction: \"rocket\" }) { status } }";
    bench.ask(react, json!({ "p": post })).await.data();
    let bodies = bodies(&bench).await;
    let object = &bodies[1]["data"]["object"];
    assert_eq!(
        (&object["isReply"], &object["repliedToId"]),
        (&json!(true), &json!(post))
    );
    assert_eq!(bodies[1]["entities"]["postType"]["slug"], "comment");
    let reaction = &bodies[2]["data"];
    assert_eq!(
        (&reaction["name"], &reaction["noun"]),
        (&json!("reaction.added"), &json!("REACTION"))
    );
    assert_eq!(reaction["with"]["reactionString"], "rocket");
    assert_eq!(reaction["target"]["postId"], post);
    // A second time changes nothing, so nothing is announced.
    bench.ask(react, json!({ "p": post })).await.data();
    assert_eq!(self::bodies(&bench).await.len(), 3);
}

#[tokio::test]
async fn a_new_member_has_the_database_row_of_the_guides_example() {
    let bench = Bench::new().await;
    bench
        .post(
            "/_fake/members",
            json!({ "name": "Nova", "email": "nova@example.com" }),
        )
        .await;
    let bodies = bodies(&bench).await;
    let created = &bodies[0]["data"];
    assert_eq!(
        (&created["name"], &created["verbAction"]),
        (&json!("member.created"), &json!("ADDED"))
    );
    let object = created["object"].as_object().unwrap();
    assert_eq!(
        (&object["status"], &object["email"]),
        (&json!("UNVERIFIED"), &json!("nova@example.com"))
    );
    for key in ["password", "verificationCode", "verifiedAt"] {
        assert_eq!(object.get(key), Some(&Value::Null), "{key}");
    }
    assert_eq!(created["target"]["memberId"], object["id"]);
    assert_eq!(created["with"]["hasInvitation"], false);
    assert_eq!(bodies[1]["data"]["name"], "member.verified");
    assert_eq!(bodies[1]["data"]["oldObject"]["status"], "UNVERIFIED");
}

#[tokio::test]
async fn every_announced_name_is_among_the_event_types() {
    let bench = Bench::new().await;
    let answer = bench
        .ask(
            "{ globalEventTypes { name noun verb requiredScope } }",
            json!({}),
        )
        .await;
    let kinds = answer.data()["globalEventTypes"].as_array().unwrap();
    let published = kinds
        .iter()
        .find(|kind| kind["name"] == "post.published")
        .unwrap();
    assert_eq!(
        (&published["noun"], &published["verb"]),
        (&json!("POST"), &json!("PUBLISHED"))
    );
}
