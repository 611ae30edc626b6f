//! An upstream that ends in a fake BetterMode, for tests of what is above it.

use std::sync::Arc;

use bettermode::{Client, Config, Credentials, NetworkId, TimeSource, Transport, UnlimitedBudget};
use bytes::Bytes;
use fake_bettermode::{Fake, FakeConfig, Generation, Limits};
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use service_kit::clock::{Clock as _, ManualClock, SharedClock};

use super::Upstream;
use crate::metrics::Metrics;

/// A fake and what leads to it.
pub(crate) struct Stage {
    pub(crate) upstream: Upstream,
    fake: Fake,
    clock: Arc<ManualClock>,
    world: Value,
}

impl Stage {
    pub(crate) async fn newer() -> Self {
        Self::of(Generation::Newer).await
    }

    pub(crate) async fn published() -> Self {
        Self::of(Generation::Published).await
    }

    async fn of(generation: Generation) -> Self {
        let clock = Arc::new(ManualClock::new(
            Timestamp::from_second(1_800_000_000).unwrap(),
        ));
        let theirs = Arc::clone(&clock);
        let fake = Fake::new(FakeConfig {
            generation,
            time: Arc::new(move || theirs.now()),
            network_id: Some("NETWORK001".to_owned()),
            client_id: Some("the-app".to_owned()),
            client_secret: Some("the-secret".to_owned()),
            limits: Limits::unlimited(),
            ..FakeConfig::default()
        });
        let mut config = Config::new(Credentials::App {
            client_id: "the-app".to_owned(),
            client_secret: "the-secret".into(),
        });
        config.network_id = Some(NetworkId::new("NETWORK001"));
        config.max_retries = 0;
        let server = fake.clone();
        let transport = Transport::from_fn(move |request| {
            let server = server.clone();
            async move { server.handle(request).await }
        });
        let time = Arc::clone(&clock);
        let time: TimeSource = Arc::new(move || time.now());
        let client = Client::new(config, transport, Arc::new(UnlimitedBudget), time);
        let metrics = Metrics::register(&mut Registry::default());
        let mut stage = Self {
            upstream: Upstream::new(client, Arc::clone(&clock) as SharedClock, metrics),
            fake,
            clock,
            world: Value::Null,
        };
        stage.world = stage.control("GET", "world", &Value::Null).await;
        stage
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A second goes by.
    pub(crate) fn pass(&self) {
        self.clock.advance(std::time::Duration::from_secs(1));
    }

    /// The text at a place in the fake's world as it was in the beginning.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.world
            .pointer(pointer)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The id of the first thing of a kind with this value.
    pub(crate) fn id_of(&self, kind: &str, key: &str, value: &str) -> String {
        let mut rows = self.world[kind].as_array().unwrap().iter();
        let row = rows.find(|row| row[key] == value).unwrap();
        row["id"].as_str().unwrap().to_owned()
    }

    /// Lets this go wrong for the next request of a root field.
    pub(crate) async fn fault_once(&self, name: &str, operation: &str) {
        let setting = json!({ "count": 1, "operation": operation });
        self.control("POST", &format!("faults/{name}"), &setting)
            .await;
    }

    async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/_fake/{path}"))
            .body(Bytes::from(body))
            .unwrap();
        let answer = self.fake.handle(request).await;
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(answer.body()).unwrap()
    }
}
