//! Who may write where.

use serde_json::json;

use super::{Bench, CREATE_POST};

async fn post_in(bench: &Bench, member: usize, space: &str) -> super::Answer {
    let header = bench
        .acting_as(&bench.text(&format!("/members/{member}/id")))
        .await;
    let space = bench.id("spaces", "slug", space);
    let variables = json!({ "s": space, "i": bench.discussion("Here") });
    bench.ask_as(&header, CREATE_POST, variables).await
}

#[tokio::test]
async fn in_a_broadcast_space_only_staff_posts() {
    let bench = Bench::new().await;
    assert_eq!(post_in(&bench, 6, "announcements").await.refusal().0, "102");
    post_in(&bench, 1, "announcements").await.data();
    post_in(&bench, 3, "announcements").await.data();
    post_in(&bench, 6, "general").await.data();
}

#[tokio::test]
async fn a_private_space_does_not_exist_for_those_outside() {
    let bench = Bench::new().await;
    assert_eq!(
        post_in(&bench, 6, "moderators").await.refusal(),
        ("110", "spaceId")
    );
    post_in(&bench, 3, "moderators").await.data();
    let header = bench.acting_as(&bench.text("/members/6/id")).await;
    let spaces =
        "{ spaces(limit: 50) { nodes { slug } } posts(limit: 100) { nodes { space { slug } } } }";
    let seen = bench.ask_as(&header, spaces, json!({})).await;
    assert!(!seen.text.contains("moderators"), "{}", seen.text);
    assert!(
        bench
            .ask(spaces, json!({}))
            .await
            .text
            .contains("moderators")
    );
}

#[tokio::test]
async fn guests_only_read() {
    let bench = Bench::new().await;
    let tokens = "{ tokens(networkDomain: \"community.example.com\") { accessToken } }";
    let answer = bench.ask_as("", tokens, json!({})).await;
    let guest = format!(
        "Bearer {}",
        answer.data()["tokens"]["accessToken"].as_str().unwrap()
    );
    bench
        .ask_as(&guest, "{ posts(limit: 1) { totalCount } }", json!({}))
        .await
        .data();
    assert_eq!(bench.write(&guest, "No").await.refusal().0, "102");
}

#[tokio::test]
async fn a_post_for_another_owner_needs_an_admin() {
    let bench = Bench::new().await;
    let owner = bench.text("/members/9/id");
    let mut input = bench.discussion("On behalf");
    input["ownerId"] = json!(owner);
    let variables = json!({ "s": bench.id("spaces", "slug", "general"), "i": input });
    let header = bench.acting_as(&bench.text("/members/6/id")).await;
    let refused = bench.ask_as(&header, CREATE_POST, variables.clone()).await;
    assert_eq!(refused.refusal().0, "102");
    let answer = bench.ask(CREATE_POST, variables).await;
    let post = &answer.data()["createPost"];
    assert_eq!(
        (&post["ownerId"], &post["createdById"]),
        (&json!(owner), &json!(bench.text("/bot/id")))
    );
}

#[tokio::test]
async fn the_post_types_that_a_space_offers_are_those_one_may_use_now() {
    let bench = Bench::new().await;
    let query = "query($id: ID) { space(id: $id) { authMemberProps { membershipStatus availablePostTypes { slug validReplyTypes { slug } } } } }";
    let variables = json!({ "id": bench.id("spaces", "slug", "announcements") });
    let header = bench.acting_as(&bench.text("/members/6/id")).await;
    let member = bench.ask_as(&header, query, variables.clone()).await;
    assert_eq!(
        member.data()["space"]["authMemberProps"]["availablePostTypes"],
        json!([])
    );
    let bot = bench.ask(query, variables).await;
    let kinds = &bot.data()["space"]["authMemberProps"]["availablePostTypes"];
    assert_eq!(
        kinds[0],
        json!({ "slug": "discussion", "validReplyTypes": [{ "slug": "comment" }] })
    );
}
