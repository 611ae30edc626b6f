//! Stored webhooks take effect: once, whatever dies, and in whatever order they come.

use std::time::Duration;

use community_proto::v1::{
    GetActivitySummaryRequest, GetWebhookEventRequest, IngestWebhookEventsRequest,
    ListDeadLettersRequest, ListWebhookEventsRequest, ReplayRange, ReplayWebhookEventsRequest,
    ReplayWebhookEventsResponse, WebhookEvent, WebhookEventState, WebhookFormat,
};
use integration_tests::sandbox::SandboxBuilder;
use integration_tests::{Sandbox, eventually_within};
use prost_types::Timestamp;
use serde_json::json;

use crate::activities::{activities, webhook};

#[tokio::test]
async fn a_webhook_that_comes_again_and_again_counts_once() {
    let sandbox = Sandbox::start().await;
    let object = json!({ "id": "POST00000001", "createdById": "ada" });
    let body = webhook(&"0a".repeat(16), "post.published", "ada", 1, &object);
    for _ in 0..20 {
        sandbox.clients.send_webhook_until_taken(&body).await;
    }
    projected(&sandbox).await;
    assert_eq!(total(&sandbox).await, 1);
    let url = sandbox.service_admin_url("/metrics");
    let metrics = sandbox.clients.http().get(url).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let done = r#"projections_total{projection="activities",outcome="done"} 1"#;
    assert!(metrics.contains(done), "{metrics}");
}

#[tokio::test]
async fn a_service_that_is_killed_again_and_again_projects_everything_once() {
    // At once, as what the dead had claimed is not free before half a minute.
    tokio::join!(
        survives_kills(Sandbox::builder()),
        survives_kills(Sandbox::builder().with_mongodb()),
    );
}

async fn survives_kills(builder: SandboxBuilder) {
    let mut sandbox = builder.start().await;
    let all: Vec<_> = (0..1_500).map(post).collect();
    for some in all.chunks(300) {
        let request = IngestWebhookEventsRequest {
            events: some.to_vec(),
        };
        let mut events = sandbox.clients.webhook_events();
        events.ingest_webhook_events(request).await.unwrap();
        // In the middle of what it was just given.
        sandbox.service.kill();
        sandbox.service.start().await;
        sandbox.ready().await;
    }
    projected(&sandbox).await;
    assert_eq!(total(&sandbox).await, 1_500);
}

#[tokio::test]
async fn replaying_what_took_effect_changes_nothing() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        let request = IngestWebhookEventsRequest {
            events: (0..50).map(post).collect(),
        };
        let mut events = sandbox.clients.webhook_events();
        events.ingest_webhook_events(request).await.unwrap();
        projected(&sandbox).await;
        let range = ReplayRange {
            receive_time_from: Some(Timestamp::default()),
            receive_time_until: Some(Timestamp {
                seconds: 4_000_000_000,
                nanos: 0,
            }),
            ..Default::default()
        };
        for dry_run in [true, false] {
            let request = ReplayWebhookEventsRequest {
                range: Some(range.clone()),
                dry_run,
                ..Default::default()
            };
            let replayed = replay(&sandbox, request).await;
            assert_eq!(replayed.event_count, 50);
            assert!(replayed.events.iter().all(|event| event.changes.is_empty()));
            projected(&sandbox).await;
            assert_eq!(total(&sandbox).await, 50);
        }
    }
}

#[tokio::test]
async fn a_late_webhook_counts_and_moves_no_member_back() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        let row = |status: &str| json!({ "id": "ada", "name": "Ada", "status": status });
        let (late, first) = ("0a".repeat(16), "0b".repeat(16));
        let suspended = webhook(&first, "member.suspended", "mod", 30, &row("SUSPENDED"));
        let verified = webhook(&late, "member.updated", "ada", 10, &row("VERIFIED"));
        for body in [&suspended, &verified] {
            sandbox.clients.send_webhook_until_taken(body).await;
            projected(&sandbox).await;
        }
        assert_eq!(total(&sandbox).await, 2);
        // A third says what would change if it were later than the first, and
        // whether the second changed anything.
        let third = "0c".repeat(16);
        let again = webhook(&third, "member.updated", "ada", 40, &row("VERIFIED"));
        sandbox.clients.send_webhook_until_taken(&again).await;
        projected(&sandbox).await;
        for event_id in [late, first, third] {
            let request = ReplayWebhookEventsRequest {
                event_ids: vec![event_id.clone()],
                dry_run: true,
                ..Default::default()
            };
            let replayed = replay(&sandbox, request).await;
            assert_eq!(replayed.events[0].changes, [""; 0], "{event_id}");
        }
    }
}

