//! How the whole chain is: the edge, the service behind it, and what that leans on.
//!
//! One question to the service serves everybody who asks within a second, so that
//! `/health`, which anybody may call, costs the service nothing. It tells states and
//! nothing else: no address, no cause.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use service_kit::admin::Readiness;
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use tokio::time::Instant;

use crate::forward::Error;
use crate::queue::Queue;

/// How long an answer is given again.
const FRESH: Duration = Duration::from_secs(1);
/// How often the service is asked when nobody calls `/health`, so that `/readyz`
/// and the log know.
const INTERVAL: Duration = Duration::from_secs(5);

/// Asks the service how it is.
#[async_trait]
pub trait Probe: Send + Sync {
    /// The service's own account of itself.
    ///
    /// # Errors
    /// [`Error`] when it gives none.
    async fn status(&self) -> Result<ServiceStatus, Error>;
}

/// The service's account of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// The service's version.
    pub version: String,
    /// What the service leans on.
    pub parts: Vec<Part>,
}

/// One part that the service leans on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `bettermode`, `cache` or `event_store`.
    pub name: String,
    /// What stands behind the name, for example `redis`.
    pub kind: String,
    /// How it is.
    pub state: State,
    /// What is wrong with it; empty when nothing is.
    pub message: String,
}

/// How one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Ok,
    /// It does not.
    Down,
    /// A setting switched it off.
    Disabled,
    /// Nobody has said yet.
    Unknown,
}

/// How everything taken together is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// Everything works.
    Ok,
    /// Webhooks are taken and kept; something else does not work.
    Degraded,
    /// Webhooks cannot be taken.
    Down,
    /// A setting switched webhooks off.
    Disabled,
}

/// The answer of `/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Everything taken together.
    pub status: Overall,
    /// The edge's version.
    pub version: &'static str,
    /// Part by part.
    pub services: Services,
}

/// The parts of a [`Report`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Services {
    /// BetterMode's API, as the service sees it.
    pub bettermode: Status,
    /// The edge's own queue; disabled where the service stores before the answer.
    pub queue: Status,
    /// The service itself, as the edge sees it.
    pub community_svc: Status,
    /// Where the service stores webhooks.
    pub event_store: Status,
    /// The service's cache.
    pub cache: Status,
}

/// A state, in an object so that more can be said of a part one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The state.
    pub status: State,
}

/// The queue, as far as health looks at it.
pub struct QueueWatch {
    /// The queue.
    pub queue: Queue,
    /// How long a webhook may wait in it before the edge is no longer ready.
    pub max_age: Duration,
    /// The time.
    pub clock: SharedClock,
}

/// Knows how the chain is.
pub struct Health {
    enabled: bool,
    probe: Arc<dyn Probe>,
    queue: Option<QueueWatch>,
    /// Held while the service is asked: one question at a time.
    asking: tokio::sync::Mutex<()>,
    last: Mutex<Option<(Instant, Report)>>,
}

impl Health {
    /// Health by what `probe` and the queue say. `enabled` is whether webhooks are
    /// taken at all; without a queue each webhook needs the service.
    #[must_use]
    pub fn new(enabled: bool, probe: Arc<dyn Probe>, queue: Option<QueueWatch>) -> Self {
        Self {
            enabled,
            probe,
            queue,
            asking: tokio::sync::Mutex::new(()),
            last: Mutex::new(None),
        }
    }

    /// How the chain is now, at most a second ago.
    pub async fn report(&self) -> Report {
        let _turn = self.asking.lock().await;
        if let Some((at, report)) = self.last()
            && at.elapsed() < FRESH
        {
            return report;
        }
        let answer = self.probe.status().await;
        let queue = self
            .queue
            .as_ref()
            .map_or(State::Disabled, QueueWatch::state);
        let report = report(self.enabled, queue, answer.as_ref().ok());
        self.log_change(&report, answer.as_ref().err());
        self.remember(report.clone());
        report
    }

