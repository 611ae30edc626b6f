//! The fake itself: one state, one door.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::counters::Counters;
use crate::faults::{Fault, Faults, Setting};
use crate::limits::Window;
use crate::refusal::Refusal;
use crate::world::World;
use crate::{answer, control, pages, query, schema, seed};
use fake_kit::time::{TimeSource, system_time};

/// The one version that is spoken.
const VERSION: &str = "2025-09-03";
/// The largest request, in bytes (developers.notion.com, request limits).
const LARGEST: usize = 500 * 1024;

/// How a fake is set up.
#[derive(Clone)]
pub struct FakeConfig {
    /// The bearer token that is demanded.
    pub token: String,
    /// Requests in a minute; `None` for any number.
    pub requests_per_minute: Option<u64>,
    /// Begins with two databases, as a community would have them.
    pub seeded: bool,
    /// The time.
    pub time: TimeSource,
}

impl Default for FakeConfig {
    /// Token `ntn_fake`, no limit, nothing in it, the system's time.
    fn default() -> Self {
        Self {
            token: "ntn_fake".to_owned(),
            requests_per_minute: None,
            seeded: false,
            time: system_time(),
        }
    }
}

/// A handle to one fake; clones share its state.
#[derive(Clone)]
pub struct Fake {
    config: Arc<FakeConfig>,
    state: Arc<Mutex<State>>,
}

/// What requests read and change.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) window: Window,
    pub(crate) counters: Counters,
    pub(crate) faults: Faults,
}

