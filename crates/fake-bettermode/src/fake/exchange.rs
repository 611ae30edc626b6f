//! One GraphQL request over HTTP, from its body to its answer, with the faults that
//! strike on the way.

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Fake, State};
use crate::counters::Rejected;
use crate::faults::{Fault, Strike};
use crate::graphql::request::Request as GraphQlRequest;
use crate::graphql::{self, Circumstances};
use crate::refusal::{self, Code, ErrorStyle, Refusal};
use fake_kit::answer;

/// Root fields that moderation can hold back.
const WRITING: [&str; 2] = ["createPost", "createReply"];
/// Root fields that answer with an `Action`.
const ACTIONS: [&str; 5] = [
    "upsertExtraProperty",
    "addReaction",
    "removeReaction",
    "deletePost",
    "removeSpaceMembers",
];

/// Everything around one request.
struct Exchange<'f> {
    fake: &'f Fake,
    operations: Vec<String>,
    style: ErrorStyle,
    now: Timestamp,
}

pub(super) async fn graphql(fake: &Fake, request: &Request<Bytes>) -> Response<Bytes> {
    let parsed = GraphQlRequest::read(request.body());
    let operations = parsed
        .as_ref()
        .map(GraphQlRequest::root_fields)
        .unwrap_or_default();
    let mut exchange = Exchange {
        fake,
        operations,
        style: ErrorStyle::default(),
        now: (fake.inner.config.time)(),
    };
    exchange.style = ErrorStyle {
        numeric: exchange.strikes(Fault::NumericCodes).is_some(),
        nested: exchange.strikes(Fault::NestedErrors).is_some(),
    };
    // Before the delay: a request that its sender gave up on was made all the same.
    fake.state().counters.request(&exchange.operations);
    if let Some(strike) = exchange.strikes(Fault::LatencyMs) {
        tokio::time::sleep(Duration::from_millis(strike.value.unwrap_or(1000))).await;
    }
    if let Some(answer) = exchange.fault_before() {
        fake.state().counters.rejected(Rejected::Fault);
        return answer;
    }
    let answer = match parsed {
        Ok(parsed) => exchange.carry_out(&parsed, request.headers()),
        Err(refusal) => {
            fake.state().counters.rejected(Rejected::Invalid);
            exchange.refused(StatusCode::BAD_REQUEST, &[refusal])
        }
    };
    if let Some(strike) = exchange.strikes(Fault::LateAnswerMs) {
        tokio::time::sleep(Duration::from_millis(strike.value.unwrap_or(1000))).await;
    }
    exchange.fault_after(answer)
}

