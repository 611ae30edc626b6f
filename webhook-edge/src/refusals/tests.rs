//! What is remembered and counted of refusals, and that a flood is not looked into.

use bytes::Bytes;
use http::HeaderMap;
use prometheus_client::registry::Registry;
use service_kit::tasks::Tasks;

use super::*;
use crate::signature::Error;

const SECRET: &str = "a-signing-secret";
const RETIRED: &str = "a-retired-secret";
const NOW_MS: i64 = 1_700_000_000_000;

fn refused(secret: &str) -> Refused {
    let body = b"{\"of\":\"ada@example.com\"}";
    let mut headers = HeaderMap::new();
    let time = NOW_MS.to_string();
    let signature = signature_doctor::sign(secret, &time, body);
    for (name, value) in [
        ("x-bettermode-signature", signature.as_str()),
        ("x-bettermode-request-timestamp", &time),
        ("x-request-id", "an-id"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    Refused {
        error: Error::Mismatch,
        path: "/webhooks/bettermode",
        headers,
        body: Bytes::from_static(body),
    }
}

fn practice() -> (Refusals, Doctor, Registry) {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let secrets = Secrets::parse(&SECRET.into(), Some(&RETIRED.into())).unwrap();
    let window = Window::new(Duration::from_secs(900));
    let (refusals, doctor) = Refusals::new(secrets, window, metrics);
    (refusals, doctor, registry)
}

fn look_into(refusals: &Refusals, secret: &str) {
    let now = Timestamp::from_millisecond(NOW_MS).unwrap();
    refusals.look_into(refused(secret), now);
}

/// The counter of a cause; 0 where it does not exist yet.
fn count(registry: &Registry, cause: &str) -> u64 {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
    let start = format!("webhook_edge_refused_signatures_total{{cause=\"{cause}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    line.map_or(0, |number| number.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_remembered_with_its_cause_and_nothing_of_its_body() {
    let (refusals, doctor, registry) = practice();
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    look_into(&refusals, RETIRED);
    let examined = tasks.spawn("doctor", doctor.run(shutdown));
    let remembered = refusals.remembered();
    drop(refusals);
    examined.await.unwrap();
    let [record] = &remembered.latest(10)[..] else {
        panic!("{:?}", remembered.latest(10));
    };
    assert_eq!(record.cause, "retired_secret");
    assert_eq!(record.request_id, "an-id");
    assert_eq!(record.timestamp.as_deref(), Some("1700000000000"));
    assert_eq!(record.signature_bytes, Some(64));
    let json = serde_json::to_string(record).unwrap();
    assert!(!json.contains("ada@") && !json.contains(RETIRED), "{json}");
    assert_eq!(count(&registry, "retired_secret"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_refusals_is_counted_and_mostly_not_looked_into() {
    let (refusals, doctor, registry) = practice();
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    for _ in 0..1000 {
        look_into(&refusals, "somebody-elses");
    }
    let flood = 1000 - WAITING as u64;
    assert_eq!(count(&registry, NOT_EXAMINED), flood);
    let started = Instant::now();
    let examined = tasks.spawn("doctor", doctor.run(shutdown));
    let remembered = refusals.remembered();
    drop(refusals);
    examined.await.unwrap();
    assert_eq!(remembered.latest(1000).len(), WAITING);
    assert_eq!(count(&registry, "wrong_secret"), WAITING as u64);
    // Each took its time, however fast it was looked into.
    assert!(started.elapsed() >= PAUSE * u32::try_from(WAITING).unwrap());
}

#[tokio::test(start_paused = true)]
async fn only_the_latest_refusals_are_remembered() {
    let (refusals, doctor, _registry) = practice();
    for _ in 0..=REMEMBERED {
        let now = Timestamp::from_millisecond(NOW_MS).unwrap();
        let case = Case {
            refused: refused("somebody-elses"),
            received_at: now,
            span: Span::none(),
        };
        doctor.examine(case).await;
    }
    assert_eq!(refusals.remembered().latest(1000).len(), REMEMBERED);
    assert_eq!(refusals.remembered().latest(3).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_edge_that_stops_logs_what_still_waits_without_looking() {
    let (refusals, doctor, registry) = practice();
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    look_into(&refusals, RETIRED);
    shutdown.drain();
    let stopped = tasks.spawn("doctor", doctor.run(shutdown));
    stopped.await.unwrap();
    let examined = count(&registry, "retired_secret");
    assert_eq!(examined + count(&registry, NOT_EXAMINED), 1);
}
