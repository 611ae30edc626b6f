//! Accounts, properties, collections, spaces and accepted invitations, and the switches
//! for those who bring a community along.

use http::Method;
use serde_json::{Value, json};

use super::Bench;

const INVITE: &str =
    "mutation($i: InviteMembersInput!) { inviteMembers(input: $i) { inviteeEmail } }";

fn to(addresses: &[&str]) -> Value {
    let invitees: Vec<_> = addresses
        .iter()
        .map(|email| json!({ "email": email }))
        .collect();
    json!({ "i": { "invitees": invitees } })
}

#[tokio::test]
async fn an_accepted_invitation_is_a_member_and_cannot_be_accepted_twice() {
    let bench = Bench::new().await;
    bench.ask(INVITE, to(&["new@example.net"])).await.data();
    let path = "/_fake/invitations/accept";
    let body = json!({ "email": "NEW@example.net", "name": "Nia" });
    let accepted = bench.control(Method::POST, path, &body).await.json;
    let id = accepted["ids"][0].as_str().unwrap().to_owned();
    let again = bench.control(Method::POST, path, &body).await;
    assert_eq!(again.status, 404);
    let query = "{ memberInvitations(limit: 5) { nodes { status inviteeId joinedAt } } }";
    let found = bench.ask(query, json!({})).await;
    let row = &found.data()["memberInvitations"]["nodes"][0];
    assert_eq!(
        (&row["status"], &row["inviteeId"]),
        (&json!("accepted"), &json!(id))
    );
    assert!(row["joinedAt"].is_string());
    let query = "query($id: ID) { member(id: $id) { name email status } }";
    let member = bench.ask(query, json!({ "id": id })).await;
    let expected = json!({ "name": "Nia", "email": "new@example.net", "status": "VERIFIED" });
    assert_eq!(member.data()["member"], expected);
}

#[tokio::test]
async fn an_account_keeps_its_date_and_refuses_a_known_address_and_a_short_password() {
    let bench = Bench::new().await;
    let join = "mutation($i: JoinNetworkInput!) {
        joinNetwork(input: $i) { accessToken member { id createdAt status } }
    }";
    let input = |email: &str, password: &str| {
        json!({ "i": {
            "email": email, "name": "Bo", "password": password,
            "createdAt": "2020-01-02T03:04:05.000Z", "verified": true,
        } })
    };
    let made = bench
        .ask(join, input("bo@example.net", "long-enough"))
        .await;
    let member = &made.data()["joinNetwork"]["member"];
    assert_eq!(member["createdAt"], "2020-01-02T03:04:05.000Z");
    assert_eq!(member["status"], "VERIFIED");
    let twice = bench
        .ask(join, input("BO@example.net", "long-enough"))
        .await;
    assert_eq!(twice.refusal(), ("106", "email"));
    let short = bench.ask(join, input("cy@example.net", "short")).await;
    assert_eq!(short.refusal(), ("100", "password"));
}

#[tokio::test]
async fn a_property_is_kept_and_read_again() {
    let bench = Bench::new().await;
    let id = bench.text("/members/3/id").clone();
    let set =
        "mutation($i: UpsertExtraPropertyInput!) { upsertExtraProperty(input: $i) { status } }";
    let input = json!({ "entityId": id, "entityType": "Member", "key": "k", "value": "\"1\"" });
    let answer = bench.ask(set, json!({ "i": input })).await;
    assert_eq!(answer.data()["upsertExtraProperty"]["status"], "succeeded");
    let get = "query($id: String) {
        extraProperties(entityId: $id, entityType: Member, keys: [\"k\", \"x\"]) { key value }
    }";
    let found = bench.ask(get, json!({ "id": id })).await;
    assert_eq!(
        found.data()["extraProperties"],
        json!([{ "key": "k", "value": "\"1\"" }])
    );
    let input = json!({ "entityId": id, "entityType": "Member", "key": "k", "value": "bare" });
    let refused = bench.ask(set, json!({ "i": input })).await;
    assert_eq!(refused.refusal(), ("106", "value"));
}

#[tokio::test]
async fn a_space_goes_into_its_collection_and_its_slug_is_taken_then() {
    let bench = Bench::new().await;
    let document = "mutation($i: CreateCollectionInput!) { createCollection(input: $i) { id } }";
    let made = bench
        .ask(document, json!({ "i": { "name": "Old home" } }))
        .await;
    let collection = made.data()["createCollection"]["id"].clone();
    let space = "mutation($i: CreateSpaceInput!) {
        createSpace(input: $i) { slug private hidden groupId membersCount }
    }";
    let input = json!({ "i": {
        "name": "Lounge", "slug": "lounge", "private": true, "hidden": true,
        "collectionId": collection,
    } });
    let first = bench.ask(space, input.clone()).await;
    let expected = json!({
        "slug": "lounge", "private": true, "hidden": true, "groupId": collection,
        "membersCount": 0,
    });
    assert_eq!(first.data()["createSpace"], expected);
    assert_eq!(bench.ask(space, input).await.refusal(), ("106", "slug"));
    let all = bench.ask("{ collections { id name } }", json!({})).await;
    assert_eq!(all.data()["collections"][1]["name"], "Old home");
}

#[tokio::test]
async fn the_switches_refuse_mutations_hide_addresses_turn_rows_and_let_invite_again() {
    let bench = Bench::new().await;
    bench.fault("refuse_mutations", json!({})).await;
    let refused = bench.ask(INVITE, to(&["a@example.net"])).await;
    assert_eq!(refused.refusal().0, "102");
    bench.ask("{ network { id } }", json!({})).await.data();
    bench
        .control(Method::DELETE, "/_fake/faults", &Value::Null)
        .await;
    bench.fault("reverse_rows", json!({ "count": 1 })).await;
    let made = bench
        .ask(INVITE, to(&["a@example.net", "b@example.net"]))
        .await;
    assert_eq!(
        made.data()["inviteMembers"][0]["inviteeEmail"],
        "b@example.net"
    );
    bench.fault("accept_reinvites", json!({ "count": 1 })).await;
    bench.ask(INVITE, to(&["a@example.net"])).await.data();
    assert_eq!(
        bench.ask(INVITE, to(&["a@example.net"])).await.refusal(),
        ("106", "email")
    );
    bench.fault("hide_emails", json!({ "count": 1 })).await;
    let query = "{ members(limit: 1) { nodes { email } } }";
    let hidden = bench.ask(query, json!({})).await;
    assert_eq!(hidden.data()["members"]["nodes"][0]["email"], Value::Null);
}
