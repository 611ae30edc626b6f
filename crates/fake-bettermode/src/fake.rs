//! The fake itself: one state, one door.
//!
//! Every request, from a socket or handed over in process, goes through
//! [`Fake::handle`]. It opens no socket and sends nothing on its own; deliveries need
//! [`Fake::serve`] or [`Fake::run_webhooks`].

mod exchange;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::config::FakeConfig;
use crate::control;
use crate::counters::Counters;
use crate::faults::Faults;
use crate::limits::{Limits, Windows};
use crate::schema;
use crate::tokens::Mint;
use crate::webhook::courier::PostOffice;
use crate::world::{World, ids, seed};
use fake_kit::answer;

/// A handle to one fake; clones share its state.
#[derive(Clone)]
pub struct Fake {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: FakeConfig,
    pub(crate) schema: Valid<Schema>,
    pub(crate) mint: Mint,
    pub(crate) state: Mutex<State>,
    pub(crate) faults: Arc<Mutex<Faults>>,
    pub(crate) office: PostOffice,
}

/// What a request reads and changes.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) windows: Windows,
    pub(crate) counters: Counters,
}

impl Fake {
    /// A fake with its seeded world.
    ///
    /// # Panics
    /// Never in a build whose tests pass: the schema that is compiled in is the only
    /// thing that could be wrong, and they read it in both generations.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "the schema is compiled in, and tests load it"
    )]
    pub fn new(config: FakeConfig) -> Self {
        let schema = schema::load(config.generation).expect("the compiled-in schema is valid");
        // Apart from the world's ids, so that knowing those does not give the key away.
        let mut rng = StdRng::seed_from_u64(config.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let lifetime = i64::try_from(config.token_lifetime.as_secs()).unwrap_or(i64::MAX / 2);
        let mint = Mint::new(ids::id(&mut rng, 40), config.static_token.clone(), lifetime);
        let state = State::new(&config, config.limits);
        let inner = Inner {
            office: PostOffice::new(config.webhook.is_some()),
            faults: Arc::default(),
            state: Mutex::new(state),
            schema,
            mint,
            config,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Answers one request: GraphQL by POST, or a control path below `/_fake/`.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        if path == "/_fake" || path.starts_with("/_fake/") {
            return control::answer(self, &request);
        }
        // `/` is the vendor's; the others are names of older endpoints and habits.
        let known = ["/", "/graphql", "/api/gateway", "/api/global/gateway"];
        if !known.contains(&path) {
            let body = json!({ "message": "Not found" });
            return answer::json(StatusCode::NOT_FOUND, &body);
        }
        if request.method() != Method::POST {
            let body = json!({ "message": "POST a GraphQL request" });
            return answer::json(StatusCode::METHOD_NOT_ALLOWED, &body);
        }
        exchange::graphql(self, &request).await
    }

    /// Delivers webhooks until `stop`; returns at once when none are configured, or when
    /// another call delivers already.
    pub async fn run_webhooks(&self, stop: CancellationToken) {
        let Some(config) = &self.inner.config.webhook else {
            return;
        };
        let faults = Arc::clone(&self.inner.faults);
        let time = Arc::clone(&self.inner.config.time);
        self.inner.office.run(config, faults, time, stop).await;
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.inner
            .faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands what the world announced to the courier.
    pub(crate) fn dispatch(&self, state: &mut State) {
        self.inner
            .office
            .send(std::mem::take(&mut state.world.outbox));
    }

    /// The beginning again: world, windows, counters, faults, deliveries.
    pub(crate) fn reset(&self) {
        *self.state() = State::new(&self.inner.config, self.inner.config.limits);
        self.faults().clear(None);
        self.inner.office.forget();
    }
}

impl State {
    fn new(config: &FakeConfig, limits: Limits) -> Self {
        Self {
            world: seed::world(config),
            windows: Windows::new(limits),
            counters: Counters::default(),
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
