//! Finding members, page by page, and what of them is shown to whom.

use serde_json::{Value, json};

use super::Bench;

const ONE: &str = "query($id: ID, $u: String) { member(id: $id, username: $u) {
    id name username email status role { type } fields { key value } verifiedAt
} }";

#[tokio::test]
async fn a_member_is_found_by_id_and_by_user_name() {
    let bench = Bench::new().await;
    let id = bench.text("/members/0/id");
    let by_id = bench.ask(ONE, json!({ "id": id })).await;
    let member = &by_id.data()["member"];
    assert_eq!(member["username"], bench.text("/members/0/username"));
    assert_eq!(member["email"], bench.text("/members/0/email"));
    assert_eq!(member["role"]["type"], "member");
    assert_eq!(
        member["fields"][0],
        json!({ "key": "city", "value": "\"Lisbon\"" })
    );
    let by_name = bench
        .ask(ONE, json!({ "u": bench.text("/members/0/username") }))
        .await;
    assert_eq!(by_name.data()["member"]["id"], id);
}

#[tokio::test]
async fn an_unknown_member_is_110_and_no_key_at_all_112() {
    let bench = Bench::new().await;
    let answer = bench.ask(ONE, json!({ "id": "NOBODY0001" })).await;
    assert_eq!(answer.refusal(), ("110", "id"));
    assert!(answer.json["data"].is_null());
    assert_eq!(bench.ask(ONE, json!({})).await.refusal().0, "112");
}

#[tokio::test]
async fn a_missing_member_nulls_the_answer_and_is_named_by_its_path() {
    let bench = Bench::new().await;
    let query =
        "query($a: ID, $b: ID) { first: member(id: $a) { id } second: member(id: $b) { id } }";
    let ids = json!({ "a": bench.text("/members/0/id"), "b": "NOBODY0001" });
    let answer = bench.ask(query, ids).await;
    assert!(answer.json["data"].is_null());
    assert_eq!(answer.json["errors"][0]["path"], json!(["second"]));
}

#[tokio::test]
async fn a_deleted_member_is_a_tombstone() {
    let bench = Bench::new().await;
    let id = bench.id("members", "status", "DELETED");
    let answer = bench.ask(ONE, json!({ "id": id })).await;
    let member = &answer.data()["member"];
    assert_eq!(
        (&member["name"], &member["email"]),
        (&json!("Deleted Member"), &Value::Null)
    );
}

#[tokio::test]
async fn addresses_are_for_the_bot_admins_and_the_member_itself() {
    let bench = Bench::new().await;
    let (own, other) = (bench.text("/members/6/id"), bench.text("/members/7/id"));
    let as_member = bench.acting_as(&own).await;
    let as_admin = bench.acting_as(&bench.text("/members/1/id")).await;
    let email = async |header: &str, id: &str| {
        let answer = bench.ask_as(header, ONE, json!({ "id": id })).await;
        answer.data()["member"]["email"].clone()
    };
    assert!(email(&as_member, &own).await.is_string());
    assert!(email(&as_member, &other).await.is_null());
    assert!(email(&as_admin, &other).await.is_string());
    let tokens = "{ tokens(networkDomain: \"community.example.com\") { accessToken } }";
    let answer = bench.ask_as("", tokens, json!({})).await;
    let guest = format!(
        "Bearer {}",
        answer.data()["tokens"]["accessToken"].as_str().unwrap()
    );
    assert!(email(&guest, &other).await.is_null());
}

#[tokio::test]
async fn a_search_looks_into_addresses_only_for_those_who_see_them() {
    let bench = Bench::new().await;
    let query = "query($q: String) { members(limit: 9, query: $q) { totalCount nodes { id } } }";
    let variables = json!({ "q": bench.text("/members/7/email").to_uppercase() });
    let found = bench.ask(query, variables.clone()).await;
    assert_eq!(
        found.data()["members"]["nodes"][0]["id"],
        bench.text("/members/7/id")
    );
    let as_member = bench.acting_as(&bench.text("/members/6/id")).await;
    let hidden = bench.ask_as(&as_member, query, variables).await;
    assert_eq!(hidden.data()["members"]["totalCount"], 0);
}

#[tokio::test]
async fn without_a_status_only_verified_members_are_listed() {
    let bench = Bench::new().await;
    let count = async |arguments: &str| {
        let query = format!("{{ members(limit: 1{arguments}) {{ totalCount }} }}");
        bench.ask(&query, json!({})).await.data()["members"]["totalCount"].clone()
    };
    assert_eq!(count("").await, 53);
    assert_eq!(count(", status: [UNVERIFIED]").await, 4);
    assert_eq!(
        count(", status: [VERIFIED, UNVERIFIED, Suspended]").await,
        59
    );
}

