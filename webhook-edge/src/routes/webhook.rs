//! `POST /webhooks/bettermode`: read, verify, understand, hand on, answer.
//!
//! In that order, and nothing of a later step before an earlier one has held. The
//! answer is the vendor's: 200 and `SUCCEEDED` with the type repeated, which is said
//! only once the event is stored. The content type is not looked at: the signature
//! is over the bytes, whatever the header calls them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut as _, Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use tokio::time::Instant;
use trace_kit::Span;
use warp::Reply as _;
use warp::reply::Response;

use super::memory::{Full, Held};
use super::{Edge, Intake};
use crate::answers::{self, Answer, Question};
use crate::forward::{self, Accepted};
use crate::payload::{Event, Payload};
use crate::rejection::{self, Refusal};
use crate::signature::{Delivery, Unverified, Verified};
use crate::traces::{self, Arrival};

/// Largest body that is taken, in bytes.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Answers one webhook and says in metrics and log what became of it. Any method
/// but POST is 405; with the integration switched off the path does not exist.
pub(super) async fn answer<S, B>(
    edge: Arc<Edge>,
    path: &'static str,
    method: Method,
    headers: HeaderMap,
    body: S,
) -> Response
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf + Send,
{
    let Some(intake) = &edge.intake else {
        return rejection::not_found();
    };
    if method != Method::POST {
        return rejection::method_not_allowed("POST");
    }
    match take(&edge, intake, path, headers, body).await {
        Ok(reply) => warp::reply::json(&reply).into_response(),
        Err(refusal) => {
            let (outcome, reason) = refusal.labels();
            edge.metrics.webhook(outcome, reason);
            // Who looks into a signature says what was found.
            if !matches!(refusal, Refusal::Signature(_)) {
                refusal.log(path);
            }
            refusal.into_response()
        }
    }
}

async fn take<S, B>(
    edge: &Edge,
    intake: &Intake,
    path: &'static str,
    headers: HeaderMap,
    body: S,
) -> Result<Value, Refusal>
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf + Send,
{
    let traced = edge.traces.as_ref();
    let traced = traced.map(|traces| (traces, Arrival::now(&headers)));
    // Held until the answer is ready: the body lives as long.
    let mut memory = edge.memory.hold();
    let body = read_body(edge.body_timeout, &headers, body, &mut memory).await?;
    let delivery = verify(edge, intake, Delivery::new(path, headers, body))?;
    let span = traced.and_then(|(traces, arrival)| traces.believed(&arrival, path));
    let answer = understand(edge, path, &delivery, span.as_ref()).await;
    traces::answered(span, &answer);
    answer
}

async fn understand(
    edge: &Edge,
    path: &'static str,
    delivery: &Delivery<Verified>,
    span: Option<&Span>,
) -> Result<Value, Refusal> {
    match Payload::read(delivery, edge.network.as_ref())? {
        Payload::Challenge { challenge } => {
            tracing::info!(path, "webhook address tried: challenge answered");
            edge.metrics.webhook("challenge", "");
            Ok(succeeded("TEST", &json!({ "challenge": challenge })))
        }
        Payload::Event(mut event) => {
            event.trace_parent = traces::noted(span);
            if let Some(question) = Question::of(&event) {
                return reply(edge, question, *event).await;
            }
            store(edge, &event).await?;
            Ok(succeeded(&event.envelope_type, &json!({})))
        }
    }
}

fn verify(
    edge: &Edge,
    intake: &Intake,
    delivery: Delivery<Unverified>,
) -> Result<Delivery<Verified>, Refusal> {
    let now = edge.clock.now();
    match intake {
        Intake::Signed(keys) => {
            let started = Instant::now();
            let verdict = delivery.verify_or_return(keys, now, edge.window);
            edge.metrics.verified_in(started.elapsed());
            if let Some(signed) = verdict.as_ref().ok().and_then(Delivery::signed) {
                edge.metrics.signed("bettermode", signed, now);
            }
            verdict.map_err(|refused| {
                let error = refused.error.clone();
                edge.metrics.out_of_window(&error);
                edge.refusals.look_into(*refused, now);
                Refusal::Signature(error)
            })
        }
        Intake::Unsigned => Ok(delivery.trust_unsigned(now)),
    }
}

