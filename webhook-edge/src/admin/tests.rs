//! Who is answered on the admin port, and with what.

use service_kit::clock::SystemClock;
use service_kit::tasks::Tasks;
use std::time::Duration;
use tempfile::TempDir;

use super::*;
use crate::payload::ids::{EventId, MemberId, NetworkId, ObjectId};
use crate::payload::{Event, Format};
use crate::queue::{Options, Position, SEGMENT_BYTES};

const TOKEN: &str = "a-token-of-operators";

fn admin(queue: Option<Queue>) -> Admin {
    Admin {
        refusals: Remembered::default(),
        queue,
        token: None,
        listen: SocketAddr::from(([127, 0, 0, 1], 9465)),
    }
}

fn open(folder: &TempDir) -> Queue {
    let options = Options {
        dir: folder.path().join("queue"),
        max_bytes: 1 << 30,
        dedup: Duration::from_secs(7 * 24 * 3600),
        segment_bytes: SEGMENT_BYTES,
    };
    Queue::open(&options, Arc::new(SystemClock), &Tasks::new()).unwrap()
}

fn event(number: u32) -> Event {
    let now = jiff::Timestamp::UNIX_EPOCH;
    Event {
        id: EventId::new(format!("event-{number}")),
        envelope_type: "SUBSCRIPTION".to_owned(),
        event_type: "member.created".to_owned(),
        noun: "MEMBER".to_owned(),
        verb: "CREATED".to_owned(),
        network_id: NetworkId::new("network"),
        actor_id: MemberId::new("ada"),
        object_id: ObjectId::new("bob"),
        occurred_at: None,
        received_at: now,
        format: Format::BetterMode,
        path: "/webhooks/bettermode".into(),
        body: Bytes::from_static(b"{\"email\":\"ada@example.com\"}"),
        trace_parent: None,
    }
}

/// The status and the JSON of an answer.
async fn ask(admin: &Admin, request: http::request::Builder, body: &str) -> (u16, Value) {
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let body: Body = body.map_err(|never| match never {}).boxed();
    let request = request.body(body).unwrap();
    assert!(admin.owns(request.uri().path()));
    let answer = Arc::new(admin.clone()).answer(request).await;
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn get(path: &str) -> http::request::Builder {
    http::Request::get(format!("/admin/v1/{path}")).header("host", "127.0.0.1:9465")
}

fn redrive(body: &str) -> http::request::Builder {
    http::Request::post("/admin/v1/queue/redrive")
        .header("host", "localhost:9465")
        .header("content-type", "application/json")
        .header("content-length", body.len())
}

#[tokio::test]
async fn a_token_that_is_set_has_to_be_shown() {
    let mut admin = admin(None);
    admin.token = Some(TOKEN.into());
    let right = format!("Bearer {TOKEN}");
    for (shown, status) in [
        (None, 401),
        (Some("Bearer another"), 401),
        (Some(TOKEN), 401),
        (Some(right.as_str()), 200),
    ] {
        let mut request = get("refusals");
        if let Some(shown) = shown {
            request = request.header("authorization", shown);
        }
        let (answered, _) = ask(&admin, request, "").await;
        assert_eq!(answered, status, "{shown:?}");
    }
}

#[tokio::test]
async fn without_a_token_only_loopback_answers_and_only_by_an_address() {
    let mut admin = admin(None);
    for (host, status) in [
        ("127.0.0.1:9465", 200),
        ("localhost:9465", 200),
        ("[::1]:9465", 200),
        ("rebound.example.com:9465", 403),
    ] {
        let request = http::Request::get("/admin/v1/refusals").header("host", host);
        assert_eq!(ask(&admin, request, "").await.0, status, "{host}");
    }
    admin.listen = SocketAddr::from(([0, 0, 0, 0], 9465));
    let (status, answer) = ask(&admin, get("refusals"), "").await;
    assert_eq!(status, 403);
    let text = answer["error"].as_str().unwrap();
    assert!(text.contains("WEBHOOK_EDGE_ADMIN_TOKEN"), "{text}");
}

#[tokio::test]
async fn other_paths_and_methods_are_told_apart() {
    let admin = admin(None);
    assert_eq!(ask(&admin, get("nothing"), "").await.0, 404);
    assert_eq!(ask(&admin, get("queue/redrive"), "").await.0, 405);
    assert_eq!(ask(&admin, get("queue"), "").await.0, 404);
    assert_eq!(ask(&admin, get("refusals?limit=x"), "").await.0, 400);
}

#[tokio::test]
async fn the_queue_is_listed_without_bodies_and_dead_letters_go_back() {
    let folder = TempDir::new().unwrap();
    let queue = open(&folder);
    for number in 0..5 {
        queue.append(&event(number)).await.unwrap();
    }
    let waiting = queue.read(None, 10, usize::MAX).await.unwrap();
    let dead: Vec<Position> = waiting[..3].iter().map(|queued| queued.position).collect();
    for position in &dead {
        queue
            .bury(*position, "refused 3 times".to_owned())
            .await
            .unwrap();
    }
    let admin = admin(Some(queue));

    let (_, stats) = ask(&admin, get("queue"), "").await;
    assert_eq!(
        (&stats["waiting"], &stats["dead_letters"]),
        (&json!(2), &json!(3))
    );
    let (_, page) = ask(&admin, get("queue/waiting?limit=1"), "").await;
    assert_eq!(page["events"][0]["event_id"], "event-3");
    let rest = format!("queue/waiting?after={}", page["last"]);
    let (_, page) = ask(&admin, get(&rest), "").await;
    assert_eq!(page["events"].as_array().unwrap().len(), 1);
    let (_, letters) = ask(&admin, get("queue/dead-letters"), "").await;
    assert_eq!(letters["dead_letters"].as_array().unwrap().len(), 3);
    assert_eq!(letters["dead_letters"][0]["reason"], "refused 3 times");
    assert!(!letters.to_string().contains("ada@"), "{letters}");

    let one = format!(r#"{{"positions":[{},999]}}"#, dead[0].0);
    let (_, answer) = ask(&admin, redrive(&one), &one).await;
    assert_eq!(answer, json!({ "asked": 2, "redriven": 1 }));
    let all = r#"{"all":true}"#;
    let (_, answer) = ask(&admin, redrive(all), all).await;
    assert_eq!(answer, json!({ "asked": 2, "redriven": 2 }));
    let (_, stats) = ask(&admin, get("queue"), "").await;
    assert_eq!(
        (&stats["waiting"], &stats["dead_letters"]),
        (&json!(5), &json!(0))
    );
}

#[tokio::test]
async fn a_redrive_that_a_page_could_send_or_that_says_nothing_is_refused() {
    let folder = TempDir::new().unwrap();
    let admin = admin(Some(open(&folder)));
    let all = r#"{"all":true}"#;
    let plain = http::Request::post("/admin/v1/queue/redrive")
        .header("host", "127.0.0.1:9465")
        .header("content-type", "text/plain")
        .header("content-length", all.len());
    assert_eq!(ask(&admin, plain, all).await.0, 400);
    for body in [
        "{}",
        "",
        "[]",
        r#"{"all":true,"positions":[1]}"#,
        r#"{"everything":1}"#,
    ] {
        assert_eq!(ask(&admin, redrive(body), body).await.0, 400, "{body}");
    }
}
