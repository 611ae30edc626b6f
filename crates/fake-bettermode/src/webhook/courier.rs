//! Takes webhooks from a bounded queue and delivers them.
//!
//! First tries leave one after the other, in the order of the changes; further tries
//! run beside them, so that a refused webhook holds up no other. Nothing is kept
//! across restarts, and order is not promised once something is redelivered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::log::{Log, State};
use super::wire::{self, Damage};
use super::{Outgoing, Sender, WebhookConfig};
use crate::faults::{Fault, Faults};
use fake_kit::time::TimeSource;

/// Webhooks that wait for their first try; more are dropped, and listed as such.
const QUEUE: usize = 4096;
/// How long a webhook that is to arrive late waits for the one it shall follow.
const LATE: Duration = Duration::from_secs(2);

type Numbered = (u64, Outgoing);

/// The sending end, and the log.
pub(crate) struct PostOffice {
    queue: mpsc::Sender<Numbered>,
    waiting: Mutex<Option<mpsc::Receiver<Numbered>>>,
    log: Arc<Mutex<Log>>,
    configured: bool,
}

impl PostOffice {
    pub(crate) fn new(configured: bool) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            queue,
            waiting: Mutex::new(Some(waiting)),
            log: Arc::default(),
            configured,
        }
    }

    pub(crate) fn send(&self, outgoing: Vec<Outgoing>) {
        let mut log = lock(&self.log);
        for webhook in outgoing {
            let state = if self.configured {
                State::Pending
            } else {
                State::NotSent
            };
            let number = log.open(webhook.clone(), state);
            if self.configured && self.queue.try_send((number, webhook)).is_err() {
                log.set(number, State::Dropped);
                tracing::warn!("webhook queue is full; one webhook was dropped");
            }
        }
    }

    pub(crate) fn log(&self) -> serde_json::Value {
        lock(&self.log).to_json()
    }

    pub(crate) fn forget(&self) {
        *lock(&self.log) = Log::default();
    }

    /// Delivers until `stop`; a second call finds the queue taken and ends at once.
    pub(crate) async fn run(
        &self,
        config: &WebhookConfig,
        faults: Arc<Mutex<Faults>>,
        time: TimeSource,
        stop: CancellationToken,
    ) {
        let taken = lock(&self.waiting).take();
        let Some(waiting) = taken else {
            return;
        };
        let sender = match config.sender.clone().map_or_else(wire::over_http, Ok) {
            Ok(sender) => sender,
            Err(error) => {
                tracing::error!(%error, "webhooks cannot be sent: no HTTP client");
                return;
            }
        };
        let courier = Courier {
            config: config.clone(),
            sender,
            faults,
            log: Arc::clone(&self.log),
            time,
            stop,
            tasks: TaskTracker::new(),
        };
        courier.deliver_all(waiting).await;
        courier.tasks.close();
        courier.tasks.wait().await;
    }
}

#[derive(Clone)]
struct Courier {
    config: WebhookConfig,
    sender: Sender,
    faults: Arc<Mutex<Faults>>,
    log: Arc<Mutex<Log>>,
    time: TimeSource,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Courier {
    async fn deliver_all(&self, mut waiting: mpsc::Receiver<Numbered>) {
        loop {
            let next = tokio::select! {
                () = self.stop.cancelled() => return,
                next = waiting.recv() => next,
            };
            let Some(webhook) = next else { return };
            if self.fault(Fault::WebhookReorder) {
                let follower = tokio::time::timeout(LATE, waiting.recv()).await;
                if let Ok(Some(follower)) = follower {
                    self.first_try(follower).await;
                }
            }
            self.first_try(webhook).await;
        }
    }

    async fn first_try(&self, webhook: Numbered) {
        let damage = Damage {
            signature: self.fault(Fault::WebhookCorruptSignature),
            body: self.fault(Fault::WebhookCorruptBody),
            stale: self.fault(Fault::WebhookStale),
        };
        let copies = if self.fault(Fault::WebhookDuplicate) {
            2
        } else {
            1
        };
        let mut delivered = false;
        for _ in 0..copies {
            delivered |= tokio::select! {
                () = self.stop.cancelled() => return,
                delivered = self.attempt(&webhook, damage) => delivered,
            };
        }
        if !delivered {
            let courier = self.clone();
            self.tasks.spawn(async move {
                tokio::select! {
                    () = courier.stop.cancelled() => {}
                    () = courier.further_tries(&webhook) => {}
                }
            });
        }
    }

    async fn further_tries(&self, webhook: &Numbered) {
        for delay in &self.config.retry_delays {
            tokio::time::sleep(*delay).await;
            // A damaged webhook arrives whole the second time, as after a bad network.
            if self.attempt(webhook, Damage::default()).await {
                return;
            }
        }
        lock(&self.log).set(webhook.0, State::GivenUp);
        tracing::warn!(
            event = webhook.1.name,
            "webhook given up after its last try"
        );
    }

    async fn attempt(&self, (number, outgoing): &Numbered, damage: Damage) -> bool {
        let now: Timestamp = (self.time)();
        let outcome = match wire::request(&self.config, outgoing, damage, now) {
            Ok(request) => {
                let answer = (self.sender)(request);
                match tokio::time::timeout(self.config.timeout, answer).await {
                    Ok(Ok(response)) => Ok(response),
                    Ok(Err(error)) => Err(error.to_string()),
                    Err(_) => Err("no answer in time".to_owned()),
                }
            }
            Err(error) => Err(error.to_string()),
        };
        let outcome = outcome.map(|response| {
            let text = String::from_utf8_lossy(response.body());
            let answer: String = text.chars().take(500).collect();
            (response.status().as_u16(), answer)
        });
        let delivered = matches!(outcome, Ok((200..=299, _)));
        let mut log = lock(&self.log);
        log.attempt(*number, now, &outcome);
        if delivered {
            log.set(*number, State::Delivered);
        }
        delivered
    }

    fn fault(&self, fault: Fault) -> bool {
        lock(&self.faults).take(fault, &[]).is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