pub(super) async fn store(edge: &Edge, event: &Event) -> Result<(), Refusal> {
    let step = edge.traces.as_ref().and_then(|it| it.accepting(event));
    let accepted = edge.sink.accept(event).await;
    traces::accepted(step, &accepted);
    let accepted = accepted?;
    edge.metrics.event(event);
    let outcome = match accepted {
        Accepted::Stored => "accepted",
        Accepted::Duplicate => "duplicate",
    };
    edge.metrics.webhook(outcome, "");
    // Not by default: a line for each webhook costs more than verifying it.
    tracing::debug!(
        outcome,
        event_id = loggable(event.id.as_str()),
        event_type = loggable(&event.event_type),
        path = %event.path,
        "webhook taken"
    );
    Ok(())
}

/// Answers a webhook whose sender waits: what somebody has done by it is kept first,
/// then the service is asked for as long as there is time.
async fn reply(edge: &Edge, question: Question, event: Event) -> Result<Value, Refusal> {
    let deadline = Instant::now() + answers::BUDGET;
    if question.carries_intent() {
        store(edge, &event).await?;
    } else {
        edge.metrics.webhook("answered", "");
    }
    let (envelope_type, body) = (event.envelope_type.clone(), event.body.clone());
    let asked = tokio::time::timeout_at(deadline, edge.answers.ask(event)).await;
    let problem = match asked {
        Ok(Ok(answer)) => {
            edge.metrics.answered(question, "service");
            return Ok(said(&envelope_type, &answer));
        }
        Ok(Err(error)) => error,
        Err(_) => forward::Error::TimedOut(answers::BUDGET),
    };
    edge.metrics.answered(question, "canned");
    let (cause, hint) = (problem.to_string(), problem.hint());
    tracing::warn!(
        question = question.label(),
        cause,
        hint,
        "answered without community-svc"
    );
    Ok(succeeded(&envelope_type, &question.canned(&body)))
}

fn said(envelope_type: &str, answer: &Answer) -> Value {
    match answer {
        Answer::Succeeded(data) => succeeded(envelope_type, data),
        Answer::Failed { code, message } => json!({
            "type": envelope_type,
            "status": "FAILED",
            "errorCode": code,
            "errorMessage": message,
        }),
    }
}

/// A name as it may stand in a log: whoever signs can put anything where BetterMode
/// puts an id or a type, an e-mail address too.
fn loggable(name: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if name.bytes().all(is_plain) {
        name
    } else {
        "[not a plain name]"
    }
}

fn succeeded(envelope_type: &str, data: &Value) -> Value {
    json!({ "type": envelope_type, "status": "SUCCEEDED", "data": data })
}

/// Reads at most [`BODY_LIMIT`] bytes, however long the sender says the body is or
/// does not say it.
pub(super) async fn read_body<S, B>(
    limit: Duration,
    headers: &HeaderMap,
    body: S,
    memory: &mut Held<'_>,
) -> Result<Bytes, Refusal>
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf + Send,
{
    let too_large = || Refusal::TooLarge { limit: BODY_LIMIT };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(too_large());
    }
    let read = async {
        let mut body = pin!(body);
        let mut bytes = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| Refusal::BodyBroken)?;
            if bytes.len() + chunk.remaining() > BODY_LIMIT {
                return Err(too_large());
            }
            memory
                .grow_to(bytes.len() + chunk.remaining())
                .map_err(|Full| Refusal::Overloaded)?;
            bytes.put(chunk);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(limit, read)
        .await
        .map_err(|_| Refusal::BodyTimeout {
            seconds: limit.as_secs(),
        })?
}
