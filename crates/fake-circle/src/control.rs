//! The control paths below `/_fake/`: what a test or a demo does to the fake itself. The
//! README lists them.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::counters::Counters;
use crate::fake::Fake;
use crate::faults::{Fault, Setting};
use crate::limits::{Limits, Used};
use fake_kit::answer;

/// Why a control request is refused.
struct Refused(StatusCode, String);

impl Refused {
    fn unknown(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("no such {what}"))
    }
}

pub(crate) fn answer(fake: &Fake, request: &Request<Bytes>) -> Response<Bytes> {
    match route(fake, request) {
        Ok(body) => answer::json(StatusCode::OK, &body),
        Err(Refused(status, message)) => answer::json(status, &json!({ "error": message })),
    }
}

fn route(fake: &Fake, request: &Request<Bytes>) -> Result<Value, Refused> {
    let path = request.uri().path().trim_start_matches("/_fake");
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let body = request.body();
    match (request.method().as_str(), parts.as_slice()) {
        ("GET", ["world"]) => Ok(world(fake)),
        ("GET", ["counters"]) => Ok(fake.counters()),
        ("DELETE", ["counters"]) => {
            fake.state().counters = Counters::default();
            Ok(done())
        }
        ("POST", ["members"]) => Ok(fake.state().world.join(read(body)?)),
        ("POST", ["members", id]) => {
            let fields: Map<String, Value> = read(body)?;
            let changed = fake.state().world.change(number(id)?, fields);
            changed.ok_or_else(|| Refused::unknown("member"))
        }
        ("DELETE", ["members", id]) => {
            let has_left = fake.state().world.leave(number(id)?);
            has_left
                .then(done)
                .ok_or_else(|| Refused::unknown("member"))
        }
        ("POST", ["limits"]) => {
            let limits: Limits = read(body)?;
            fake.state().used = Used::new(limits);
            Ok(json!(limits))
        }
        ("POST", ["reset"]) => {
            fake.reset();
            Ok(done())
        }
        (_, ["faults", rest @ ..]) => faults(fake, request.method(), rest, body),
        _ => Err(Refused::unknown("control path; the README lists them")),
    }
}

fn world(fake: &Fake) -> Value {
    let config = &fake.inner.config;
    let state = fake.state();
    json!({
        "token": config.token,
        "community": state.world.community(),
        "counts": state.world.counts(),
    })
}

fn faults(fake: &Fake, method: &Method, rest: &[&str], body: &Bytes) -> Result<Value, Refused> {
    let mut state = fake.state();
    match (method.as_str(), rest) {
        ("GET", []) => {}
        ("DELETE", []) => state.faults.clear(None),
        ("DELETE", [name]) => state.faults.clear(Some(named(name)?)),
        ("POST", [name]) => {
            let setting: Setting = read(body)?;
            if setting.count == Some(0) {
                let message = "count must be at least 1; DELETE turns a fault off";
                return Err(Refused(StatusCode::BAD_REQUEST, message.to_owned()));
            }
            state.faults.set(named(name)?, setting);
        }
        _ => return Err(Refused::unknown("control path; the README lists them")),
    }
    Ok(state.faults.to_json())
}

fn named(name: &str) -> Result<Fault, Refused> {
    serde_json::from_value(Value::from(name)).map_err(|_| Refused::unknown("fault"))
}

fn number(text: &str) -> Result<u64, Refused> {
    text.parse().map_err(|_| Refused::unknown("member"))
}

/// A body, of which nothing stands for an empty object.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| {
        let message = format!("cannot read the body: {error}");
        Refused(StatusCode::BAD_REQUEST, message)
    })
}

fn done() -> Value {
    json!({ "done": true })
}