impl Fake {
    /// A fake; nothing listens yet.
    #[must_use]
    pub fn new(config: FakeConfig) -> Self {
        let mut world = World::default();
        if config.seeded {
            seed::community(&mut world);
        }
        let state = State {
            world,
            window: Window::new(config.requests_per_minute),
            counters: Counters::default(),
            faults: Faults::default(),
        };
        Self {
            config: Arc::new(config),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Lets this go wrong.
    pub fn fault(&self, fault: Fault, setting: Setting) {
        self.state().faults.set(fault, setting);
    }

    /// Answers one request, as the program does over HTTP.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        if request.uri().path().starts_with("/_fake") {
            return control::answer(self, &request);
        }
        let operation = operation(&request);
        let (answer, late) = match self.before(&request, operation) {
            Ok(None) => self.carry_out(&request, operation),
            Ok(Some(answer)) => (answer, None),
            Err(refusal) => (self.refused(&refusal), None),
        };
        if let Some(late) = late {
            tokio::time::sleep(Duration::from_millis(late)).await;
        }
        answer
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.config.time)()
    }

    fn refused(&self, refusal: &Refusal) -> Response<Bytes> {
        self.state().counters.refused(refusal.code);
        refusal.response()
    }

    /// What is looked at before anything is done: an answer ends it.
    fn before(
        &self,
        request: &Request<Bytes>,
        operation: &'static str,
    ) -> Result<Option<Response<Bytes>>, Refusal> {
        let mut state = self.state();
        state.counters.request(operation);
        let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
        let wanted = format!("Bearer {}", self.config.token);
        let faults = &mut state.faults;
        if header(AUTHORIZATION.as_str()) != Some(wanted.as_str())
            || faults.take(Fault::Status401, operation, 0).is_some()
        {
            return Err(Refusal::unauthorized());
        }
        match header("notion-version") {
            Some(VERSION) => {}
            None => {
                let message = "Notion-Version header is required";
                return Err(Refusal::new(400, "missing_version", message));
            }
            Some(other) => {
                let message = format!("this fake speaks {VERSION} only, not {other}");
                return Err(Refusal::validation(message));
            }
        }
        if let Some(seconds) = faults.take(Fault::Status429, operation, 1) {
            return Err(Refusal::rate_limited(seconds));
        }
        if let Some(seconds) = faults.take(Fault::Status529, operation, 1) {
            return Err(Refusal::overloaded(seconds));
        }
        if faults.take(Fault::Status409, operation, 0).is_some() {
            return Err(Refusal::conflict());
        }
        if faults.take(Fault::BlockLimit, operation, 0).is_some() {
            return Err(Refusal::block_limit());
        }
        if let Some(status) = faults.take(Fault::Status5xx, operation, 503) {
            return Err(Refusal::server(u16::try_from(status).unwrap_or(503)));
        }
        if faults.take(Fault::HtmlBody, operation, 0).is_some() {
            return Ok(Some(fake_kit::answer::html(StatusCode::OK)));
        }
        if faults.take(Fault::Redirect, operation, 0).is_some() {
            return Ok(Some(answer::redirect()));
        }
        if let Some(bytes) = faults.take(Fault::HugeBody, operation, 64 << 20) {
            return Ok(Some(answer::huge(
                usize::try_from(bytes).unwrap_or(64 << 20),
            )));
        }
        if request.body().len() > LARGEST {
            let message = format!("the body is larger than {LARGEST} bytes");
            return Err(Refusal::validation(message));
        }
        let now = self.now();
        state.window.take(now).map_err(Refusal::rate_limited)?;
        Ok(None)
    }

    /// Does it, and lets go wrong what goes wrong after it. The number is milliseconds that
    /// the answer waits.
    fn carry_out(
        &self,
        request: &Request<Bytes>,
        operation: &'static str,
    ) -> (Response<Bytes>, Option<u64>) {
        let result = self.route(request);
        let mut state = self.state();
        let faults = &mut state.faults;
        let late = faults
            .take(Fault::LatencyMs, operation, 1_000)
            .or_else(|| faults.take(Fault::LateAnswerMs, operation, 1_000));
        let result = match result {
            Ok(_) if faults.take(Fault::Status409After, operation, 0).is_some() => {
                Err(Refusal::conflict())
            }
            Ok(body) => match faults.take(Fault::Status5xxAfter, operation, 502) {
                Some(status) => Err(Refusal::server(u16::try_from(status).unwrap_or(502))),
                None => Ok(body),
            },
            refused => refused,
        };
        let cut = faults.take(Fault::CutBody, operation, 0).is_some();
        drop(state);
        let mut response = match result {
            Ok(body) => fake_kit::answer::json(StatusCode::OK, &body),
            Err(refusal) => self.refused(&refusal),
        };
        if cut {
            let half = response.body().len() / 2;
            response.body_mut().truncate(half);
        }
        (response, late)
    }

    fn route(&self, request: &Request<Bytes>) -> Result<Value, Refusal> {
        let path = request.uri().path().trim_start_matches("/v1/");
        let parts: Vec<&str> = path.split('/').collect();
        let body = match request.body().as_ref() {
            [] => json!({}),
            bytes => serde_json::from_slice(bytes)
                .map_err(|_| Refusal::new(400, "invalid_json", "Error parsing JSON body."))?,
        };
        let now = self.now();
        let mut state = self.state();
        let State {
            world, counters, ..
        } = &mut *state;
        match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["users", "me"]) => Ok(json!({
                "object": "user", "id": "11111111-2222-4333-8444-555555555555",
                "name": "Community sync", "type": "bot", "bot": {},
            })),
            ("GET", ["databases", id]) => {
                let found = Uuid::try_parse(id).ok().and_then(|id| world.database(id));
                let found = found.ok_or_else(|| Refusal::not_found("database", id))?;
                Ok(schema::database(world, found))
            }
            ("GET", ["data_sources", id]) => Ok(source(world, id)?.to_json()),
            ("PATCH", ["data_sources", id]) => {
                let id = source(world, id)?.id;
                schema::add_columns(world, id, &body)
            }
            ("POST", ["data_sources", id, "query"]) => {
                let options = request.uri().query().unwrap_or_default();
                query::run(world, source(world, id)?, &body, options)
            }
            ("POST", ["pages"]) => {
                let page = pages::create(world, &body, now)?;
                counters.rows_made += 1;
                Ok(page)
            }
            ("GET", ["pages", id]) => pages::get(world, id),
            ("PATCH", ["pages", id]) => {
                let page = pages::update(world, id, &body, now)?;
                counters.rows_changed += 1;
                Ok(page)
            }
            _ => Err(Refusal::new(
                400,
                "invalid_request_url",
                "Invalid request URL.",
            )),
        }
    }
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake").finish_non_exhaustive()
    }
}

fn source<'a>(world: &'a World, id: &str) -> Result<&'a crate::world::Source, Refusal> {
    let found = Uuid::try_parse(id).ok().and_then(|id| world.source(id));
    found.ok_or_else(|| Refusal::not_found("data_source", id))
}

/// The operation's name, for counters and faults.
fn operation(request: &Request<Bytes>) -> &'static str {
    let path = request.uri().path().trim_start_matches("/v1/");
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method().as_str(), parts.as_slice()) {
        ("GET", ["users", ..]) => "get_user",
        ("GET", ["databases", _]) => "get_database",
        ("GET", ["data_sources", _]) => "get_data_source",
        ("PATCH", ["data_sources", _]) => "update_data_source",
        ("POST", ["data_sources", _, "query"]) => "query",
        ("POST", ["pages"]) => "create_page",
        ("PATCH", ["pages", _]) => "update_page",
        ("GET", ["pages", _]) => "get_page",
        _ => "unknown",
    }
}
