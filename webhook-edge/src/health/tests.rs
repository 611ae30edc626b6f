//! What `/health` and `/readyz` make of the service's answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Gives a set answer and counts how often it is asked.
#[derive(Default)]
struct FakeService {
    parts: Mutex<Option<Vec<Part>>>,
    asked: AtomicUsize,
}

impl FakeService {
    fn answers(&self, parts: &[(&str, State)]) {
        *self.parts.lock().unwrap() = Some(
            parts
                .iter()
                .map(|(name, state)| Part {
                    name: (*name).to_owned(),
                    kind: "fake".to_owned(),
                    state: *state,
                    message: "at 10.0.0.7 with hunter2".to_owned(),
                })
                .collect(),
        );
    }

    fn is_gone(&self) {
        *self.parts.lock().unwrap() = None;
    }
}

#[async_trait]
impl Probe for FakeService {
    async fn status(&self) -> Result<ServiceStatus, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        let parts = self.parts.lock().unwrap().clone();
        parts
            .map(|parts| ServiceStatus {
                version: "9.9.9".to_owned(),
                parts,
            })
            .ok_or_else(|| Error::Unreachable("connection refused by 10.0.0.7".to_owned()))
    }
}

const ALL_WELL: [(&str, State); 3] = [
    ("bettermode", State::Ok),
    ("cache", State::Ok),
    ("event_store", State::Ok),
];

fn health(enabled: bool) -> (Arc<FakeService>, Health) {
    let service = Arc::new(FakeService::default());
    service.answers(&ALL_WELL);
    (service.clone(), Health::new(enabled, service, None))
}

async fn overall_with(part: &str, state: State) -> (Overall, bool) {
    let (service, health) = health(true);
    let parts = ALL_WELL.map(|(name, well)| (name, if name == part { state } else { well }));
    service.answers(&parts);
    let status = health.report().await.status;
    (status, health.obstacles().is_empty())
}

#[tokio::test(start_paused = true)]
async fn the_report_is_an_object_per_part_without_internals() {
    let (_service, health) = health(true);
    let json = serde_json::to_string(&health.report().await).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        json,
        format!(
            r#"{{"status":"ok","version":"{version}","services":{{"bettermode":{{"status":"ok"}},"queue":{{"status":"disabled"}},"community_svc":{{"status":"ok"}},"event_store":{{"status":"ok"}},"cache":{{"status":"ok"}}}}}}"#
        )
    );
}

#[tokio::test(start_paused = true)]
async fn only_what_stops_webhooks_makes_it_down_and_not_ready() {
    for (part, state, overall, ready) in [
        ("event_store", State::Down, Overall::Down, false),
        ("bettermode", State::Down, Overall::Degraded, true),
        ("cache", State::Down, Overall::Degraded, true),
        ("cache", State::Disabled, Overall::Ok, true),
        ("event_store", State::Unknown, Overall::Ok, true),
    ] {
        assert_eq!(
            overall_with(part, state).await,
            (overall, ready),
            "{part} {state:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_leaves_the_rest_unknown() {
    let (service, health) = health(true);
    service.is_gone();
    let report = health.report().await;
    assert_eq!(report.status, Overall::Down);
    assert_eq!(report.services.community_svc.status, State::Down);
    assert_eq!(report.services.event_store.status, State::Unknown);
    assert_eq!(health.obstacles(), ["community-svc is not usable"]);
}

#[tokio::test(start_paused = true)]
async fn it_is_not_ready_before_the_first_answer() {
    let (_service, health) = health(true);
    assert_eq!(health.obstacles(), ["community-svc was not asked yet"]);
    health.report().await;
    assert!(health.obstacles().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_switched_off_integration_is_disabled_and_ready_whatever_the_service_says() {
    let (service, health) = health(false);
    service.is_gone();
    let report = health.report().await;
    assert_eq!(report.status, Overall::Disabled);
    assert_eq!(report.services.bettermode.status, State::Disabled);
    assert!(health.obstacles().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_question_serves_all_who_ask_within_a_second() {
    let (service, health) = health(true);
    futures::future::join_all((0..50).map(|_| health.report())).await;
    assert_eq!(service.asked.load(Ordering::Relaxed), 1);
    tokio::time::advance(Duration::from_millis(999)).await;
    health.report().await;
    assert_eq!(service.asked.load(Ordering::Relaxed), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    service.is_gone();
    assert_eq!(health.report().await.status, Overall::Down);
    assert_eq!(service.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn watching_notices_an_outage_and_its_end_and_stops_with_the_edge() {
    let (service, health) = health(true);
    let health = Arc::new(health);
    let (tasks, shutdown) = (service_kit::tasks::Tasks::new(), Shutdown::new());
    tasks.spawn("watch", Arc::clone(&health).watch(shutdown.clone()));
    let turn = || tokio::time::sleep(INTERVAL + Duration::from_millis(1));
    turn().await;
    assert!(health.obstacles().is_empty());
    service.is_gone();
    turn().await;
    assert!(!health.obstacles().is_empty());
    service.answers(&ALL_WELL);
    turn().await;
    assert!(health.obstacles().is_empty());
    shutdown.drain();
    assert!(tasks.finished(Duration::from_secs(1)).await);
}
