//! The control paths, and that the world is the same for the same seed.

use http::Method;
use serde_json::{Value, json};

use super::{Bench, config};
use crate::FakeConfig;

#[tokio::test]
async fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    let (one, two) = (Bench::new().await, Bench::new().await);
    assert_eq!(one.world, two.world);
    let other = Bench::with(FakeConfig {
        seed: 2,
        ..config()
    })
    .await;
    assert_ne!(one.text("/members/0/id"), other.text("/members/0/id"));
    // Ids follow one another the same way after the start too.
    let header = format!("Bearer {}", super::TOKEN);
    let id =
        async |bench: &Bench| bench.write(&header, "x").await.data()["createPost"]["id"].clone();
    assert_eq!(id(&one).await, id(&two).await);
}

#[tokio::test]
async fn given_ids_replace_made_ones_without_changing_the_rest() {
    let own = FakeConfig {
        network_id: Some("NETWORK001".to_owned()),
        client_id: Some("client".to_owned()),
        client_secret: Some("secret".to_owned()),
        ..config()
    };
    let (own, made) = (Bench::with(own).await, Bench::new().await);
    assert_eq!(own.text("/network/id"), "NETWORK001");
    assert_eq!(own.text("/app/clientSecret"), "secret");
    assert_eq!(own.text("/members/0/id"), made.text("/members/0/id"));
}

#[tokio::test]
async fn nobody_is_in_the_world_twice_and_every_address_is_an_example() {
    let bench = Bench::new().await;
    let members = bench.world["members"].as_array().unwrap();
    assert_eq!(members.len(), 60);
    let names: std::collections::HashSet<_> =
        members.iter().map(|m| m["username"].as_str()).collect();
    assert_eq!(names.len(), 60);
    for member in members {
        let email = member["email"].as_str().unwrap();
        assert!(email.ends_with("@example.com") || email.ends_with("@example.org"));
        assert_eq!(member["id"].as_str().unwrap().len(), 10);
    }
    assert_eq!(bench.text("/spaces/0/id").len(), 12);
    assert_eq!(bench.world["spaces"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn extra_members_are_there_when_they_are_named_and_out_of_the_way_otherwise() {
    let with = async |extra_members| {
        Bench::with(FakeConfig {
            extra_members,
            ..config()
        })
        .await
    };
    let (bench, few, plain) = (with(500).await, with(3).await, Bench::new().await);
    assert_eq!(bench.world, plain.world);
    let get = async |bench: &Bench, path| {
        let answer = bench.control(Method::GET, path, &Value::Null).await;
        answer.json
    };
    let all = get(&bench, "/_fake/members").await;
    let ids: std::collections::HashSet<_> = all["ids"].as_array().unwrap().iter().collect();
    assert_eq!(ids.len(), 500);
    let first = get(&bench, "/_fake/members?from=0&count=3").await;
    assert_eq!(first, get(&few, "/_fake/members").await);
    let last = get(&bench, "/_fake/members?from=499&count=3").await;
    assert_eq!(last["ids"], json!([all["ids"][499]]));
    let refused = get(&bench, "/_fake/members?from=x").await;
    assert_eq!(refused["error"], "from is a whole number");

    let id = all["ids"][499].as_str().unwrap();
    let found = get(&bench, &format!("/_fake/world?q={id}")).await;
    assert_eq!(found["members"][0]["id"], id);
    let query = "query($id: ID!) { member(id: $id) { username status } }";
    let member = bench.ask(query, json!({ "id": id })).await;
    assert_eq!(member.data()["member"]["status"], "VERIFIED");
}

#[tokio::test]
async fn somebody_can_join_change_and_leave() {
    let bench = Bench::new().await;
    let joined = bench
        .post(
            "/_fake/members",
            json!({ "name": "Nova", "status": "UNVERIFIED" }),
        )
        .await;
    let id = joined.json["id"].as_str().unwrap().to_owned();
    let path = format!("/_fake/members/{id}");
    bench.post(&path, json!({ "status": "VERIFIED" })).await;
    bench
        .post(
            &path,
            json!({ "tagline": "Hi", "fields": { "city": "Ghent" } }),
        )
        .await;
    let space = bench.id("spaces", "slug", "general");
    let membership = format!("/_fake/spaces/{space}/members/{id}");
    bench.post(&membership, Value::Null).await;
    bench
        .control(Method::DELETE, &membership, &Value::Null)
        .await;
    bench.control(Method::DELETE, &path, &Value::Null).await;
    let log = bench
        .control(Method::GET, "/_fake/deliveries", &Value::Null)
        .await
        .json;
    let names: Vec<&Value> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["name"])
        .collect();
    let expected = [
        "member.created",
        "member.verified",
        "member.updated",
        "space_membership.created",
        "space_membership.deleted",
        "member.deleted",
    ];
    assert_eq!(names, expected);
    assert_eq!(log[0]["state"], "not_sent");
}

#[tokio::test]
async fn limits_can_be_changed_and_everything_can_begin_again() {
    let bench = Bench::new().await;
    bench
        .write(&format!("Bearer {}", super::TOKEN), "x")
        .await
        .data();
    bench
        .post("/_fake/limits", json!({ "burst_requests": 1 }))
        .await;
    bench.ask("{ network { id } }", json!({})).await.data();
    assert_eq!(bench.ask("{ network { id } }", json!({})).await.status, 429);
    bench.post("/_fake/reset", Value::Null).await;
    let world = bench
        .control(Method::GET, "/_fake/world", &Value::Null)
        .await
        .json;
    assert_eq!(world, bench.world);
    let deliveries = bench
        .control(Method::GET, "/_fake/deliveries", &Value::Null)
        .await;
    assert_eq!(deliveries.json, json!([]));
    bench.ask("{ network { id } }", json!({})).await.data();
}

#[tokio::test]
async fn the_world_can_be_searched() {
    let bench = Bench::new().await;
    let found = bench
        .control(Method::GET, "/_fake/world?q=Amara.OKAFOR", &Value::Null)
        .await
        .json;
    assert_eq!(found["members"][0]["username"], "amara.okafor");
    assert_eq!(found["members"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn unknown_paths_members_and_statuses_are_refused() {
    let bench = Bench::new().await;
    assert_eq!(bench.post("/_fake/gremlins", json!({})).await.status, 404);
    assert_eq!(
        bench
            .post("/_fake/members/NOBODY0001", json!({}))
            .await
            .status,
        404
    );
    let path = format!("/_fake/members/{}", bench.text("/members/0/id"));
    assert_eq!(
        bench.post(&path, json!({ "status": "HAPPY" })).await.status,
        400
    );
    assert_eq!(
        bench.post(&path, json!({ "shoeSize": 43 })).await.status,
        400
    );
    assert_eq!(
        bench
            .control(Method::GET, "/elsewhere", &Value::Null)
            .await
            .status,
        404
    );
    assert_eq!(
        bench.control(Method::GET, "/", &Value::Null).await.status,
        405
    );
}