impl Exchange<'_> {
    fn strikes(&self, fault: Fault) -> Option<Strike> {
        self.fake.faults().take(fault, &self.operations)
    }

    /// The same for a fault that means something to these root fields only: others do
    /// not use it up.
    fn strikes_one_of(&self, fault: Fault, operations: &[&str]) -> bool {
        let concerned = self
            .operations
            .iter()
            .any(|name| operations.contains(&name.as_str()));
        concerned && self.strikes(fault).is_some()
    }

    fn mutates(&self) -> bool {
        let mutations = self.fake.inner.schema.get_object("Mutation");
        mutations.is_some_and(|kind| {
            let mut names = self.operations.iter();
            names.any(|name| kind.fields.contains_key(name.as_str()))
        })
    }

    /// Faults that change what is done, or how it looks.
    fn strikes_while_carried_out(&self) -> Vec<Fault> {
        let mut struck = Vec::new();
        for (fault, operations) in [
            (Fault::ModerationHold, WRITING.as_slice()),
            (Fault::ActionFailed, ACTIONS.as_slice()),
            (Fault::ReverseRows, &["inviteMembers"]),
            (Fault::AcceptReinvites, &["inviteMembers"]),
        ] {
            if self.strikes_one_of(fault, operations) {
                struck.push(fault);
            }
        }
        if self.strikes(Fault::HideEmails).is_some() {
            struck.push(Fault::HideEmails);
        }
        struck
    }

    /// Faults that keep a request from being carried out.
    fn fault_before(&self) -> Option<Response<Bytes>> {
        if let Some(strike) = self.strikes(Fault::Status429) {
            let refusal = Refusal::new(Code::RateReached, "Rate limit reached");
            let mut answer = self.refused(StatusCode::TOO_MANY_REQUESTS, &[refusal]);
            answer
                .headers_mut()
                .insert(RETRY_AFTER, strike.value.unwrap_or(1).into());
            return Some(answer);
        }
        if let Some(strike) = self.strikes(Fault::Status5xx) {
            return Some(answer::html(status_or(
                strike,
                StatusCode::SERVICE_UNAVAILABLE,
            )));
        }
        if self.strikes(Fault::HtmlBody).is_some() {
            return Some(answer::html(StatusCode::OK));
        }
        if self.strikes(Fault::Status401).is_some() {
            let refusal = Refusal::new(Code::InvalidToken, "Unauthorized");
            return Some(self.refused(StatusCode::UNAUTHORIZED, &[refusal]));
        }
        if self.mutates() && self.strikes(Fault::RefuseMutations).is_some() {
            let refusal = Refusal::new(Code::Permission, "mutations are refused");
            return Some(self.refused(StatusCode::OK, &[refusal]));
        }
        if self.strikes(Fault::ExpiredToken).is_some() {
            let refusal = Refusal::new(Code::InvalidToken, "Invalid access token");
            return Some(self.refused(StatusCode::OK, &[refusal]));
        }
        let strike = self.strikes(Fault::GraphqlErrorIn200)?;
        let code = strike
            .value
            .and_then(|code| u16::try_from(code).ok())
            .unwrap_or(10);
        let refusal = Refusal::with_code(code, "Something went wrong");
        Some(self.refused(StatusCode::OK, &[refusal]))
    }

    /// Faults that spoil the answer to a request that was carried out.
    fn fault_after(&self, mut answer: Response<Bytes>) -> Response<Bytes> {
        if let Some(strike) = self.strikes(Fault::Status5xxAfter) {
            return answer::html(status_or(strike, StatusCode::BAD_GATEWAY));
        }
        if self.strikes(Fault::CutBody).is_some() {
            let half = answer.body().len() / 2;
            answer.body_mut().truncate(half);
        }
        answer
    }

    fn carry_out(&self, request: &GraphQlRequest, headers: &HeaderMap) -> Response<Bytes> {
        let inner = &self.fake.inner;
        let mut state = self.fake.state();
        let state = &mut *state;
        let viewer = match inner.mint.viewer(&state.world, headers, self.now) {
            Ok(viewer) => viewer,
            Err(refusal) => {
                state.counters.rejected(Rejected::Token);
                return self.refused(StatusCode::OK, &[refusal]);
            }
        };
        let prepared = graphql::prepare(&inner.schema, request);
        let complexity = prepared.as_ref().map_or(0, |prepared| prepared.complexity);
        if let Some(answer) = self.limited(state, complexity) {
            return answer;
        }
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(refusals) => {
                state.counters.rejected(Rejected::Invalid);
                return self.refused(StatusCode::OK, &refusals);
            }
        };
        state.counters.complexity(complexity);
        let circumstances = Circumstances {
            viewer,
            now: self.now,
            quotas: state.windows.stats(self.now),
            struck: self.strikes_while_carried_out(),
        };
        let world = &mut state.world;
        let (data, refusals) =
            graphql::execute(&inner.schema, &prepared, world, &inner.mint, circumstances);
        self.fake.dispatch(state);
        let mut body = json!({ "data": data, "extensions": { "complexity": complexity } });
        if !refusals.is_empty() {
            body["errors"] = refusal::errors(&refusals, self.style, self.now);
        }
        let mut answer = answer::json(StatusCode::OK, &body);
        state.windows.headers(self.now, answer.headers_mut());
        answer
    }

    /// Counts the request; the answer when a window, or the limit per document, has no
    /// room for it.
    fn limited(&self, state: &mut State, complexity: u64) -> Option<Response<Bytes>> {
        let refuse =
            |status, code, message: String| self.refused(status, &[Refusal::new(code, message)]);
        if let Err(exceeded) = state.windows.take(complexity, self.now) {
            state.counters.rejected(Rejected::RateLimit);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = refuse(status, Code::RateReached, exceeded.message());
            exceeded.headers(answer.headers_mut());
            return Some(answer);
        }
        let limit = state.windows.per_document()?;
        (complexity > limit).then(|| {
            state.counters.rejected(Rejected::RateLimit);
            let message = format!("query is too complex: complexity {complexity}, at most {limit}");
            refuse(StatusCode::OK, Code::InvalidRequest, message)
        })
    }

    fn refused(&self, status: StatusCode, refusals: &[Refusal]) -> Response<Bytes> {
        let errors = refusal::errors(refusals, self.style, self.now);
        answer::json(status, &json!({ "errors": errors, "data": Value::Null }))
    }
}

fn status_or(strike: Strike, default: StatusCode) -> StatusCode {
    strike
        .value
        .and_then(|value| u16::try_from(value).ok())
        .and_then(|value| StatusCode::from_u16(value).ok())
        .unwrap_or(default)
}
