//! Who is in a space: listed, added, taken out, announced.

use serde_json::{Value, json};

use super::Bench;
use super::webhook_bodies::bodies;

const LIST: &str = "query($s: ID!, $after: String, $roles: [ID!]) {
    spaceMembers(spaceId: $s, limit: 20, after: $after, roleIds: $roles) {
        totalCount pageInfo { endCursor hasNextPage } nodes { member { id } role { id type } }
    }
}";
const OF_MEMBER: &str = "query($m: ID!) { memberSpaces(memberId: $m, limit: 50) { nodes { space { id } role { type } } } }";
const ADD: &str = "mutation($s: ID!, $i: [AddSpaceMemberInput!]!) {
    addSpaceMembers(spaceId: $s, input: $i) { member { id } role { id type } }
}";
const REMOVE: &str = "mutation($s: ID!, $m: [ID!]!) {
    removeSpaceMembers(spaceId: $s, memberIds: $m) { status }
}";

/// A private space, and an ordinary member who is not in it.
fn place(bench: &Bench) -> (String, String) {
    let spaces = bench.world["spaces"].as_array().unwrap();
    let private = spaces.iter().find(|space| space["private"] == true);
    let id = private.unwrap()["id"].as_str().unwrap().to_owned();
    (id, bench.text("/members/7/id"))
}

async fn ids(bench: &Bench, space: &str) -> Vec<Value> {
    let answer = bench.ask(LIST, json!({ "s": space })).await;
    let nodes = answer.data()["spaceMembers"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["member"]["id"].clone())
        .collect()
}

#[tokio::test]
async fn pages_of_a_space_hold_each_member_once_with_the_role_there() {
    let bench = Bench::new().await;
    let space = bench.id("spaces", "slug", "general");
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = bench.ask(LIST, json!({ "s": space, "after": after })).await;
        let page = answer.data()["spaceMembers"].clone();
        for node in page["nodes"].as_array().unwrap() {
            seen.push(node["member"]["id"].as_str().unwrap().to_owned());
        }
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], seen.len());
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert!(seen.len() > 20);
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len());
    let role = format!("{:0<12.12}", format!("admin{space}"));
    let admins = bench
        .ask(LIST, json!({ "s": space, "roles": [role] }))
        .await;
    assert_eq!(admins.data()["spaceMembers"]["totalCount"], 2);
}

#[tokio::test]
async fn who_is_added_is_in_and_who_is_taken_out_is_not_and_both_are_announced() {
    let bench = Bench::new().await;
    let (space, member) = place(&bench);
    let role = format!("{:0<12.12}", format!("admin{space}"));
    let input = json!({ "s": space, "i": [{ "memberId": member, "roleId": role }] });
    let added = bench.ask(ADD, input.clone()).await;
    assert_eq!(
        added.data()["addSpaceMembers"],
        json!([{ "member": { "id": member }, "role": { "id": role, "type": "admin" } }])
    );
    assert!(ids(&bench, &space).await.contains(&json!(member)));
    let theirs = bench.ask(OF_MEMBER, json!({ "m": member })).await;
    let theirs = theirs.data()["memberSpaces"]["nodes"]
        .as_array()
        .unwrap()
        .clone();
    let here = json!({ "space": { "id": space }, "role": { "type": "admin" } });
    assert!(theirs.contains(&here), "{theirs:?}");
    assert_eq!(bench.ask(ADD, input).await.refusal(), ("106", "memberId"));

    let out = json!({ "s": space, "m": [member] });
    let removed = bench.ask(REMOVE, out.clone()).await;
    assert_eq!(
        removed.data()["removeSpaceMembers"],
        json!([{ "status": "succeeded" }])
    );
    assert!(!ids(&bench, &space).await.contains(&json!(member)));
    let again = bench.ask(REMOVE, out).await;
    assert_eq!(
        again.data()["removeSpaceMembers"],
        json!([{ "status": "failed" }])
    );

    let bodies = bodies(&bench).await;
    let names: Vec<_> = bodies.iter().map(|body| &body["data"]).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0]["name"], "space_membership.created");
    assert_eq!(names[1]["name"], "space_membership.deleted");
    // Whoever did it is the actor, not who joined.
    assert_eq!(names[0]["actor"]["id"], bench.world["bot"]["id"]);
}

#[tokio::test]
async fn members_do_not_add_members_and_what_is_unknown_is_named() {
    let bench = Bench::new().await;
    let (space, member) = place(&bench);
    let input = |space: &str, member: &str, role: Value| json!({ "s": space, "i": [{ "memberId": member, "roleId": role }] });
    let as_member = bench.acting_as(&bench.text("/members/8/id")).await;
    let general = bench.id("spaces", "slug", "general");
    let answer = bench
        .ask_as(&as_member, ADD, input(&general, &member, Value::Null))
        .await;
    assert_eq!(answer.refusal().0, "102");
    for (space, member, role, refusal) in [
        (
            "nospace00000",
            member.as_str(),
            Value::Null,
            ("110", "spaceId"),
        ),
        (
            space.as_str(),
            "NOBODY0001",
            Value::Null,
            ("110", "memberId"),
        ),
        (
            space.as_str(),
            member.as_str(),
            json!("norole000000"),
            ("106", "roleId"),
        ),
    ] {
        let answer = bench.ask(ADD, input(space, member, role)).await;
        assert_eq!(answer.refusal(), refusal);
    }
    let out = json!({ "s": space, "m": ["NOBODY0001"] });
    assert_eq!(bench.ask(REMOVE, out).await.refusal(), ("110", "memberIds"));
}

#[tokio::test]
async fn a_space_that_is_changed_is_announced_as_it_was_and_as_it_is() {
    let bench = Bench::new().await;
    let space = bench.id("spaces", "slug", "general");
    bench
        .post(
            &format!("/_fake/spaces/{space}"),
            json!({ "name": "Square" }),
        )
        .await;
    let bodies = bodies(&bench).await;
    assert_eq!(bodies[0]["data"]["name"], "space.updated");
    assert_eq!(bodies[0]["data"]["object"]["name"], "Square");
    assert_eq!(bodies[0]["data"]["oldObject"]["name"], "General");
    assert_eq!(bodies[0]["data"]["target"]["spaceId"], space);
    let query = "query($id: ID) { space(id: $id) { name description } }";
    let read = bench.ask(query, json!({ "id": space })).await;
    assert_eq!(read.data()["space"]["name"], "Square");
    assert!(read.data()["space"]["description"].is_string());
}

#[tokio::test]
async fn the_switch_for_failed_actions_leaves_the_member_in() {
    let bench = Bench::new().await;
    let (space, member) = place(&bench);
    let input = json!({ "s": space, "i": [{ "memberId": member }] });
    bench.ask(ADD, input).await.data();
    bench.fault("action_failed", json!({ "count": 1 })).await;
    let out = json!({ "s": space, "m": [member] });
    let failed = bench.ask(REMOVE, out).await;
    assert_eq!(
        failed.data()["removeSpaceMembers"],
        json!([{ "status": "failed" }])
    );
    assert!(ids(&bench, &space).await.contains(&json!(member)));
}
