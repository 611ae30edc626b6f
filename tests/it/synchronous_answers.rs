//! Webhooks whose sender waits for more than a receipt: answered by the service, and
//! in its name when it is slow or away.

use std::time::Duration;

use community_proto::v1::{AnswerWebhookRequest, ErrorReason, WebhookEvent};
use integration_tests::sandbox::NETWORK_ID;
use integration_tests::{Failure, Sandbox};
use serde_json::{Value, json};
use tokio::time::Instant;
use tonic::Code;

use crate::webhook_to_event::of_type;

fn question(envelope_type: &str, data: &Value) -> String {
    json!({
        "networkId": NETWORK_ID,
        "context": "NETWORK",
        "entityId": NETWORK_ID,
        "currentSettings": [{ "id": "s1", "settings": { "greeting": "hello" } }],
        "type": envelope_type,
        "data": data,
    })
    .to_string()
}

async fn ask(sandbox: &Sandbox, envelope_type: &str, data: &Value) -> Value {
    let answer = sandbox
        .clients
        .send_webhook(question(envelope_type, data))
        .await;
    assert_eq!(answer.status(), 200, "{envelope_type}");
    assert_eq!(answer.headers()["content-type"], "application/json");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

fn succeeded(envelope_type: &str, data: &Value) -> Value {
    json!({ "type": envelope_type, "status": "SUCCEEDED", "data": data })
}

async fn answered_by(sandbox: &Sandbox, envelope_type: &str, source: &str) -> bool {
    let url = sandbox.edge_admin_url("/metrics");
    let answer = sandbox.clients.http().get(url).send().await.unwrap();
    let line =
        format!(r#"webhook_edge_answers_total{{question="{envelope_type}",source="{source}"}} 1"#);
    answer.text().await.unwrap().contains(&line)
}

/// Each type, what it asks with, and what it is answered by the service.
fn questions() -> Vec<(&'static str, Value, Value)> {
    let entities = json!({ "entities": [
        { "context": "POST", "entity": { "id": "p1" }, "shortcuts": ["share"] },
    ] });
    let no_shortcuts = json!([{ "context": "POST", "entityId": "p1", "shortcutStates": [] }]);
    vec![
        ("GET_SETTINGS", json!({}), json!({ "greeting": "hello" })),
        (
            "UPDATE_SETTINGS",
            json!({ "settings": { "greeting": "good day" } }),
            json!({ "toStore": { "greeting": "good day" } }),
        ),
        (
            "INTERACTION",
            json!({ "actorId": "m1", "interactionId": "i1" }),
            json!({ "interactions": [] }),
        ),
        ("SHORTCUTS_STATES", entities, no_shortcuts),
        ("FEDERATED_SEARCH", json!({ "query": "summer" }), json!([])),
        ("CALLBACK_BLOCK", json!({ "callbackId": "c1" }), json!({})),
    ]
}

#[tokio::test]
async fn the_service_answers_each_type_in_the_vendors_shape() {
    let sandbox = Sandbox::start().await;
    for (envelope_type, data, expected) in questions() {
        let answer = ask(&sandbox, envelope_type, &data).await;
        assert_eq!(answer, succeeded(envelope_type, &expected));
        assert!(answered_by(&sandbox, envelope_type, "service").await);
    }
    // The service has no blocks, and says so.
    let answer = ask(&sandbox, "LOAD_BLOCK", &json!({ "blockId": "b1" })).await;
    assert_eq!(answer["status"], "FAILED");
    assert_eq!(answer["errorCode"], 110);
    assert!(answer["errorMessage"].as_str().unwrap().len() > 5);
}

#[tokio::test]
async fn what_somebody_did_is_stored_and_what_only_looks_is_not() {
    let sandbox = Sandbox::start().await;
    for (envelope_type, data, _) in questions() {
        ask(&sandbox, envelope_type, &data).await;
    }
    ask(&sandbox, "Callback", &json!({ "callbackId": "c2" })).await;
    sandbox.forwarded().await;
    for kept in [
        "UPDATE_SETTINGS",
        "INTERACTION",
        "CALLBACK_BLOCK",
        "Callback",
    ] {
        assert_eq!(of_type(&sandbox, kept).await.len(), 1, "{kept}");
    }
    for gone in ["GET_SETTINGS", "SHORTCUTS_STATES", "FEDERATED_SEARCH"] {
        assert_eq!(of_type(&sandbox, gone).await.len(), 0, "{gone}");
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_spoken_for() {
    let mut sandbox = Sandbox::start().await;
    sandbox.service.kill();
    for (envelope_type, data, expected) in questions() {
        let answer = ask(&sandbox, envelope_type, &data).await;
        assert_eq!(answer, succeeded(envelope_type, &expected));
        assert!(answered_by(&sandbox, envelope_type, "canned").await);
    }
    let answer = ask(&sandbox, "LOAD_BLOCK", &json!({ "blockId": "b1" })).await;
    assert_eq!(answer, succeeded("LOAD_BLOCK", &json!({})));
    // What somebody did waits in the edge's queue.
    sandbox.service.restart().await;
    sandbox.forwarded().await;
    assert_eq!(of_type(&sandbox, "INTERACTION").await.len(), 1);
}

#[tokio::test]
async fn a_service_that_hangs_is_spoken_for_within_the_budget() {
    let sandbox = Sandbox::start().await;
    sandbox.service.freeze();
    let asked = Instant::now();
    let answer = ask(&sandbox, "GET_SETTINGS", &json!({})).await;
    let took = asked.elapsed();
    sandbox.service.thaw();
    assert_eq!(
        answer,
        succeeded("GET_SETTINGS", &json!({ "greeting": "hello" }))
    );
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(answered_by(&sandbox, "GET_SETTINGS", "canned").await);
}

#[tokio::test]
async fn without_a_queue_what_somebody_did_and_cannot_be_stored_is_503() {
    let mut sandbox = Sandbox::builder().acknowledging_when_stored().start().await;
    sandbox.service.kill();
    let body = question("INTERACTION", &json!({ "interactionId": "i9" }));
    let answer = sandbox.clients.send_webhook(body.clone()).await;
    assert_eq!(answer.status(), 503);
    // Looking needs no storing.
    ask(&sandbox, "GET_SETTINGS", &json!({})).await;
    sandbox.service.restart().await;
    sandbox.clients.send_webhook_until_taken(&body).await;
    assert_eq!(of_type(&sandbox, "INTERACTION").await.len(), 1);
}

#[tokio::test]
async fn a_caller_that_asks_for_no_answer_of_ours_is_told_what_is_wrong() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.clients.webhook_events();
    let answer = events.answer_webhook(AnswerWebhookRequest { event: None });
    let failure = Failure::of(answer.await).is(Code::InvalidArgument, ErrorReason::InvalidField);
    failure.about("event");
    let event = WebhookEvent {
        event_type: "SUBSCRIPTION".to_owned(),
        ..WebhookEvent::default()
    };
    let answer = events.answer_webhook(AnswerWebhookRequest { event: Some(event) });
    let failure = Failure::of(answer.await).is(Code::InvalidArgument, ErrorReason::InvalidField);
    failure.about("event.event_type");
}
