//! Who gets in, as whom, and for how long.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::Bench;

const TOKEN_QUERY: &str = "query($n: String!, $e: String!, $m: String) {
    limitedToken(context: NETWORK, networkId: $n, entityId: $e, impersonateMemberId: $m) {
        accessToken gatewayUrl
    }
}";
const WHO: &str = "{ authMember { id username } }";

#[tokio::test]
async fn without_a_token_nothing_but_tokens_answers() {
    let bench = Bench::new().await;
    assert_eq!(bench.ask_as("", WHO, json!({})).await.refusal().0, "108");
    let query = "{ tokens(networkDomain: \"community.example.com\") { accessToken role { type } member { id } } }";
    let answer = bench.ask_as("", query, json!({})).await;
    let tokens = &answer.data()["tokens"];
    assert_eq!(tokens["role"]["type"], "guest");
    assert!(
        tokens["member"]["id"]
            .as_str()
            .unwrap()
            .starts_with("GUEST_")
    );
}

#[tokio::test]
async fn basic_credentials_open_limited_token_and_nothing_else() {
    let bench = Bench::new().await;
    let network = bench.text("/network/id");
    let variables = json!({ "n": network, "e": network });
    let basic = bench.basic();
    let answer = bench.ask_as(&basic, TOKEN_QUERY, variables.clone()).await;
    let token = answer.data()["limitedToken"]["accessToken"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        bench.ask_as(&basic, WHO, json!({})).await.refusal().0,
        "108"
    );
    let bearer = format!("Bearer {token}");
    let who = bench.ask_as(&bearer, WHO, json!({})).await;
    assert_eq!(who.data()["authMember"]["id"], bench.text("/bot/id"));
    assert_eq!(
        bench
            .ask_as(&bearer, TOKEN_QUERY, variables)
            .await
            .refusal()
            .0,
        "108"
    );
}

#[tokio::test]
async fn a_wrong_secret_or_a_foreign_network_is_forbidden() {
    let bench = Bench::new().await;
    let network = bench.text("/network/id");
    let wrong = format!(
        "Basic {}",
        STANDARD.encode(format!("{}:no", bench.text("/app/clientId")))
    );
    let variables = json!({ "n": network, "e": network });
    assert_eq!(
        bench
            .ask_as(&wrong, TOKEN_QUERY, variables)
            .await
            .refusal()
            .0,
        "102"
    );
    let foreign = json!({ "n": "OTHERNET01", "e": "OTHERNET01" });
    let answer = bench.ask_as(&bench.basic(), TOKEN_QUERY, foreign).await;
    assert_eq!(answer.refusal(), ("102", "networkId"));
}

#[tokio::test]
async fn a_token_carries_the_payload_that_the_vendors_client_reads_and_ends_by_the_clock() {
    let bench = Bench::new().await;
    let member = bench.text("/members/0/id");
    let header = bench.acting_as(&member).await;
    let payload = header.split('.').nth(1).unwrap();
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(payload["id"], member);
    assert_eq!(payload["networkId"], bench.text("/network/id"));
    assert_eq!(payload["roleType"], "member");
    let life = payload["exp"].as_i64().unwrap() - payload["iat"].as_i64().unwrap();
    assert_eq!(life, 3600);
    bench.advance(Duration::from_secs(3599));
    assert_eq!(
        bench.ask_as(&header, WHO, json!({})).await.data()["authMember"]["id"],
        member
    );
    bench.advance(Duration::from_secs(1));
    assert_eq!(
        bench.ask_as(&header, WHO, json!({})).await.refusal().0,
        "108"
    );
}

#[tokio::test]
async fn a_token_whose_payload_was_changed_is_refused() {
    let bench = Bench::new().await;
    let header = bench.acting_as(&bench.text("/members/0/id")).await;
    let mut parts: Vec<String> = header.split('.').map(str::to_owned).collect();
    let mut payload: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
    payload["id"] = Value::from(bench.text("/bot/id"));
    parts[1] = URL_SAFE_NO_PAD.encode(payload.to_string());
    assert_eq!(
        bench
            .ask_as(&parts.join("."), WHO, json!({}))
            .await
            .refusal()
            .0,
        "108"
    );
}

#[tokio::test]
async fn a_token_of_somebody_unknown_suspended_or_deleted_is_not_made() {
    let bench = Bench::new().await;
    let network = bench.text("/network/id");
    let suspended = bench.id("members", "status", "Suspended");
    let deleted = bench.id("members", "status", "DELETED");
    for member in ["NOBODY0001", &suspended, &deleted] {
        let variables = json!({ "n": network, "e": network, "m": member });
        let answer = bench.ask_as(&bench.basic(), TOKEN_QUERY, variables).await;
        assert_eq!(answer.refusal(), ("110", "impersonateMemberId"));
    }
}

#[tokio::test]
async fn a_static_token_is_the_bot_and_an_unknown_one_is_refused() {
    let bench = Bench::new().await;
    let answer = bench.ask(WHO, json!({})).await;
    assert_eq!(answer.data()["authMember"]["username"], "bridge-bot");
    let answer = bench.ask_as("Bearer nonsense", WHO, json!({})).await;
    assert_eq!(answer.refusal().0, "108");
}
