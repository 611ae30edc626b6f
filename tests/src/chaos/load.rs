//! The senders: each has entities of its own and sends an entity's next webhook only
//! once the one before was acknowledged, so that their order is known.
//!
//! They behave as BetterMode may: what is not answered 200 is sent again, and now and
//! then what was. Some send what nobody signed; some are on bad lines.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::ledger::Ledger;
use super::options::{Fault, Options};
use super::system::System;
use super::webhook::Webhook;
use crate::sandbox::WEBHOOK_SECRET;
use crate::signing;

const SENDERS: u32 = 12;
const ENTITIES_OF_EACH: u32 = 12;
/// Beyond the entities of the others: each webhook of a bad line has its own.
const FIRST_ON_BAD_LINES: u32 = 1_000_000;
/// Longer than any freeze; a sender gives up on an answer after it.
const TIMEOUT: Duration = Duration::from_secs(4);
const POLL: Duration = Duration::from_millis(5);

/// The senders at work.
pub(super) struct Load {
    senders: JoinSet<()>,
    shared: Arc<Shared>,
}

/// How far the load is; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ledger: Mutex<Ledger>,
    acknowledged: AtomicU64,
    stopping: AtomicBool,
}

struct Sender {
    http: reqwest::Client,
    url: String,
    rng: StdRng,
    /// Each with its next sequence number.
    entities: Vec<(u32, u32)>,
    shared: Arc<Shared>,
}

impl Load {
    /// Begins at once.
    pub(super) fn start(options: &Options, system: &System) -> Self {
        let shared = Arc::new(Shared {
            ledger: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        });
        let pause = Duration::from_secs_f64(f64::from(SENDERS) / f64::from(options.rate.max(1)));
        let mut senders = JoinSet::new();
        let sender = |number: u32, address, http| Sender {
            http,
            url: format!("http://{address}/webhooks/bettermode"),
            rng: StdRng::seed_from_u64(options.seed ^ (u64::from(number) << 32)),
            entities: (0..ENTITIES_OF_EACH)
                .map(|entity| (number * ENTITIES_OF_EACH + entity, 0))
                .collect(),
            shared: Arc::clone(&shared),
        };
        for number in 0..SENDERS {
            let sender = sender(number, system.doors.edge, client(1));
            senders.spawn(sender.run(pause));
        }
        if options.has(Fault::Noise) {
            let sender = sender(SENDERS, system.public.address(), client(0));
            senders.spawn(sender.run_on_a_bad_line(pause));
        }
        Self { senders, shared }
    }

    pub(super) fn progress(&self) -> Progress {
        Progress(Arc::clone(&self.shared))
    }

    /// Lets every sender get its last answer. Says how many got none in time.
    pub(super) async fn stop(mut self, limit: Duration) -> (Ledger, usize) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let all = async {
            while let Some(ended) = self.senders.join_next().await {
                ended.expect("a sender does not panic");
            }
        };
        let _late = timeout(limit, all).await;
        let unanswered = self.senders.len();
        self.senders.shutdown().await;
        (std::mem::take(&mut *self.shared.ledger()), unanswered)
    }
}

