//! Redis and MongoDB killed and brought back under a running system.

use std::collections::BTreeSet;

use community_proto::v1::{
    Dependency, DependencyState, ErrorReason, GetStatusRequest, IngestWebhookEventsRequest,
    ListWebhookEventsRequest, Source,
};
use integration_tests::{Clients, Failure, Sandbox, SandboxBuilder, eventually};
use serde_json::Value;
use tonic::Code;

use crate::members::by_id;
use crate::stored_events::{event, ingest};
use crate::webhook_to_event::{of_type, subscription};

#[tokio::test]
async fn members_are_still_read_while_redis_is_down_and_shared_again_afterwards() {
    let mut sandbox = shared_alone().start().await;
    let replica = sandbox.another_service().await;
    let world = sandbox.fake.world().await;
    let (one, two) = (world.text("/members/0/id"), world.text("/members/1/id"));
    by_id(&sandbox.clients, &one).await;
    assert_eq!(
        by_id(&replica.clients, &one).await.1.source(),
        Source::Redis
    );

    sandbox.redis.as_mut().unwrap().program.kill();
    for clients in [&sandbox.clients, &replica.clients] {
        assert_eq!(by_id(clients, &one).await.1.source(), Source::Bettermode);
    }
    state_becomes(&sandbox.clients, "cache", DependencyState::Down).await;
    assert_eq!(health_of(&sandbox, "cache").await, "down");

    sandbox.redis.as_mut().unwrap().restart().await;
    state_becomes(&sandbox.clients, "cache", DependencyState::Up).await;
    eventually("a copy is shared again", async || {
        by_id(&sandbox.clients, &two).await;
        match by_id(&replica.clients, &two).await.1.source() {
            Source::Redis => Ok(()),
            source => Err(source.as_str_name()),
        }
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_hangs_does_not_hang_the_reads() {
    let sandbox = shared_alone().start().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&sandbox.clients, &id).await;
    let redis = sandbox.redis.as_ref().unwrap();
    redis.program.freeze();
    let started = tokio::time::Instant::now();
    let (_, freshness) = by_id(&sandbox.clients, &id).await;
    let waited = started.elapsed();
    redis.program.thaw();
    assert_eq!(freshness.source(), Source::Bettermode);
    // The limit is 1.5 s for each step; the rest is for a loaded machine.
    assert!(waited.as_secs() < 8, "{waited:?}");
}

#[tokio::test]
async fn without_a_queue_a_webhook_is_503_while_mongodb_is_down_and_stored_once_when_it_is_back() {
    let mut sandbox = Sandbox::builder()
        .with_own_mongodb()
        .acknowledging_when_stored()
        .start()
        .await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    let kept = subscription("space.kept", &"1a".repeat(16), "");
    assert_eq!(
        sandbox.clients.send_webhook(kept.clone()).await.status(),
        200
    );

    sandbox.mongodb.as_mut().unwrap().program.kill();
    let body = subscription("space.late", &"2b".repeat(16), "");
    let answer = sandbox.clients.send_webhook(body.clone()).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let mut events = sandbox.clients.webhook_events();
    let request = IngestWebhookEventsRequest {
        events: vec![event(1, "space.refused")],
    };
    let failure = Failure::of(events.ingest_webhook_events(request).await)
        .is(Code::Unavailable, ErrorReason::EventStoreUnavailable);
    assert!(failure.retry_after.is_some());
    let request = ListWebhookEventsRequest::default();
    let _checked = Failure::of(events.list_webhook_events(request).await)
        .is(Code::Unavailable, ErrorReason::EventStoreUnavailable);
    // What does not need it goes on.
    by_id(&sandbox.clients, &id).await;
    state_becomes(&sandbox.clients, "event_store", DependencyState::Down).await;
    eventually("the edge says so too", async || {
        match health_of(&sandbox, "event_store").await {
            state if state == "down" => Ok(()),
            state => Err(state),
        }
    })
    .await;

    sandbox.mongodb.as_mut().unwrap().restart().await;
    for again in [&body, &body, &kept] {
        sandbox.clients.send_webhook_until_taken(again).await;
    }
    assert_eq!(of_type(&sandbox, "space.late").await.len(), 1);
    assert_eq!(of_type(&sandbox, "space.kept").await.len(), 1);
    state_becomes(&sandbox.clients, "event_store", DependencyState::Up).await;
}

#[tokio::test]
async fn without_a_queue_what_could_not_be_stored_arrives_with_the_next_delivery() {
    let mut sandbox = Sandbox::builder().acknowledging_when_stored().start().await;
    sandbox.service.kill();
    let somebody = serde_json::json!({ "name": "Somebody New" });
    let joined = sandbox.fake.post("/_fake/members", &somebody).await;
    sandbox.edge.line_with("webhook not taken").await;
    sandbox.service.restart().await;
    for event_type in ["member.created", "member.verified"] {
        let events = eventually(event_type, async || {
            match of_type(&sandbox, event_type).await {
                events if events.is_empty() => Err("not stored yet"),
                events => Ok(events),
            }
        })
        .await;
        let ids: Vec<_> = events
            .iter()
            .map(|stored| stored.event.as_ref().unwrap().object_id.as_str())
            .collect();
        assert_eq!(ids, [joined["id"].as_str().unwrap()]);
    }
}

#[tokio::test]
async fn no_event_that_was_acknowledged_is_lost_when_mongodb_dies_in_the_middle() {
    let mut sandbox = Sandbox::builder().with_own_mongodb().start().await;
    let mut acknowledged = BTreeSet::new();
    let mut number = 0;
    // Batches one after the other until the store is gone.
    let mut events = sandbox.clients.webhook_events();
    loop {
        let batch: Vec<_> = (0..20)
            .map(|step| event(number + step, "batch.torn"))
            .collect();
        let ids: Vec<_> = batch.iter().map(|event| event.event_id.clone()).collect();
        let request = IngestWebhookEventsRequest { events: batch };
        if number == 200 {
            sandbox.mongodb.as_mut().unwrap().program.kill();
        }
        match events.ingest_webhook_events(request).await {
            Ok(_) => acknowledged.extend(ids),
            Err(_) => break,
        }
        number += 20;
    }
    assert_eq!(acknowledged.len(), 200);
    sandbox.mongodb.as_mut().unwrap().restart().await;
    let stored = eventually("the events are listed", async || {
        let request = ListWebhookEventsRequest {
            event_type: "batch.torn".to_owned(),
            page_size: 500,
            ..Default::default()
        };
        let mut events = sandbox.clients.webhook_events();
        events.list_webhook_events(request).await
    })
    .await;
    let stored: Vec<_> = stored
        .into_inner()
        .events
        .into_iter()
        .map(|stored| stored.event.unwrap().event_id)
        .collect();
    let distinct: BTreeSet<_> = stored.iter().cloned().collect();
    assert_eq!(distinct.len(), stored.len(), "nothing is doubled");
    assert!(distinct.is_superset(&acknowledged), "nothing is lost");
}

#[tokio::test]
async fn the_service_starts_with_everything_down_and_recovers_without_a_restart() {
    let mut sandbox = shared_alone()
        .with_own_mongodb()
        .acknowledging_when_stored()
        .start()
        .await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    sandbox.redis.as_mut().unwrap().program.kill();
    sandbox.mongodb.as_mut().unwrap().program.kill();
    sandbox.fake_program.kill();
    sandbox.service.restart().await;
    sandbox.edge.restart().await;

    for name in ["cache", "event_store"] {
        let part = state_becomes(&sandbox.clients, name, DependencyState::Down).await;
        assert!(part.message.contains("check "), "says what to do: {part:?}");
    }
    let body = subscription("space.early", &"3c".repeat(16), "");
    assert_eq!(
        sandbox.clients.send_webhook(body.clone()).await.status(),
        503
    );
    let not_ready = sandbox
        .clients
        .http()
        .get(sandbox.edge_admin_url("/readyz"))
        .send()
        .await;
    assert_eq!(not_ready.unwrap().status(), 503);

    sandbox.redis.as_mut().unwrap().restart().await;
    sandbox.mongodb.as_mut().unwrap().restart().await;
    sandbox.fake_program.restart().await;
    sandbox.ready().await;
    sandbox.clients.send_webhook_until_taken(&body).await;
    assert_eq!(of_type(&sandbox, "space.early").await.len(), 1);
    eventually("a member is read and shared", async || {
        match by_id(&sandbox.clients, &id).await.1.source() {
            Source::Redis => Ok(()),
            source => Err(source.as_str_name()),
        }
    })
    .await;
}

#[tokio::test]
async fn a_cached_member_is_read_while_bettermode_is_down() {
    let mut sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    by_id(&sandbox.clients, &world.text("/members/0/id")).await;
    sandbox.fake_program.kill();
    let (_, freshness) = by_id(&sandbox.clients, &world.text("/members/0/id")).await;
    assert_eq!(freshness.source(), Source::Memory);
    // The stores do not need BetterMode.
    ingest(&sandbox, [event(1, "space.alone")]).await;
    assert_eq!(of_type(&sandbox, "space.alone").await.len(), 1);
}

/// A system whose copies of members are in Redis alone.
fn shared_alone() -> SandboxBuilder {
    Sandbox::builder()
        .with_redis()
        .service_setting("COMMUNITY_SVC_CACHE_BYTES", "0")
}

/// The part of this name once it has this state.
async fn state_becomes(clients: &Clients, name: &str, state: DependencyState) -> Dependency {
    eventually(&format!("{name} is {state:?}"), async || {
        let answer = clients.community().get_status(GetStatusRequest {}).await;
        let status = answer.unwrap().into_inner().status.unwrap();
        let part = status
            .dependencies
            .into_iter()
            .find(|part| part.name == name);
        match part.unwrap() {
            part if part.state() == state => Ok(part),
            part => Err(format!("{part:?}")),
        }
    })
    .await
}

/// What the edge's public `/health` says of a part.
async fn health_of(sandbox: &Sandbox, part: &str) -> String {
    let text = sandbox
        .clients
        .get_edge("/health")
        .await
        .text()
        .await
        .unwrap();
    let health: Value = serde_json::from_str(&text).unwrap();
    let state = &health["services"][part]["status"];
    state
        .as_str()
        .unwrap_or_else(|| panic!("no {part} in {health}"))
        .to_owned()
}
