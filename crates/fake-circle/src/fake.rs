//! The fake itself: one state, one door. It opens no socket on its own.

mod exchange;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};

use crate::config::FakeConfig;
use crate::control;
use crate::counters::Counters;
use crate::faults::{Fault, Faults, Setting};
use crate::limits::Used;
use crate::world::World;

/// A handle to one fake; clones share its state.
#[derive(Clone)]
pub struct Fake {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: FakeConfig,
    pub(crate) state: Mutex<State>,
}

/// What a request reads and changes.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) used: Used,
    pub(crate) counters: Counters,
    pub(crate) faults: Faults,
}

impl Fake {
    /// A fake with its seeded community.
    #[must_use]
    pub fn new(config: FakeConfig) -> Self {
        let state = Mutex::new(State::new(&config));
        Self {
            inner: Arc::new(Inner { config, state }),
        }
    }

    /// Answers one request: the API, or a control path below `/_fake/`.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        if request.uri().path().starts_with("/_fake/") {
            return control::answer(self, &request);
        }
        exchange::answer(self, &request).await
    }

    /// Turns a fault on.
    pub fn set_fault(&self, fault: Fault, setting: Setting) {
        self.state().faults.set(fault, setting);
    }

    /// Turns all faults off.
    pub fn clear_faults(&self) {
        self.state().faults.clear(None);
    }

    /// What was asked, as `GET /_fake/counters` shows it.
    #[must_use]
    pub fn counters(&self) -> serde_json::Value {
        let state = self.state();
        state.counters.to_json(state.used.in_month())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The beginning again.
    pub(crate) fn reset(&self) {
        *self.state() = State::new(&self.inner.config);
    }
}

impl State {
    fn new(config: &FakeConfig) -> Self {
        Self {
            world: World::new(config),
            used: Used::new(config.limits),
            counters: Counters::default(),
            faults: Faults::default(),
        }
    }
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
