//! One request of the API, from its token to its answer, with the faults that strike on the
//! way.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{Fake, State};
use crate::config::{AuthScheme, FakeConfig};
use crate::faults::Fault;
use crate::routes::{self, Refusal};
use fake_kit::answer;

pub(super) async fn answer(fake: &Fake, request: &Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path();
    let late = {
        let mut state = fake.state();
        state
            .counters
            .request(path, request.method() == Method::GET);
        state.faults.take(Fault::LatencyMs, path)
    };
    if let Some(strike) = late {
        tokio::time::sleep(Duration::from_millis(strike.value_or(1000))).await;
    }
    let mut state = fake.state();
    let now = (fake.inner.config.time)();
    let response = if state.used.take(now) {
        respond(&fake.inner.config, &mut state, request)
    } else {
        too_many(None)
    };
    let status = response.status().as_u16();
    state.used.answered(status);
    state.counters.answered(status);
    response
}

fn respond(config: &FakeConfig, state: &mut State, request: &Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path();
    if let Some(response) = fault_before(state, path) {
        return response;
    }
    if !is_known(config, request.headers()) {
        return refused(&Refusal::token());
    }
    let answered = if request.method() == Method::GET {
        routes::answer(state, path, request.uri().query().unwrap_or_default())
    } else {
        Err(Refusal::method())
    };
    match answered {
        Ok(body) => fault_after(state, path, body),
        Err(refusal) => refused(&refusal),
    }
}

fn is_known(config: &FakeConfig, headers: &HeaderMap) -> bool {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some((scheme, token)) = given.and_then(|given| given.split_once(' ')) else {
        return false;
    };
    let scheme_fits = match config.auth_scheme {
        AuthScheme::Both => ["Bearer", "Token"].contains(&scheme),
        AuthScheme::Bearer => scheme == "Bearer",
        AuthScheme::Token => scheme == "Token",
    };
    scheme_fits && token == config.token
}

fn fault_before(state: &mut State, path: &str) -> Option<Response<Bytes>> {
    let faults = &mut state.faults;
    if faults.take(Fault::Status429, path).is_some() {
        return Some(too_many(None));
    }
    if let Some(strike) = faults.take(Fault::Status429RetryAfter, path) {
        return Some(too_many(Some(strike.value_or(7))));
    }
    if let Some(strike) = faults.take(Fault::Status5xx, path) {
        let status = u16::try_from(strike.value_or(503)).unwrap_or(503);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let body =
            json!({ "success": false, "message": "Something went wrong.", "error_details": null });
        return Some(answer::json(status, &body));
    }
    let refusals: [(Fault, fn() -> Refusal); 4] = [
        (Fault::Status401, Refusal::token),
        (Fault::NotEligible, Refusal::not_eligible),
        (Fault::Status403ErrorsOnly, Refusal::errors_only),
        (Fault::Status422, Refusal::unprocessable),
    ];
    for (fault, refusal) in refusals {
        if faults.take(fault, path).is_some() {
            return Some(refused(&refusal()));
        }
    }
    if faults.take(Fault::HtmlError, path).is_some() {
        return Some(answer::html(StatusCode::BAD_GATEWAY));
    }
    if faults.take(Fault::HtmlBody, path).is_some() {
        return Some(answer::html(StatusCode::OK));
    }
    faults.take(Fault::Redirect, path).map(|_| {
        let mut response = answer::json(StatusCode::FOUND, &json!({}));
        let elsewhere = HeaderValue::from_static("https://elsewhere.example/");
        response.headers_mut().insert(LOCATION, elsewhere);
        response
    })
}

fn fault_after(state: &mut State, path: &str, mut body: Value) -> Response<Bytes> {
    if let Some(strike) = state.faults.take(Fault::HugeBody, path) {
        let bytes = usize::try_from(strike.value_or(64 << 20)).unwrap_or(64 << 20);
        body["padding"] = Value::from("x".repeat(bytes));
    }
    let mut response = answer::json(StatusCode::OK, &body);
    if state.faults.take(Fault::CutBody, path).is_some() {
        let half = response.body().len() / 2;
        let body = response.body_mut();
        *body = body.slice(..half);
    }
    response
}

fn refused(refusal: &Refusal) -> Response<Bytes> {
    answer::json(refusal.status, &refusal.body)
}

fn too_many(retry_after: Option<u64>) -> Response<Bytes> {
    let body = json!({ "success": false, "message": "Too many requests.", "error_details": {} });
    let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
