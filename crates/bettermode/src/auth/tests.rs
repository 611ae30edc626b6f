use serde_json::json;

use crate::{
    Credentials, Error, MemberId,
    testing::{Upstream, data, error},
};

fn network() -> crate::testing::Step {
    data(&json!({ "network": { "id": "n", "name": "N", "domain": "d", "locale": "en" } }))
}

#[tokio::test]
async fn a_token_is_minted_with_basic_and_carried_as_bearer_until_a_minute_before_its_end() {
    let upstream = Upstream::answering([network(), network(), network()]);
    let client = upstream.client();
    client.network().await.unwrap();
    upstream.pass(3_600 - 61);
    client.network().await.unwrap();
    assert_eq!(upstream.count("LimitedToken"), 1);
    upstream.pass(1);
    client.network().await.unwrap();
    assert_eq!(upstream.count("LimitedToken"), 2);

    let seen = upstream.seen();
    assert_eq!(seen[0].authorization, "Basic YXBwOnMzY3JldA==");
    let sent = json!({ "networkId": "NETWORK001", "entityId": "NETWORK001", "context": "NETWORK" });
    assert_eq!(seen[0].variables, sent);
    assert!(seen[1].authorization.starts_with("Bearer e30."));
    assert_eq!(seen[1].authorization, seen[2].authorization);
    assert_ne!(seen[4].authorization, seen[2].authorization);
}

#[tokio::test]
async fn calls_made_at_once_wait_for_one_token() {
    let upstream = Upstream::answering((0..20).map(|_| network()));
    let client = upstream.client();
    let calls = (0..20).map(|_| client.network());
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(upstream.count("LimitedToken"), 1);
    assert_eq!(upstream.count("NetworkQuery"), 20);
}

#[tokio::test]
async fn calls_refused_at_once_wait_for_one_new_token() {
    let refusals = (0..10).map(|_| error(&json!("108")));
    let upstream = Upstream::answering(refusals.chain((0..10).map(|_| network())));
    let client = upstream.client();
    let calls = (0..10).map(|_| client.network());
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(upstream.count("LimitedToken"), 2);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_then_the_refusal_is_reported() {
    let upstream = Upstream::answering([error(&json!(108)), error(&json!("108"))]);
    assert_eq!(upstream.client().network().await, Err(Error::TokenRefused));
    assert_eq!(upstream.count("LimitedToken"), 2);
    assert_eq!(upstream.count("NetworkQuery"), 2);
}

#[tokio::test]
async fn status_401_renews_whatever_the_body_is() {
    let refusal = crate::testing::Step::Answer(401, vec![], "<html>".to_owned());
    let upstream = Upstream::answering([refusal, network()]);
    upstream.client().network().await.unwrap();
    assert_eq!(upstream.count("LimitedToken"), 2);
}

#[tokio::test]
async fn no_permission_renews_an_old_token_once_and_a_fresh_one_never() {
    let upstream = Upstream::answering([network(), error(&json!(102)), error(&json!(102))]);
    let client = upstream.client();
    client.network().await.unwrap();
    upstream.pass(61);
    let result = client.network().await;
    assert!(
        matches!(result, Err(Error::PermissionDenied { .. })),
        "{result:?}"
    );
    assert_eq!(upstream.count("LimitedToken"), 2);

    let fresh = Upstream::answering([error(&json!(102))]);
    let result = fresh.client().network().await;
    assert!(
        matches!(result, Err(Error::PermissionDenied { .. })),
        "{result:?}"
    );
    assert_eq!(fresh.count("LimitedToken"), 1);
}

#[tokio::test]
async fn each_member_acted_for_has_a_token_of_their_own() {
    let upstream = Upstream::answering([network(), network(), network()]);
    let client = upstream.client();
    let ada = client.acting_as(MemberId::new("ADA")).unwrap();
    client.network().await.unwrap();
    ada.network().await.unwrap();
    ada.network().await.unwrap();
    let seen = upstream.seen();
    let minted: Vec<_> = seen
        .iter()
        .filter(|s| s.operation == "LimitedToken")
        .collect();
    assert_eq!(minted.len(), 2);
    assert_eq!(minted[1].variables["impersonateMemberId"], "ADA");
    assert_ne!(seen[1].authorization, seen[3].authorization);
}

#[tokio::test]
async fn a_static_token_is_never_renewed_and_acts_for_nobody() {
    let upstream = Upstream::answering([error(&json!(108))]);
    let client = upstream
        .client_with(|config| config.credentials = Credentials::StaticToken("opaque".into()));
    assert_eq!(client.network().await, Err(Error::TokenRefused));
    assert_eq!(upstream.seen()[0].authorization, "Bearer opaque");
    assert_eq!(upstream.seen().len(), 1);
    let acting = client.acting_as(MemberId::new("ADA")).err();
    assert_eq!(acting, Some(Error::ImpersonationUnavailable));
}

#[tokio::test]
async fn credentials_without_a_network_or_with_a_line_break_fail_before_anything_is_sent() {
    let upstream = Upstream::answering([]);
    let client = upstream.client_with(|config| config.network_id = None);
    assert_eq!(client.network().await, Err(Error::NetworkIdMissing));
    let token = Credentials::StaticToken("a\nb".into());
    let client = upstream.client_with(|config| config.credentials = token);
    assert_eq!(client.network().await, Err(Error::TokenRefused));
    assert!(upstream.seen().is_empty());
}
