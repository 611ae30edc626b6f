//! The control paths below `/_fake/`: what a test or a demo does to the fake itself.
//!
//! They take no token and are not the vendor's. Bodies are JSON; the README lists them.

mod changes;
mod dump;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fake::Fake;
use crate::faults::{Fault, Setting};
use crate::limits::{Limits, Windows};
use fake_kit::answer;

/// Why a control request is refused.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    fn unknown(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: format!("no such {what}"),
        }
    }
}

/// Answers a control request.
pub(crate) fn answer(fake: &Fake, request: &Request<Bytes>) -> Response<Bytes> {
    match route(fake, request) {
        Ok(body) => answer::json(StatusCode::OK, &body),
        Err(refused) => answer::json(refused.status, &json!({ "error": refused.message })),
    }
}

fn route(fake: &Fake, request: &Request<Bytes>) -> Result<Value, Refused> {
    let path = request.uri().path().trim_start_matches("/_fake");
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let body = request.body();
    let method = request.method();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["world"]) => Ok(dump::world(fake, request.uri().query())),
        ("GET", ["members"]) => dump::extra_members(fake, request.uri().query()),
        ("GET", ["counters"]) => Ok(fake.state().counters.to_json()),
        ("DELETE", ["counters"]) => {
            fake.state().counters = crate::counters::Counters::default();
            Ok(done())
        }
        ("GET", ["deliveries"]) => Ok(fake.inner.office.log()),
        ("DELETE", ["deliveries"]) => {
            fake.inner.office.forget();
            Ok(done())
        }
        (_, ["faults", rest @ ..]) => faults(fake, method, rest, body),
        ("POST", ["limits"]) => {
            let limits: Limits = read(body)?;
            fake.state().windows = Windows::new(limits);
            Ok(json!(limits))
        }
        ("POST", ["webhooks", "test"]) => {
            let mut state = fake.state();
            let challenge = state.world.announce_test();
            fake.dispatch(&mut state);
            Ok(json!({ "challenge": challenge }))
        }
        ("POST", ["reset"]) => {
            fake.reset();
            Ok(done())
        }
        (_, ["members" | "posts" | "spaces" | "invitations", ..]) => {
            changes::route(fake, method, &parts, body)
        }
        _ => Err(Refused::unknown("control path; the README lists them")),
    }
}

fn faults(fake: &Fake, method: &Method, rest: &[&str], body: &Bytes) -> Result<Value, Refused> {
    match (method.as_str(), rest) {
        ("GET", []) => {}
        ("DELETE", []) => fake.faults().clear(None),
        ("DELETE", [name]) => fake.faults().clear(Some(named(name)?)),
        ("POST" | "PUT", [name]) => {
            let setting: Setting = read(body)?;
            if setting.count == Some(0) {
                return Err(Refused::bad(
                    "count must be at least 1; DELETE turns a fault off",
                ));
            }
            fake.faults().set(named(name)?, setting);
        }
        _ => return Err(Refused::unknown("control path; the README lists them")),
    }
    Ok(fake.faults().to_json())
}

fn named(name: &str) -> Result<Fault, Refused> {
    serde_json::from_value(Value::from(name)).map_err(|_| Refused::unknown("fault"))
}

/// A body, of which nothing stands for an empty object.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text)
        .map_err(|error| Refused::bad(format!("cannot read the body: {error}")))
}

fn done() -> Value {
    json!({ "done": true })
}
