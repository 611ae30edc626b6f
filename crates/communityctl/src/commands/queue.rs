//! `queue stats`, `queue list` and `queue redrive`, through the edge's admin port.

use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::admin::Port;
use crate::cli::{QueueList, Redrive};
use crate::error::Error;

const QUEUE: &str = "/admin/v1/queue";
/// As many as the edge gives in one page.
const PAGE: u32 = 500;

pub(super) async fn stats(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let edge = Port::of_edge_admin(context)?;
    let stats = edge.get("asking for the queue", QUEUE).await?;
    if context.output.is_json() {
        context.output.json(&stats)?;
    } else {
        context.output.pairs(&[
            ("waiting", text(&stats, "waiting")),
            ("bytes", text(&stats, "bytes")),
            ("oldest since", text(&stats, "oldest")),
            ("dead letters", text(&stats, "dead_letters")),
        ])?;
        if stats["poisoned"] == true {
            context
                .output
                .text("A write to the queue's disk failed: mend it, then restart the edge.")?;
        }
    }
    Ok(Outcome::of(stats["poisoned"] != true))
}

pub(super) async fn list(context: &mut Context<'_>, wanted: QueueList) -> Result<Outcome, Error> {
    let edge = Port::of_edge_admin(context)?;
    let (path, name) = if wanted.dead {
        ("dead-letters", "dead_letters")
    } else {
        ("waiting", "events")
    };
    let (mut after, mut left, mut rows) = (wanted.after, wanted.limit, Vec::new());
    while left > 0 {
        let mut query = format!("{QUEUE}/{path}?limit={}", left.min(PAGE));
        if let Some(after) = after {
            query = format!("{query}&after={after}");
        }
        let page = edge.get("listing the queue", &query).await?;
        let entries = page[name].as_array().cloned().unwrap_or_default();
        for entry in &entries {
            if context.output.is_json() {
                context.output.json(entry)?;
            } else {
                rows.push(row(entry, wanted.dead));
            }
        }
        left = left.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        match page["last"].as_u64() {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    if !context.output.is_json() {
        let last = if wanted.dead { "REASON" } else { "BYTES" };
        let heads = ["POSITION", "EVENT ID", "TYPE", "MEMBER", "RECEIVED", last];
        let empty = if wanted.dead {
            "There are no dead letters."
        } else {
            "Nothing waits."
        };
        context.output.table(&heads, &rows, empty)?;
    }
    Ok(Outcome::Good)
}

pub(super) async fn redrive(context: &mut Context<'_>, redrive: Redrive) -> Result<Outcome, Error> {
    let edge = Port::of_edge_admin(context)?;
    let body = if redrive.all {
        json!({ "all": true })
    } else {
        json!({ "positions": redrive.positions })
    };
    let attempted = "putting dead letters back";
    let answer = edge
        .post(attempted, &format!("{QUEUE}/redrive"), &body)
        .await?;
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.text(&format!(
            "{} of {} dead letters are in the queue again.",
            text(&answer, "redriven"),
            text(&answer, "asked")
        ))?;
    }
    if answer["asked"] != answer["redriven"] && !context.output.is_json() {
        context.output.text(
            "The others are no dead letters (communityctl queue list --dead), or the queue is full.",
        )?;
    }
    Ok(Outcome::of(answer["asked"] == answer["redriven"]))
}

fn row(entry: &Value, is_dead: bool) -> Vec<String> {
    let last = if is_dead { "reason" } else { "body_bytes" };
    [
        "position",
        "event_id",
        "event_type",
        "actor_id",
        "received_at",
        last,
    ]
    .map(|name| text(entry, name))
    .to_vec()
}

/// A value as text; empty when there is none.
fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
