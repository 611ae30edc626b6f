//! How each dependency is, checked in the background and told to everybody:
//! `grpc.health.v1`, `GetStatus`, `/readyz`.
//!
//! A check never spends an upstream request: BetterMode's state is what the last
//! real call said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bettermode::BreakerState;
use community_proto::v1::community_service_server::CommunityServiceServer;
use community_proto::v1::webhook_event_service_server::WebhookEventServiceServer;
use jiff::Timestamp;
use service_kit::admin::Readiness;
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::cache::Cache;
use crate::events::SharedEventStore;
use crate::grpc::{Community, WebhookEvents};
use crate::rate_limit::{Limiter, Snapshot};
use crate::upstream::{Condition, Upstream};

/// How often stores are checked.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// The state of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not checked yet.
    Unknown,
    /// Answers.
    Up,
    /// Does not answer; what is wrong and what to do.
    Down(String),
    /// Runs in this process.
    Embedded,
    /// Switched off by a setting.
    Disabled,
}

/// One part that the service leans on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// bettermode, cache or `event_store`.
    pub name: &'static str,
    /// What stands behind the name.
    pub kind: &'static str,
    /// How it is.
    pub state: State,
    /// When that was found.
    pub checked_at: Option<Timestamp>,
}

/// Knows how the parts are; cheap to clone.
#[derive(Debug, Clone)]
pub struct Health {
    upstream: Upstream,
    upstream_kind: &'static str,
    enabled: bool,
    cache: Cache,
    events: SharedEventStore,
    limiter: Arc<Limiter>,
    clock: SharedClock,
    stores: Arc<Mutex<Stores>>,
}

#[derive(Debug)]
struct Stores {
    cache: State,
    events: State,
    checked_at: Option<Timestamp>,
}

/// What [`Health`] looks after.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) upstream: Upstream,
    pub(crate) enabled: bool,
    pub(crate) testing: bool,
    pub(crate) cache: Cache,
    pub(crate) events: SharedEventStore,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) clock: SharedClock,
}

impl Health {
    pub(crate) fn new(watched: Watched) -> Self {
        Self {
            upstream: watched.upstream,
            upstream_kind: if watched.testing {
                "simulation"
            } else {
                "bettermode"
            },
            enabled: watched.enabled,
            cache: watched.cache,
            events: watched.events,
            limiter: watched.limiter,
            clock: watched.clock,
            stores: Arc::new(Mutex::new(Stores {
                cache: State::Unknown,
                events: State::Unknown,
                checked_at: None,
            })),
        }
    }

    /// Checks the stores until the service drains, and tells grpc.health.v1.
    pub(crate) async fn watch(self, reporter: HealthReporter, shutdown: Shutdown) {
        let rounds = async {
            loop {
                self.check_stores().await;
                self.report(&reporter, false).await;
                tokio::time::sleep(INTERVAL).await;
            }
        };
        // A check that a store keeps waiting is left off, so that all hear it at once.
        tokio::select! {
            () = rounds => {}
            () = shutdown.draining().cancelled() => {}
        }
        // Before the server stops taking calls, so that balancers look elsewhere.
        self.report(&reporter, true).await;
    }

    /// Ends the streams of those who watch: they have heard that the service stops, and
    /// would keep it from stopping.
    pub(crate) async fn dismiss_watchers(reporter: &mut HealthReporter) {
        for service in [
            "",
            service_name::<CommunityServiceServer<Community>>(),
            service_name::<WebhookEventServiceServer<WebhookEvents>>(),
        ] {
            reporter.clear_service_status(service).await;
        }
    }