#[tokio::test]
async fn an_outage_of_mongodb_delays_effects_and_buries_none() {
    let mut sandbox = Sandbox::builder().with_own_mongodb().start().await;
    let object = json!({ "id": "POST00000001", "createdById": "ada" });
    let body = webhook(&"0e".repeat(16), "post.published", "ada", 1, &object);
    sandbox.clients.send_webhook_until_taken(&body).await;
    sandbox.forwarded().await;
    sandbox.mongodb.as_mut().unwrap().restart().await;
    let body = webhook(&"0f".repeat(16), "post.published", "ada", 2, &object);
    sandbox.clients.send_webhook_until_taken(&body).await;
    projected(&sandbox).await;
    assert_eq!(total(&sandbox).await, 2);
    let mut events = sandbox.clients.webhook_events();
    let dead = events.list_dead_letters(ListDeadLettersRequest::default());
    assert!(dead.await.unwrap().into_inner().dead_letters.is_empty());
    let request = GetWebhookEventRequest {
        event_id: "0e".repeat(16),
    };
    let event = events.get_webhook_event(request).await.unwrap();
    let event = event.into_inner().event.unwrap();
    assert_eq!(event.state(), WebhookEventState::Done);
}

/// Longer than the claim of a dead process lasts.
const UNTIL_PROJECTED: Duration = Duration::from_secs(60);

/// Waits until the edge has forwarded everything and all of it has taken effect.
pub(crate) async fn projected(sandbox: &Sandbox) {
    sandbox.forwarded().await;
    eventually_within(
        UNTIL_PROJECTED,
        "every event has taken effect",
        async || pending(sandbox).await,
    )
    .await;
}

async fn pending(sandbox: &Sandbox) -> Result<(), String> {
    let request = ListWebhookEventsRequest {
        state: WebhookEventState::Pending.into(),
        page_size: 1,
        ..Default::default()
    };
    let mut client = sandbox.clients.webhook_events();
    let answer = client
        .list_webhook_events(request)
        .await
        .map_err(|status| status.to_string())?;
    match answer.into_inner().events.first() {
        None => Ok(()),
        Some(stored) => Err(format!("{:?}", stored.projections)),
    }
}

async fn total(sandbox: &Sandbox) -> i64 {
    let request = GetActivitySummaryRequest::default();
    let answer = activities(sandbox).get_activity_summary(request).await;
    answer.unwrap().into_inner().total_count
}

async fn replay(
    sandbox: &Sandbox,
    request: ReplayWebhookEventsRequest,
) -> ReplayWebhookEventsResponse {
    let mut events = sandbox.clients.webhook_events();
    let answer = events.replay_webhook_events(request).await;
    answer.unwrap().into_inner()
}

/// A post of one of ten members, as the edge would send it.
fn post(number: u32) -> WebhookEvent {
    let (id, member) = (format!("{number:032x}"), format!("member{}", number % 10));
    let object = json!({ "id": format!("POST{number}"), "createdById": member });
    let body = webhook(&id, "post.published", &member, number % 60, &object);
    WebhookEvent {
        event_id: id,
        event_type: "post.published".to_owned(),
        noun: "POST".to_owned(),
        actor_member_id: member,
        object_id: format!("POST{number}"),
        occur_time: Some(Timestamp {
            seconds: 1_767_322_800 + i64::from(number),
            nanos: 0,
        }),
        receive_time: Some(Timestamp {
            seconds: 1_767_330_000 + i64::from(number),
            nanos: 0,
        }),
        format: WebhookFormat::Bettermode.into(),
        path: "/webhooks/bettermode".to_owned(),
        payload: body.into(),
        ..Default::default()
    }
}
