//! Invitations by e-mail: kept, found, announced, refused as a whole.

use serde_json::{Value, json};

use super::Bench;
use super::webhook_bodies::bodies;

const INVITE: &str = "mutation($i: InviteMembersInput!) {
    inviteMembers(input: $i) { id inviteeEmail inviteeId status roleId role { type } expiresAt }
}";
const FIND: &str = "query($q: String) {
    memberInvitations(limit: 5, query: $q) { totalCount nodes { id inviteeEmail status } }
}";

fn to(addresses: &[&str]) -> Value {
    let invitees: Vec<_> = addresses
        .iter()
        .map(|email| json!({ "email": email }))
        .collect();
    json!({ "i": { "invitees": invitees } })
}

#[tokio::test]
async fn an_invitation_is_pending_found_again_and_announced() {
    let bench = Bench::new().await;
    let answer = bench
        .ask(INVITE, to(&["new@example.net", "other@example.net"]))
        .await;
    let made = answer.data()["inviteMembers"].as_array().unwrap().clone();
    assert_eq!(made.len(), 2);
    assert_eq!(made[0]["inviteeEmail"], "new@example.net");
    assert_eq!(
        (&made[0]["status"], &made[0]["inviteeId"]),
        (&json!("Pending"), &Value::Null)
    );
    assert_eq!(made[0]["role"]["type"], "member");
    let found = bench.ask(FIND, json!({ "q": "NEW@example" })).await;
    assert_eq!(found.data()["memberInvitations"]["totalCount"], 1);
    assert_eq!(
        found.data()["memberInvitations"]["nodes"][0]["id"],
        made[0]["id"]
    );
    let bodies = bodies(&bench).await;
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0]["data"]["name"], "member_invitation.created");
    assert_eq!(
        bodies[0]["data"]["object"]["inviteeEmail"],
        "new@example.net"
    );
}

#[tokio::test]
async fn one_address_that_cannot_be_invited_spoils_the_whole() {
    let bench = Bench::new().await;
    bench.ask(INVITE, to(&["invited@example.net"])).await.data();
    let member = bench.text("/members/7/email").to_uppercase();
    for (address, refusal) in [
        (member.as_str(), ("106", "email")),
        ("Invited@example.net", ("106", "email")),
        ("good@example.net", ("106", "email")),
        ("nonsense", ("100", "email")),
    ] {
        let answer = bench.ask(INVITE, to(&["good@example.net", address])).await;
        assert_eq!(answer.refusal(), refusal, "{address}");
    }
    let none = json!({ "i": { "invitees": [] } });
    assert_eq!(bench.ask(INVITE, none).await.refusal(), ("112", "invitees"));
    let found = bench.ask(FIND, json!({ "q": "good@" })).await;
    assert_eq!(found.data()["memberInvitations"]["totalCount"], 0);
}

#[tokio::test]
async fn roles_and_spaces_of_an_invitation_have_to_exist_and_only_admins_invite() {
    let bench = Bench::new().await;
    for (field, value) in [
        ("roleId", json!("norole")),
        ("defaultSpacesIds", json!(["nospace"])),
    ] {
        let mut input = to(&["new@example.net"]);
        input["i"][field] = value;
        assert_eq!(bench.ask(INVITE, input).await.refusal(), ("106", field));
    }
    let as_member = bench.acting_as(&bench.text("/members/6/id")).await;
    let answer = bench
        .ask_as(&as_member, INVITE, to(&["new@example.net"]))
        .await;
    assert_eq!(answer.refusal().0, "102");
    assert_eq!(
        bench.ask_as(&as_member, FIND, json!({})).await.refusal().0,
        "102"
    );
}
