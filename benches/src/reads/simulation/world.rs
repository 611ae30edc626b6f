//! Who is read and changed, and the vendor that is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bettermode::{Client, Config, Credentials, GenerationChoice, Transport};
use bytes::Bytes;
use community_svc::cache::{Cache, LeaseCheck, Policy};
use community_svc::members::Members;
use community_svc::metrics::Metrics;
use community_svc::rate_limit::{Limiter, Settings};
use community_svc::upstream::Upstream;
use fake_bettermode::{Fake, FakeConfig, Limits};
use http::{Request, Response, StatusCode};
use prometheus_client::registry::Registry;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use service_kit::clock::{Clock as _, SharedClock};
use service_kit::tasks::Tasks;

use super::SimulatedClock;

const TOKEN: &str = "simulation";
/// How long the vendor takes.
const LATENCY: Duration = Duration::from_millis(150);

/// Members by popularity.
pub(super) struct World {
    ids: Vec<String>,
    /// The sum of the weights up to each place.
    sums: Vec<f64>,
    random: StdRng,
}

impl World {
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand places")]
    pub(super) fn new(ids: &[String], seed: u64) -> Self {
        let mut sum = 0.0;
        let weights = (1..=ids.len()).map(|place| 1.0 / place as f64);
        Self {
            ids: ids.to_vec(),
            sums: weights
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Somebody, the n-th most popular one n times as rarely as the first.
    pub(super) fn pick(&mut self) -> String {
        let all = self.sums.last().copied().unwrap_or(1.0);
        let drawn = self.random.random::<f64>() * all;
        let place = self.sums.partition_point(|sum| *sum < drawn);
        self.ids[place.min(self.ids.len() - 1)].clone()
    }
}

/// BetterMode with its limits, in simulated time.
#[derive(Clone)]
pub(super) struct Vendor {
    fake: Fake,
    clock: Arc<SimulatedClock>,
    requests: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    limits: (u32, u32),
}

impl Vendor {
    pub(super) fn new(members: usize, limits: (u32, u32)) -> Self {
        let clock = SimulatedClock::new();
        let time = Arc::clone(&clock);
        let fake = Fake::new(FakeConfig {
            extra_members: members,
            static_token: Some(TOKEN.to_owned()),
            limits: Limits {
                burst_requests: limits.0.into(),
                burst_complexity: limits.1.into(),
                daily_requests: 250_000,
                daily_complexity: 25_000_000,
                per_document: Some(1_000),
            },
            time: Arc::new(move || time.now()),
            ..FakeConfig::default()
        });
        Self {
            fake,
            clock,
            requests: Arc::default(),
            refused: Arc::default(),
            limits,
        }
    }

    /// Their ids.
    pub(super) async fn members(&self, count: usize) -> Vec<String> {
        let path = format!("/_fake/members?from=0&count={count}");
        let request = Request::get(path)
            .body(Bytes::new())
            .expect("the path is one");
        let answer = self.fake.handle(request).await;
        let answer: Value = serde_json::from_slice(answer.body()).expect("the fake answers JSON");
        let ids = answer["ids"].as_array().into_iter().flatten();
        ids.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// One request of a client; counted, and late as an answer from far away.
    pub(super) async fn ask(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = self.fake.handle(request).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(LATENCY).await;
        answer
    }

    /// A read of one member, as somebody writes it who has no client.
    pub(super) async fn ask_for(&self, id: &str) -> bool {
        let body = serde_json::json!({
            "query": "query($id: ID) { member(id: $id) { id username name email status } }",
            "variables": { "id": id },
        });
        let request = Request::post("/")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .expect("the request is one");
        self.ask(request).await.status() == StatusCode::OK
    }

    /// Requests that came, and of them those that were refused for their number.
    pub(super) fn counted(&self) -> (u64, u64) {
        let refused = self.refused.load(Ordering::Relaxed);
        (self.requests.load(Ordering::Relaxed), refused)
    }

    /// The service's reading of members, over this vendor.
    pub(super) fn service(&self, tasks: &Tasks) -> Members {
        let vendor = self.clone();
        let transport = Transport::from_fn(move |request| {
            let vendor = vendor.clone();
            async move { vendor.ask(request).await }
        });
        let mut settings = Config::new(Credentials::StaticToken(TOKEN.to_owned().into()));
        settings.generation = GenerationChoice::Newer;
        let limiter = Arc::new(Limiter::memory(Settings {
            requests: Some(self.limits.0),
            complexity: Some(self.limits.1),
        }));
        let clock: SharedClock = self.clock.clone();
        let time = Arc::clone(&clock);
        let client = Client::new(
            settings,
            transport,
            Arc::clone(&limiter) as Arc<dyn bettermode::Budget>,
            Arc::new(move || time.now()),
        );
        let metrics = Metrics::register(&mut Registry::default());
        let mut random = StdRng::seed_from_u64(7);
        let jitter = std::sync::Mutex::new(move || random.random_range(0.9..=1.1));
        let policy = Policy {
            lease_check: LeaseCheck::On,
            fresh_for: Duration::from_secs(300),
            serve_for: Duration::from_secs(3600),
            not_found_for: Duration::from_secs(30),
            jitter: Arc::new(move || jitter.lock().map_or(1.0, |mut draw| draw())),
        };
        let cache = Cache::new(
            None,
            256 * 1024 * 1024,
            policy,
            Arc::clone(&clock),
            tasks.clone(),
        );
        let upstream = Upstream::new(client, clock, metrics.clone());
        Members::new(upstream, limiter, cache, tasks, metrics)
    }
}
