//! Several services over one Redis: one cache, one budget towards BetterMode.

use std::collections::BTreeSet;

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{ErrorReason, GetMemberRequest, Source};
use futures::future::join_all;
use integration_tests::sandbox::NETWORK_ID;
use integration_tests::{Clients, Failure, Sandbox, eventually};
use serde_json::json;

use crate::members::by_id;

#[tokio::test]
async fn what_one_service_has_read_another_need_not_ask_for() {
    let sandbox = Sandbox::builder().with_redis().start().await;
    let replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    let (first, freshness) = by_id(&sandbox.clients, &id).await;
    let (second, copy) = by_id(&replica.clients, &id).await;
    assert_eq!(first, second);
    assert_eq!(copy.source(), Source::Redis);
    assert_eq!(copy.fetched_at, freshness.fetched_at);
    assert_eq!(sandbox.fake.requests("member").await, 1);
}

#[tokio::test]
async fn a_webhook_that_one_service_takes_drops_the_copy_of_all() {
    let sandbox = Sandbox::builder().with_redis().with_mongodb().start().await;
    let replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&replica.clients, &id).await;
    let copy = by_id(&replica.clients, &id).await.1;
    assert_ne!(copy.source(), Source::Bettermode);

    let body = json!({
        "networkId": NETWORK_ID, "type": "SUBSCRIPTION",
        "data": {
            "id": "4d".repeat(16), "name": "member.updated", "noun": "MEMBER",
            "verb": "UPDATED", "object": { "id": id },
        },
    });
    // The edge hands it to the first service.
    assert_eq!(
        sandbox
            .clients
            .send_webhook(body.to_string())
            .await
            .status(),
        200
    );
    // Which of the two services it reaches does not matter.
    sandbox.forwarded().await;
    eventually("the copy of all is dropped", async || {
        match by_id(&replica.clients, &id).await.1.source() {
            Source::Bettermode => Ok(()),
            source => Err(source.as_str_name()),
        }
    })
    .await;
}

#[tokio::test]
async fn all_services_together_stay_within_the_limit_of_the_network() {
    let sandbox = Sandbox::builder().with_redis().start().await;
    let replica = sandbox.another_service().await;
    // Three times what BetterMode allows in ten seconds, half of it through each.
    let calls = (0..60).map(|number| {
        let clients = if number % 2 == 0 {
            &sandbox.clients
        } else {
            &replica.clients
        };
        read_nobody(clients, number)
    });
    let reasons: Vec<_> = join_all(calls).await;
    let refused = reasons
        .iter()
        .filter(|reason| **reason == ErrorReason::UpstreamRateLimited)
        .count();
    let asked = reasons
        .iter()
        .filter(|reason| **reason == ErrorReason::MemberNotFound)
        .count();
    assert_eq!(asked + refused, 60, "{reasons:?}");
    assert!(asked >= 5, "the budget is used: {asked}");
    assert!(refused >= 20, "{refused}");
    assert_eq!(
        sandbox.fake.rate_limited().await,
        0,
        "BetterMode had to refuse"
    );
}

#[tokio::test]
async fn no_service_waits_for_another_that_has_died() {
    let sandbox = Sandbox::builder().with_redis().start().await;
    let mut replica = sandbox.another_service().await;
    let world = sandbox.fake.world().await;
    by_id(&replica.clients, &world.text("/members/0/id")).await;
    replica.program.kill();
    let mut sources = BTreeSet::new();
    for number in 0..3 {
        let id = world.text(&format!("/members/{number}/id"));
        sources.insert(by_id(&sandbox.clients, &id).await.1.source());
    }
    assert_eq!(sources, BTreeSet::from([Source::Redis, Source::Bettermode]));
}

/// By user name: reads by id go together, and so cost one request for many.
async fn read_nobody(clients: &Clients, number: usize) -> ErrorReason {
    let request = GetMemberRequest {
        identifier: Some(Identifier::Username(format!("nobody{number:04}"))),
        read_options: None,
    };
    Failure::of(clients.community().get_member(request).await).reason
}
