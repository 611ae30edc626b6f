//! `POST /webhooks/circleso/..`: Circle's webhooks while a community moves away from it.
//!
//! The same steps as BetterMode's, with a shared secret in the place of a signature: read,
//! verify, understand, keep, answer.

use std::sync::Arc;

use bytes::Buf;
use futures::Stream;
use http::{HeaderMap, Method};
use serde_json::json;
use warp::Reply as _;
use warp::reply::Response;

use super::Edge;
use super::webhook::{read_body, store};
use crate::payload::CircleTopic;
use crate::rejection::{self, Refusal};
use crate::signature::{Delivery, SharedSecrets};
use crate::traces::{self, Arrival};

/// Answers one webhook and says in metrics and log what became of it. Any method but POST
/// is 405; with Circle switched off the path does not exist.
pub(super) async fn answer<S, B>(
    edge: Arc<Edge>,
    topic: CircleTopic,
    method: Method,
    headers: HeaderMap,
    body: S,
) -> Response
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf + Send,
{
    let Some(secrets) = &edge.circle else {
        return rejection::not_found();
    };
    if method != Method::POST {
        return rejection::method_not_allowed("POST");
    }
    match take(&edge, secrets, topic, headers, body).await {
        Ok(()) => {
            // The shape that senders of these webhooks know.
            let reply = json!({ "success": true, "message": "kept", "data": null });
            warp::reply::json(&reply).into_response()
        }
        Err(refusal) => {
            let (outcome, reason) = refusal.labels();
            edge.metrics.webhook(outcome, reason);
            refusal.log(topic.path());
            refusal.into_response()
        }
    }
}

async fn take<S, B>(
    edge: &Edge,
    secrets: &SharedSecrets,
    topic: CircleTopic,
    headers: HeaderMap,
    body: S,
) -> Result<(), Refusal>
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf + Send,
{
    let traced = edge.traces.as_ref();
    let traced = traced.map(|traces| (traces, Arrival::now(&headers)));
    // Held until the answer is ready: the body lives as long.
    let mut memory = edge.memory.hold();
    let body = read_body(edge.body_timeout, &headers, body, &mut memory).await?;
    let delivery = Delivery::new(topic.path(), headers, body);
    let now = edge.clock.now();
    let delivery = delivery.verify_secret(secrets, now)?;
    if let Some(signed) = delivery.signed() {
        edge.metrics.signed("circle", signed, now);
    }
    let span = traced.and_then(|(traces, arrival)| traces.believed(&arrival, topic.path()));
    let answer = match topic.read(&delivery) {
        Ok(mut event) => {
            event.trace_parent = traces::noted(span.as_ref());
            store(edge, &event).await
        }
        Err(error) => Err(error.into()),
    };
    traces::answered(span, &answer);
    answer
}