    /// Keeps the answer fresh for those who cannot wait, until the edge drains.
    pub async fn watch(self: Arc<Self>, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.draining().cancelled() => return,
                _report = self.report() => {}
            }
            tokio::select! {
                () = shutdown.draining().cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    fn last(&self) -> Option<(Instant, Report)> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn remember(&self, report: Report) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), report));
    }

    fn log_change(&self, now: &Report, error: Option<&Error>) {
        let was = self.last().map(|(_, before)| before.services);
        if was == Some(now.services) {
            return;
        }
        let service_changed = was.map(|was| was.community_svc) != Some(now.services.community_svc);
        match error {
            Some(error) => {
                tracing::warn!(
                    cause = error.to_string(),
                    hint = error.hint(),
                    "community-svc is not usable"
                );
            }
            None if service_changed => tracing::info!("community-svc answers"),
            None => {}
        }
        if now.services.event_store.status == State::Down {
            let effect = match self.queue {
                Some(_) => "webhooks wait in the queue",
                None => "webhooks are answered 503",
            };
            tracing::warn!(effect, "the event store of community-svc is down");
        }
    }
}

impl Readiness for Health {
    fn obstacles(&self) -> Vec<String> {
        if !self.enabled {
            return Vec::new();
        }
        if let Some(queue) = &self.queue {
            return queue.obstacles();
        }
        let Some((_, report)) = self.last() else {
            return vec!["community-svc was not asked yet".to_owned()];
        };
        let services = report.services;
        if services.community_svc.status == State::Down {
            return vec!["community-svc is not usable".to_owned()];
        }
        if services.event_store.status == State::Down {
            return vec!["the event store of community-svc is down".to_owned()];
        }
        Vec::new()
    }
}

impl QueueWatch {
    fn state(&self) -> State {
        if self.queue.stats().poisoned {
            State::Down
        } else {
            State::Ok
        }
    }

    fn obstacles(&self) -> Vec<String> {
        let stats = self.queue.stats();
        let mut obstacles = Vec::new();
        if stats.poisoned {
            obstacles.push("the queue's disk failed: mend it, then restart the edge".to_owned());
        }
        let waited = stats
            .oldest
            .and_then(|oldest| Duration::try_from(self.clock.now().duration_since(oldest)).ok())
            .unwrap_or_default();
        if waited > self.max_age {
            obstacles.push(format!(
                "the oldest webhook has waited {} s in the queue, more than \
                 WEBHOOK_EDGE_READY_MAX_QUEUE_AGE_SECONDS={}",
                waited.as_secs(),
                self.max_age.as_secs()
            ));
        }
        obstacles
    }
}

fn report(enabled: bool, queue: State, answer: Option<&ServiceStatus>) -> Report {
    let part = |name: &str| {
        let found = answer.and_then(|answer| answer.parts.iter().find(|part| part.name == name));
        Status {
            status: found.map_or(State::Unknown, |part| part.state),
        }
    };
    let community_svc = if answer.is_some() {
        State::Ok
    } else {
        State::Down
    };
    let services = Services {
        bettermode: if enabled {
            part("bettermode")
        } else {
            Status {
                status: State::Disabled,
            }
        },
        queue: Status { status: queue },
        community_svc: Status {
            status: community_svc,
        },
        event_store: part("event_store"),
        cache: part("cache"),
    };
    Report {
        status: overall(enabled, services),
        version: env!("CARGO_PKG_VERSION"),
        services,
    }
}

fn overall(enabled: bool, services: Services) -> Overall {
    let down = |part: Status| part.status == State::Down;
    let behind = down(services.community_svc) || down(services.event_store);
    let has_queue = services.queue.status != State::Disabled;
    if !enabled {
        Overall::Disabled
    } else if down(services.queue) || (behind && !has_queue) {
        Overall::Down
    } else if behind || down(services.bettermode) || down(services.cache) {
        Overall::Degraded
    } else {
        Overall::Ok
    }
}

#[cfg(test)]
mod tests;