impl Progress {
    /// How many webhooks are acknowledged, each counted once.
    pub(super) fn count(&self) -> u64 {
        self.0.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until so many are.
    pub(super) async fn acknowledged(&self, count: u64) {
        while self.count() < count {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Ends when none was acknowledged for so long.
    pub(super) async fn stalled(&self, limit: Duration) {
        let (mut count, mut since) = (self.count(), Instant::now());
        while since.elapsed() < limit {
            tokio::time::sleep(POLL).await;
            if self.count() != count {
                (count, since) = (self.count(), Instant::now());
            }
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = self.0.ledger().requests;
        write!(f, "{} acknowledged, {requests} requests", self.count())
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self, id: &str, status: u16) {
        if self.ledger().answered(id, status) {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl Sender {
    async fn run(mut self, pause: Duration) {
        let mut pace = tokio::time::interval(pause);
        // What was held up is sent as fast as it goes.
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !self.shared.is_stopping() {
            pace.tick().await;
            if self.rng.random_ratio(1, 40) {
                self.forge().await;
            }
            let webhook = self.next();
            self.send_until_acknowledged(&webhook).await;
            if self.rng.random_ratio(1, 30) {
                self.post(&webhook).await;
            }
        }
    }

    /// Sends what may arrive changed or not at all. The order is nobody's to know.
    async fn run_on_a_bad_line(mut self, pause: Duration) {
        let mut pace = tokio::time::interval(pause);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for entity in FIRST_ON_BAD_LINES.. {
            if self.shared.is_stopping() {
                return;
            }
            pace.tick().await;
            let webhook = Webhook::new(entity, 0, &mut self.rng);
            self.shared.ledger().offer(&webhook);
            for _ in 0..3 {
                if self.post(&webhook).await == 200 {
                    break;
                }
            }
        }
    }

    fn next(&mut self) -> Webhook {
        let which = self.rng.random_range(0..self.entities.len());
        let (entity, sequence) = self.entities[which];
        self.entities[which].1 += 1;
        let webhook = Webhook::new(entity, sequence, &mut self.rng);
        self.shared.ledger().offer(&webhook);
        webhook
    }

    async fn send_until_acknowledged(&mut self, webhook: &Webhook) {
        if self.rng.random_ratio(1, 50) {
            let (one, other) = tokio::join!(self.post(webhook), self.post(webhook));
            if one == 200 || other == 200 {
                return;
            }
        }
        while self.post(webhook).await != 200 {
            let pause = Duration::from_millis(self.rng.random_range(10..80));
            tokio::time::sleep(pause).await;
        }
    }

    /// Signs it now and sends it once. The answer's status; 0 when there was none.
    async fn post(&self, webhook: &Webhook) -> u16 {
        let timestamp = signing::timestamp_now();
        let signature = signing::sign(WEBHOOK_SECRET, &timestamp, &webhook.body);
        let request = self
            .request(webhook, &timestamp)
            .header(signing::SIGNATURE_HEADER, signature);
        self.answer(webhook, request).await
    }

    /// Sends something that must never be taken.
    async fn forge(&mut self) {
        let webhook = Webhook::new(0, u32::MAX, &mut self.rng);
        self.shared.ledger().forged.insert(webhook.id.clone());
        let now = signing::timestamp_now();
        let (timestamp, signature) = match self.rng.random_range(0..4) {
            0 => (now.clone(), None),
            1 => {
                let signature = signing::sign("another-secret", &now, &webhook.body);
                (now, Some(signature))
            }
            2 => {
                let signature = signing::sign(WEBHOOK_SECRET, &now, b"{\"another\":\"body\"}");
                (now, Some(signature))
            }
            _ => {
                let hour_ago = now.parse::<u64>().unwrap_or_default() - 3_600_000;
                let timestamp = hour_ago.to_string();
                let signature = signing::sign(WEBHOOK_SECRET, &timestamp, &webhook.body);
                (timestamp, Some(signature))
            }
        };
        let mut request = self.request(&webhook, &timestamp);
        if let Some(signature) = signature {
            request = request.header(signing::SIGNATURE_HEADER, signature);
        }
        self.answer(&webhook, request).await;
    }

    fn request(&self, webhook: &Webhook, timestamp: &str) -> reqwest::RequestBuilder {
        self.http
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header(signing::TIMESTAMP_HEADER, timestamp)
            .body(webhook.body.clone())
    }

    async fn answer(&self, webhook: &Webhook, request: reqwest::RequestBuilder) -> u16 {
        let status = match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                // The connection is used again only once the answer is read.
                let _broken_off = answer.bytes().await;
                status
            }
            Err(_) => 0,
        };
        self.shared.answered(&webhook.id, status);
        status
    }
}

/// A client of one sender, which keeps this many connections for the next request.
fn client(kept: usize) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(TIMEOUT)
        .pool_max_idle_per_host(kept)
        .build()
        .expect("the client's settings are valid")
}