#[tokio::test]
async fn pages_hold_every_member_once_forwards_and_backwards() {
    let bench = Bench::new().await;
    let query = "query($after: String, $reverse: Boolean) {
        members(limit: 7, after: $after, reverse: $reverse, status: [VERIFIED, UNVERIFIED, Suspended]) {
            totalCount pageInfo { endCursor hasNextPage } nodes { id } edges { cursor }
        }
    }";
    let mut orders = Vec::new();
    for reverse in [false, true] {
        let (mut after, mut seen) = (Value::Null, Vec::new());
        loop {
            let answer = bench
                .ask(query, json!({ "after": after, "reverse": reverse }))
                .await;
            let page = &answer.data()["members"];
            assert_eq!(page["totalCount"], 59);
            let nodes = page["nodes"].as_array().unwrap();
            seen.extend(
                nodes
                    .iter()
                    .map(|node| node["id"].as_str().unwrap().to_owned()),
            );
            after = page["pageInfo"]["endCursor"].clone();
            assert_eq!(page["edges"][nodes.len() - 1]["cursor"], after);
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(seen.len(), 59);
        orders.push(seen);
    }
    orders[1].reverse();
    assert_eq!(orders[0], orders[1]);
}

#[tokio::test]
async fn an_empty_page_has_no_cursor_and_a_foreign_cursor_is_refused() {
    let bench = Bench::new().await;
    let empty = bench.ask("{ members(limit: 5, query: \"nobody at all\") { pageInfo { endCursor hasNextPage } } }", json!({})).await;
    assert_eq!(
        empty.data()["members"]["pageInfo"],
        json!({ "endCursor": null, "hasNextPage": false })
    );
    for cursor in ["nonsense", "e30="] {
        let query = format!("{{ members(limit: 5, after: \"{cursor}\") {{ totalCount }} }}");
        assert_eq!(
            bench.ask(&query, json!({})).await.refusal(),
            ("106", "after")
        );
    }
    let none = bench
        .ask("{ members(limit: 0) { totalCount } }", json!({}))
        .await;
    assert_eq!(none.refusal(), ("100", "limit"));
}

#[tokio::test]
async fn filters_take_json_text_and_known_fields() {
    let bench = Bench::new().await;
    let query = "query($f: [MemberListFilterByInput!]) { members(limit: 9, filterBy: $f) { nodes { id } } }";
    let ask = async |key: &str, operator: &str, value: &str| {
        let filter = json!([{ "key": key, "operator": operator, "value": value }]);
        bench.ask(query, json!({ "f": filter })).await
    };
    let email = json!(bench.text("/members/8/email")).to_string();
    let found = ask("email", "equals", &email).await;
    assert_eq!(
        found.data()["members"]["nodes"],
        json!([{ "id": bench.text("/members/8/id") }])
    );
    assert_eq!(
        ask("email", "equals", "not json").await.refusal(),
        ("106", "filterBy")
    );
    assert_eq!(
        ask("shoeSize", "equals", "1").await.refusal(),
        ("106", "filterBy")
    );
}

#[tokio::test]
async fn members_by_ids_gives_those_that_exist_in_the_order_asked_for() {
    let bench = Bench::new().await;
    let (one, two) = (bench.text("/members/5/id"), bench.text("/members/2/id"));
    let query = "query($ids: [String!]!) { membersByIds(ids: $ids) { id } }";
    let answer = bench
        .ask(query, json!({ "ids": [one, "NOBODY0001", two] }))
        .await;
    assert_eq!(
        answer.data()["membersByIds"],
        json!([{ "id": one }, { "id": two }])
    );
}

#[tokio::test]
async fn members_change_themselves_and_only_admins_change_others() {
    let bench = Bench::new().await;
    let (own, other) = (bench.text("/members/6/id"), bench.text("/members/7/id"));
    let query = "mutation($id: ID, $i: UpdateMemberInput!) { updateMember(id: $id, input: $i) { tagline updatedAt } }";
    let header = bench.acting_as(&own).await;
    let change = json!({ "tagline": "New", "fields": [{ "key": "city", "value": "\"Ghent\"" }] });
    let answer = bench.ask_as(&header, query, json!({ "i": change })).await;
    assert_eq!(answer.data()["updateMember"]["tagline"], "New");
    assert_eq!(
        answer.data()["updateMember"]["updatedAt"],
        "2026-03-01T12:00:00.000Z"
    );
    let refused = bench
        .ask_as(&header, query, json!({ "id": other, "i": change }))
        .await;
    assert_eq!(refused.refusal().0, "102");
    let taken = json!({ "id": other, "i": { "username": bench.text("/members/8/username") } });
    assert_eq!(bench.ask(query, taken).await.refusal(), ("106", "username"));
    for (key, value) in [("nosuchfield", "1"), ("city", "no JSON")] {
        let change = json!({ "fields": [{ "key": key, "value": value }] });
        let answer = bench.ask(query, json!({ "id": other, "i": change })).await;
        assert_eq!(answer.refusal(), ("106", "fields"));
    }
}
