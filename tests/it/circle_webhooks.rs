//! While a community moves, the edge takes Circle's webhooks too: behind a secret, into the
//! same store, and nothing else comes of them.

use community_proto::v1::{StoredWebhookEvent, WebhookEventState, WebhookFormat};
use integration_tests::{Sandbox, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use crate::webhook_to_event::of_type;

const NEW_MEMBER: &str = "/webhooks/circleso/new_member";
const PATHS: [(&str, &str); 3] = [
    (NEW_MEMBER, "circle.new_member"),
    (
        "/webhooks/circleso/member_activity",
        "circle.member_activity",
    ),
    ("/webhooks/circleso/event", "circle.event"),
];

fn bodies() -> [Value; 3] {
    [
        json!({
            "name": "Ada", "email": "ada@example.org", "membership_level": "Standard",
            "interest_groups": ["Engines"], "profile_url": "https://c.example.org/u/1",
        }),
        json!({
            "member_email": "ada@example.org", "activity_type": "post",
            "activity_url": "https://c.example.org/p/1", "activity_content": "Hello",
            "timestamp": "2026-02-03T04:05:06Z",
        }),
        json!({ "event_type": "new_event_created", "event_data": { "title": "Meetup" } }),
    ]
}

async fn with_circle(builder: integration_tests::SandboxBuilder) -> Sandbox {
    builder
        .edge_setting("INTEGRATION_ENABLE_CIRCLE", "true")
        .edge_setting("CIRCLE_WEBHOOK_SECRET", "the-old-secret, the-new-secret")
        .start()
        .await
}

async fn post(sandbox: &Sandbox, path: &str, secret: Option<&str>, body: &str) -> (u16, String) {
    let url = sandbox.clients.edge_url(path);
    let mut request = sandbox.clients.http().post(url).body(body.to_owned());
    if let Some(secret) = secret {
        request = request.header("X-Webhook-Secret", secret);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn one_of(sandbox: &Sandbox, event_type: &str) -> StoredWebhookEvent {
    let mut stored = of_type(sandbox, event_type).await;
    assert_eq!(stored.len(), 1, "{event_type}");
    stored.remove(0)
}

#[tokio::test]
async fn each_of_circles_webhooks_is_an_event_of_the_platform_circle() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = with_circle(builder).await;
        for ((path, event_type), body) in PATHS.into_iter().zip(bodies()) {
            let body = body.to_string();
            let (status, answer) = post(&sandbox, path, Some("the-new-secret"), &body).await;
            assert_eq!(status, 200, "{answer}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(answer["success"], true);
            let stored = one_of(&sandbox, event_type).await;
            let event = stored.event.unwrap();
            assert_eq!(event.platform, "circle");
            assert_eq!(event.format(), WebhookFormat::Circle);
            assert_eq!(event.path, path);
            assert_eq!(event.payload, body.as_bytes());
            assert_eq!(
                (event.network_id, event.actor_member_id),
                Default::default()
            );
        }
        let activity = one_of(&sandbox, "circle.member_activity")
            .await
            .event
            .unwrap();
        assert_eq!(activity.occur_time.unwrap().seconds, 1_770_091_506);
    }
}

#[tokio::test]
async fn nothing_but_the_event_comes_of_it_and_it_settles() {
    let sandbox = with_circle(Sandbox::builder()).await;
    let body = bodies()[0].to_string();
    assert_eq!(
        post(&sandbox, NEW_MEMBER, Some("the-old-secret"), &body)
            .await
            .0,
        200
    );
    let settled = eventually("the event settles", async || {
        let stored = one_of(&sandbox, "circle.new_member").await;
        match stored.state() {
            WebhookEventState::Done => Ok(stored),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(settled.await.projections.is_empty());
    let file = sandbox.folder().join("community-svc/community.sqlite");
    let file = rusqlite::Connection::open(file).unwrap();
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM community_members"), 0);
    let kept = "SELECT count(*) FROM bettermode_webhook_events
                WHERE platform = 'circle' AND data ->> 'name' = 'Ada'";
    assert_eq!(count(kept), 1);
}

#[tokio::test]
async fn the_same_body_twice_is_one_event_also_across_a_restart() {
    let mut sandbox = with_circle(Sandbox::builder()).await;
    let body = bodies()[1].to_string();
    let path = PATHS[1].0;
    for _ in 0..2 {
        assert_eq!(
            post(&sandbox, path, Some("the-new-secret"), &body).await.0,
            200
        );
    }
    sandbox.edge.kill();
    sandbox.edge.restart().await;
    assert_eq!(
        post(&sandbox, path, Some("the-new-secret"), &body).await.0,
        200
    );
    one_of(&sandbox, "circle.member_activity").await;
}

#[tokio::test]
async fn a_missing_or_wrong_secret_is_401_and_nothing_is_stored() {
    let sandbox = with_circle(Sandbox::builder()).await;
    let body = bodies()[0].to_string();
    for wrong in [
        None,
        Some(""),
        Some("the-old"),
        Some("the-old-secret, the-new-secret"),
    ] {
        let (status, answer) = post(&sandbox, NEW_MEMBER, wrong, &body).await;
        assert_eq!((status, answer.as_str()), (401, ""), "{wrong:?}");
    }
    // BetterMode's own signature opens nothing here.
    let signed = sandbox
        .clients
        .signed_webhook(NEW_MEMBER, body.clone().into_bytes());
    assert_eq!(signed.send().await.unwrap().status(), 401);
    assert!(of_type(&sandbox, "circle.new_member").await.is_empty());
    let lines = sandbox.edge.lines().join("\n");
    assert!(lines.contains("CIRCLE_WEBHOOK_SECRET"), "{lines}");
    assert!(
        !lines.contains("the-old") && !lines.contains("ada@example.org"),
        "{lines}"
    );
}

#[tokio::test]
async fn what_is_no_object_is_400_and_another_method_405() {
    let sandbox = with_circle(Sandbox::builder()).await;
    for body in ["", "[]", "{"] {
        let (status, _) = post(&sandbox, NEW_MEMBER, Some("the-new-secret"), body).await;
        assert_eq!(status, 400, "{body}");
    }
    let url = sandbox.clients.edge_url(NEW_MEMBER);
    let other = sandbox
        .clients
        .http()
        .request(Method::PUT, url)
        .send()
        .await;
    assert_eq!(other.unwrap().status(), 405);
}

#[tokio::test]
async fn switched_off_the_routes_do_not_exist() {
    let sandbox = Sandbox::builder()
        .edge_setting("CIRCLE_WEBHOOK_SECRET", "the-new-secret")
        .start()
        .await;
    for (path, _) in PATHS {
        let (status, _) = post(&sandbox, path, Some("the-new-secret"), "{}").await;
        assert_eq!(status, 404, "{path}");
    }
}

#[tokio::test]
async fn switched_on_without_a_secret_the_edge_refuses_to_start() {
    let sandbox = Sandbox::start().await;
    let mut open = sandbox.edge.another(&[]);
    open.set("INTEGRATION_ENABLE_CIRCLE", "true");
    let status = open.run_to_end().await;
    assert_eq!(status.code(), Some(78), "{}", open.log());
    assert!(
        open.log().contains("CIRCLE_WEBHOOK_SECRET is not set"),
        "{}",
        open.log()
    );
}

#[tokio::test]
async fn the_secret_can_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "from-a-file\n").unwrap();
    let sandbox = Sandbox::builder()
        .edge_setting("INTEGRATION_ENABLE_CIRCLE", "true")
        .edge_setting("CIRCLE_WEBHOOK_SECRET_FILE", file.to_str().unwrap())
        .start()
        .await;
    let (status, _) = post(&sandbox, NEW_MEMBER, Some("from-a-file"), "{}").await;
    assert_eq!(status, 200);
}
