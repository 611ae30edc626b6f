//! Webhooks whose sender waits for more than a receipt.

use serde_json::{Value, json};

use super::*;
use crate::answers::{Answer as Said, BUDGET};

/// Says the same to everybody, and remembers what it was asked.
struct Service {
    says: fn() -> Result<Said, Error>,
    asked: Mutex<Vec<Event>>,
}

#[async_trait]
impl Answers for Service {
    async fn ask(&self, event: Event) -> Result<Said, Error> {
        self.asked.lock().unwrap().push(event);
        (self.says)()
    }
}

fn door(says: fn() -> Result<Said, Error>) -> (Door, Arc<Service>) {
    let service = Arc::new(Service {
        says,
        asked: Mutex::default(),
    });
    let answers = Arc::clone(&service);
    let door = Door::with(FakeSink::default(), |edge| edge.answers = answers);
    (door, service)
}

async fn ask(door: &Door, envelope_type: &str, data: &Value) -> Value {
    let body = json!({
        "networkId": "n1",
        "type": envelope_type,
        "currentSettings": [{ "settings": { "colour": "red" } }],
        "data": data,
    });
    let answer = door.post(PATH, body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

const ALL: [&str; 8] = [
    "GET_SETTINGS",
    "UPDATE_SETTINGS",
    "INTERACTION",
    "SHORTCUTS_STATES",
    "FEDERATED_SEARCH",
    "LOAD_BLOCK",
    "CALLBACK_BLOCK",
    "Callback",
];

#[tokio::test]
async fn the_services_answer_is_passed_on_in_the_vendors_shape() {
    let (door, service) = door(|| Ok(Said::Succeeded(json!({ "shown": true }))));
    for envelope_type in ALL {
        assert_eq!(
            ask(&door, envelope_type, &json!({})).await,
            json!({ "type": envelope_type, "status": "SUCCEEDED", "data": { "shown": true } })
        );
    }
    let asked: Vec<_> = service.asked.lock().unwrap().drain(..).collect();
    assert_eq!(asked.len(), ALL.len());
    assert!(door.counted(r#"{question="LOAD_BLOCK",source="service"} 1"#));
    assert!(door.counted(r#"{question="CALLBACK_BLOCK",source="service"} 2"#));
}

#[tokio::test]
async fn a_failure_of_the_service_is_told_with_its_number_and_its_reason() {
    let (door, _) = door(|| {
        Ok(Said::Failed {
            code: 110,
            message: "no such block".to_owned(),
        })
    });
    assert_eq!(
        ask(&door, "LOAD_BLOCK", &json!({})).await,
        json!({
            "type": "LOAD_BLOCK",
            "status": "FAILED",
            "errorCode": 110,
            "errorMessage": "no such block",
        })
    );
}

#[tokio::test]
async fn a_service_that_is_away_gets_a_safe_answer_given_in_its_name() {
    let (door, _) = door(|| Err(Error::Unreachable("connection refused".to_owned())));
    let data = json!({
        "settings": { "colour": "blue" },
        "entities": [{ "context": "POST", "entity": { "id": "p1" } }],
    });
    let expected = [
        json!({ "colour": "red" }),
        json!({ "toStore": { "colour": "blue" } }),
        json!({ "interactions": [] }),
        json!([{ "context": "POST", "entityId": "p1", "shortcutStates": [] }]),
        json!([]),
        json!({}),
        json!({}),
        json!({}),
    ];
    for (envelope_type, expected) in ALL.into_iter().zip(expected) {
        assert_eq!(
            ask(&door, envelope_type, &data).await,
            json!({ "type": envelope_type, "status": "SUCCEEDED", "data": expected })
        );
    }
    assert!(door.counted(r#"{question="INTERACTION",source="canned"} 1"#));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_is_waited_for_as_long_as_the_budget_and_no_longer() {
    // The door's own service never answers.
    let door = Door::new();
    let asked = tokio::time::Instant::now();
    let answer = ask(&door, "FEDERATED_SEARCH", &json!({ "query": "x" })).await;
    assert_eq!(answer["data"], json!([]));
    assert_eq!(asked.elapsed(), BUDGET);
}

#[tokio::test]
async fn what_somebody_did_is_kept_and_what_only_looks_is_not() {
    let (door, _) = door(|| Ok(Said::Succeeded(json!({}))));
    for envelope_type in ALL {
        ask(
            &door,
            envelope_type,
            &json!({ "interactionId": envelope_type }),
        )
        .await;
    }
    let kept: Vec<_> = door
        .kept()
        .into_iter()
        .map(|event| event.event_type)
        .collect();
    assert_eq!(
        kept,
        [
            "UPDATE_SETTINGS",
            "INTERACTION",
            "CALLBACK_BLOCK",
            "Callback"
        ]
    );
    assert!(door.counted(r#"{outcome="accepted",reason=""} 4"#));
    assert!(door.counted(r#"{outcome="answered",reason=""} 4"#));
}

#[tokio::test]
async fn what_somebody_did_and_cannot_be_kept_is_503_and_the_service_is_not_asked() {
    let service = Arc::new(Service {
        says: || Ok(Said::Succeeded(json!({}))),
        asked: Mutex::default(),
    });
    let answers = Arc::clone(&service);
    let sink = FakeSink {
        is_down: true,
        ..FakeSink::default()
    };
    let door = Door::with(sink, |edge| edge.answers = answers);
    let answer = door.post(PATH, r#"{"type":"INTERACTION"}"#).await;
    assert_eq!(answer.status, 503);
    assert!(service.asked.lock().unwrap().is_empty());
    // Looking needs no keeping.
    assert_eq!(
        door.post(PATH, r#"{"type":"GET_SETTINGS"}"#).await.status,
        200
    );
}

#[tokio::test]
async fn a_flat_body_asks_nothing_whatever_its_type_is_called() {
    let (door, service) = door(|| Ok(Said::Succeeded(json!({ "shown": true }))));
    let answer = door
        .post(PATH, r#"{"event_type":"INTERACTION","data":{}}"#)
        .await;
    assert_eq!(answer.status, 200);
    assert!(service.asked.lock().unwrap().is_empty());
    assert_eq!(door.kept().len(), 1);
}
