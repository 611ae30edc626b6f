//! The queue as operators see it.

use bytes::Bytes;
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;
use crate::payload::Event;
use crate::queue::{DeadLetter, Position, Queue, Queued};

/// The most that one answer lists, and what it lists when nobody says.
const LONGEST_PAGE: u64 = 500;
const PAGE: u64 = 50;
/// How much of the backlog is read for one answer; the bodies are read with it.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What to put back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redrive {
    #[serde(default)]
    positions: Vec<u64>,
    #[serde(default)]
    all: bool,
}

pub(super) fn stats(queue: &Queue) -> Value {
    let stats = queue.stats();
    json!({
        "waiting": stats.depth,
        "bytes": stats.bytes,
        "oldest": stats.oldest.map(|oldest| oldest.to_string()),
        "dead_letters": stats.dead,
        "poisoned": stats.poisoned,
    })
}

pub(super) async fn waiting(queue: &Queue, query: &str) -> Result<Value, Refusal> {
    let (after, limit) = page(query)?;
    let events = queue.read(after, limit, PAGE_BYTES).await?;
    let last = events.last().map(|queued| queued.position.0);
    let events: Vec<Value> = events.iter().map(waiting_event).collect();
    Ok(json!({ "events": events, "last": last }))
}

pub(super) async fn dead_letters(queue: &Queue, query: &str) -> Result<Value, Refusal> {
    let (after, limit) = page(query)?;
    let letters = queue.dead_letters(after, limit).await?;
    let last = letters.last().map(|letter| letter.position.0);
    let letters: Vec<Value> = letters.iter().map(dead_letter).collect();
    Ok(json!({ "dead_letters": letters, "last": last }))
}

/// Puts dead letters at the end of the queue. Says how many there were of those asked for,
/// and how many are in the queue again.
pub(super) async fn redrive(
    queue: &Queue,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Value, Refusal> {
    // A page in a browser cannot send this type without asking first.
    let content_type = headers.get(header::CONTENT_TYPE);
    if content_type.is_none_or(|value| value != "application/json") {
        return Err(Refusal::Request(
            "send the request as Content-Type: application/json".to_owned(),
        ));
    }
    let wanted: Redrive =
        serde_json::from_slice(body).map_err(|_| Refusal::Request(SHAPE.to_owned()))?;
    let is_one_of_two = wanted.all == wanted.positions.is_empty();
    if !is_one_of_two || wanted.positions.len() > 500 {
        return Err(Refusal::Request(SHAPE.to_owned()));
    }
    let (mut found, mut redriven) = (0, 0);
    if !wanted.all {
        let positions: Vec<Position> = wanted.positions.into_iter().map(Position).collect();
        let redriven = queue.redrive(&positions).await?;
        return Ok(json!({ "asked": positions.len(), "redriven": redriven }));
    }
    // As many as there are now: what is refused again comes back later, and behind them.
    let mut after = None;
    let until = queue.stats().dead;
    while found < until {
        let limit = usize::try_from(until - found)
            .unwrap_or(usize::MAX)
            .min(500);
        let letters = queue.dead_letters(after, limit).await?;
        let positions: Vec<Position> = letters.iter().map(|letter| letter.position).collect();
        let Some(last) = positions.last() else { break };
        after = Some(*last);
        found += positions.len() as u64;
        redriven += queue.redrive(&positions).await?;
    }
    Ok(json!({ "asked": found, "redriven": redriven }))
}

const SHAPE: &str = r#"send {"positions": [1, 2]} with 1 to 500 positions, or {"all": true}"#;

fn page(query: &str) -> Result<(Option<Position>, usize), Refusal> {
    let after = number(query, "after")?.map(Position);
    let limit = number(query, "limit")?
        .unwrap_or(PAGE)
        .clamp(1, LONGEST_PAGE);
    Ok((after, usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// The number under this name in a query.
pub(super) fn number(query: &str, name: &str) -> Result<Option<u64>, Refusal> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let Some((_, text)) = pairs.find(|(key, _)| key == name) else {
        return Ok(None);
    };
    let problem = || Refusal::Request(format!("{name} must be a whole number, 0 or more"));
    text.parse().map(Some).map_err(|_| problem())
}

fn waiting_event(queued: &Queued) -> Value {
    let mut told = about(&queued.event);
    told["position"] = queued.position.0.into();
    told["queued_at"] = queued.queued_at.to_string().into();
    told
}

fn dead_letter(letter: &DeadLetter) -> Value {
    let mut told = letter
        .event()
        .map_or_else(|| json!({}), |event| about(&event));
    told["position"] = letter.position.0.into();
    told["buried_at"] = letter.buried_at.to_string().into();
    told["reason"] = letter.reason.as_str().into();
    told["readable"] = letter.event().is_some().into();
    told
}

fn about(event: &Event) -> Value {
    json!({
        "event_id": event.id.as_str(),
        "event_type": event.event_type,
        "actor_id": event.actor_id.as_str(),
        "object_id": event.object_id.as_str(),
        "received_at": event.received_at.to_string(),
        "body_bytes": event.body.len(),
    })
}