    /// Checks both stores once.
    pub(crate) async fn check_stores(&self) {
        let (cache, events) = tokio::join!(
            tokio::time::timeout(PATIENCE, self.cache.ping()),
            tokio::time::timeout(PATIENCE, self.events.ping()),
        );
        log_cause("cache", &cache);
        log_cause("event_store", &events);
        let cache = match cache {
            _ if self.cache.kind() == "memory" => State::Embedded,
            Ok(Ok(())) => State::Up,
            _ => State::Down("the cache does not answer; check REDIS_URL and the server".into()),
        };
        let events = match events {
            Ok(Ok(())) if self.events.is_embedded() => State::Embedded,
            Ok(Ok(())) => State::Up,
            _ if self.events.is_embedded() => {
                State::Down("the event file cannot be used; check DATA_DIR and its disk".into())
            }
            _ => State::Down("MongoDB does not answer; check MONGODB_URI and the server".into()),
        };
        let mut stores = self.lock();
        log_change("cache", &stores.cache, &cache);
        log_change("event_store", &stores.events, &events);
        *stores = Stores {
            cache,
            events,
            checked_at: Some(self.clock.now()),
        };
    }

    /// Every part, in the contract's order.
    #[must_use]
    pub fn parts(&self) -> [Part; 3] {
        let (bettermode, asked_at) = self.bettermode();
        let stores = self.lock();
        [
            Part {
                name: "bettermode",
                kind: self.upstream_kind,
                state: bettermode,
                checked_at: asked_at,
            },
            Part {
                name: "cache",
                kind: self.cache.kind(),
                state: stores.cache.clone(),
                checked_at: stores.checked_at,
            },
            Part {
                name: "event_store",
                kind: self.events.kind(),
                state: stores.events.clone(),
                checked_at: stores.checked_at,
            },
        ]
    }

    /// Whether BetterMode is played by the built-in fake.
    #[must_use]
    pub fn testing(&self) -> bool {
        self.upstream_kind == "simulation"
    }

    /// What is left of the upstream budget.
    pub(crate) async fn budget(&self) -> Option<Snapshot> {
        tokio::time::timeout(PATIENCE, self.limiter.snapshot())
            .await
            .ok()
    }

    /// Whether calls go out to BetterMode at present.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.upstream.breaker()
    }

    fn bettermode(&self) -> (State, Option<Timestamp>) {
        if !self.enabled {
            return (State::Disabled, None);
        }
        match self.upstream.condition() {
            Condition::Unknown => (State::Unknown, None),
            Condition::Up { at } => (State::Up, Some(at)),
            Condition::Down { at, message } => (State::Down(message), Some(at)),
        }
    }

    async fn report(&self, reporter: &HealthReporter, draining: bool) {
        let events_work = matches!(self.lock().events, State::Up | State::Embedded);
        let serving = |works: bool| {
            if works && self.enabled && !draining {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            }
        };
        // Cached reads work without BetterMode and Redis, so CommunityService serves.
        let community = serving(true);
        let events = serving(events_work);
        reporter
            .set_service_status(
                service_name::<CommunityServiceServer<Community>>(),
                community,
            )
            .await;
        reporter
            .set_service_status(
                service_name::<WebhookEventServiceServer<WebhookEvents>>(),
                events,
            )
            .await;
        reporter.set_service_status("", events).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Stores> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readiness for Health {
    fn obstacles(&self) -> Vec<String> {
        self.parts()
            .into_iter()
            .filter(|part| part.name == "event_store")
            .filter_map(|part| match part.state {
                State::Down(message) => Some(format!("event_store: {message}")),
                State::Unknown => Some("event_store: not checked yet".to_owned()),
                _ => None,
            })
            .collect()
    }
}

fn service_name<S: tonic::server::NamedService>() -> &'static str {
    S::NAME
}

/// The cause can hold addresses: it is for the log at debug level, not for callers.
fn log_cause<E: std::error::Error + 'static>(
    part: &'static str,
    result: &Result<Result<(), E>, tokio::time::error::Elapsed>,
) {
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::debug!(
                part,
                error = error as &dyn std::error::Error,
                "check failed"
            );
        }
        Err(_) => tracing::debug!(part, "check took too long"),
    }
}

fn log_change(part: &'static str, before: &State, now: &State) {
    if before == now {
        return;
    }
    if let State::Down(message) = now {
        tracing::warn!(part, message, "dependency is down");
    } else {
        tracing::info!(part, state = ?now, "dependency is available");
    }
}
