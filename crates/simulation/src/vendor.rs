//! BetterMode, played by the fake: what the service asks it, and what is changed there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bettermode::{Transport, TransportError};
use bytes::Bytes;
use fake_bettermode::{Fake, FakeConfig, Limits, Sender, WebhookConfig};
use http::{Request, Response};
use serde_json::{Value, json};
use service_kit::clock::Clock as _;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::clock::HostClock;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::network::Network;
use crate::power::Power;
use crate::{REQUESTS, SECRET, SERVICE, TOKEN, VENDOR};

/// The window of the vendor's limit.
const WINDOW: Duration = Duration::from_secs(10);

/// The vendor; clones are the same one.
#[derive(Clone)]
pub struct Vendor {
    fake: Fake,
    network: Network,
    journal: Journal,
    ledger: Ledger,
    chance: Chance,
    flaky: Arc<Mutex<u64>>,
    /// When each life of the service asked, of late.
    asked: Arc<Mutex<BTreeMap<u64, VecDeque<Instant>>>>,
}

impl Vendor {
    /// A vendor that brings its webhooks by `sender`.
    #[must_use]
    pub fn new(
        seed: u64,
        clock: Arc<HostClock>,
        network: Network,
        (journal, ledger): (Journal, Ledger),
        sender: Sender,
    ) -> Self {
        let mut webhook = WebhookConfig::new(edges(), SECRET);
        webhook.sender = Some(sender);
        let fake = Fake::new(FakeConfig {
            seed,
            static_token: Some(TOKEN.to_owned()),
            limits: Limits {
                burst_requests: u64::from(REQUESTS),
                daily_requests: 1_000_000,
                daily_complexity: 100_000_000,
                ..Limits::default()
            },
            webhook: Some(webhook),
            time: Arc::new(move || clock.now()),
            ..FakeConfig::default()
        });
        Self {
            fake,
            network,
            journal,
            ledger,
            chance: Chance::of(seed, "vendor"),
            flaky: Arc::default(),
            asked: Arc::default(),
        }
    }

    /// The fake.
    #[must_use]
    pub fn fake(&self) -> &Fake {
        &self.fake
    }

    /// Of a thousand requests so many are lost on their way there or back.
    pub fn flaky(&self, in_a_thousand: u64) {
        *self.flaky.lock().unwrap_or_else(PoisonError::into_inner) = in_a_thousand;
    }

    /// A control request; its answer, null when it was refused.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_fake/{path}"));
        let Ok(request) = request.body(Bytes::from(body.to_string())) else {
            return Value::Null;
        };
        let answer = self.fake.handle(request).await;
        if !answer.status().is_success() {
            return Value::Null;
        }
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    /// A fault that strikes so many times.
    pub async fn fault(&self, name: &str, count: u64, value: Option<u64>) {
        let setting = json!({ "count": count, "value": value });
        self.control("POST", &format!("faults/{name}"), &setting)
            .await;
    }

    /// The way to the vendor of one life of the service.
    #[must_use]
    pub fn transport(&self, power: Power, life: u64) -> Transport {
        let vendor = self.clone();
        Transport::from_service(tower::service_fn(move |request| {
            let (vendor, power) = (vendor.clone(), power.clone());
            async move { vendor.ask(request, &power, life).await }
        }))
    }

    async fn ask(
        &self,
        request: Request<Bytes>,
        power: &Power,
        life: u64,
    ) -> Result<Response<Bytes>, TransportError> {
        if !power.is_on() {
            return std::future::pending().await;
        }
        self.count_request(life);
        let lost = *self.flaky.lock().unwrap_or_else(PoisonError::into_inner);
        self.network.cross(SERVICE, VENDOR).await;
        if self.chance.happens(lost) {
            return Err(TransportError::NotSent("the network broke".to_owned()));
        }
        let answer = self.fake.handle(request).await;
        if answer.status().as_u16() >= 400 {
            self.journal.count("upstream errors", 1);
        }
        self.network.cross(VENDOR, SERVICE).await;
        if self.chance.happens(lost) {
            return Err(TransportError::NoAnswer("the network broke".to_owned()));
        }
        if !power.is_on() {
            return std::future::pending().await;
        }
        Ok(answer)
    }

    /// One life of the service keeps to the limit, whatever happens. (What an earlier life
    /// has used is in no memory where there is no Redis.)
    fn count_request(&self, life: u64) {
        self.journal.count("upstream requests", 1);
        let now = Instant::now();
        let in_the_window = {
            let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = all.entry(life).or_default();
            asked.push_back(now);
            while asked.front().is_some_and(|at| now - *at >= WINDOW) {
                asked.pop_front();
            }
            asked.len()
        };
        if in_the_window > REQUESTS as usize {
            let how = format!("{in_the_window} requests in 10 s, {REQUESTS} are allowed");
            self.ledger
                .broken("the upstream budget is never passed", how, &[]);
        }
    }
}

#[expect(clippy::expect_used, reason = "it is one")]
fn edges() -> url::Url {
    "http://edge/webhooks/bettermode".parse().expect("a URL")
}
