//! Pages: sorted, cut at an opaque cursor, counted.
//!
//! A cursor is base64 of `{"id","orderBy","value"}`, as recorded answers show. Ascending
//! unless `reverse`; the vendor's default order and largest page are not documented.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::args::Args;
use crate::refusal::{Code, Refusal};

/// A row of a list: what it is sorted by, and how it looks.
pub(crate) struct Item {
    pub(crate) id: String,
    /// Sorts as text; numbers are padded by whoever makes it.
    pub(crate) sort: String,
    pub(crate) view: Value,
}

/// Cuts the page that the arguments ask for.
pub(crate) fn page(mut items: Vec<Item>, order_by: &str, args: Args<'_>) -> Result<Value, Refusal> {
    let limit = args.number("limit").unwrap_or(10);
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .ok_or_else(|| Refusal::new(Code::Validation, "limit must be at least 1").field("limit"))?;
    let reverse = args.boolean("reverse");
    items.sort_by(|a, b| (&a.sort, &a.id).cmp(&(&b.sort, &b.id)));
    if reverse {
        items.reverse();
    }
    let total = items.len();
    if let Some(after) = position(args, "after", order_by)? {
        items.retain(|item| is_past(item, &after, reverse));
    }
    if let Some(before) = position(args, "before", order_by)? {
        items.retain(|item| is_past(item, &before, !reverse));
        let surplus = items.len().saturating_sub(limit);
        items.drain(..surplus);
    }
    let skipped = args
        .number("offset")
        .and_then(|offset| usize::try_from(offset).ok());
    let mut items: Vec<Item> = items.into_iter().skip(skipped.unwrap_or(0)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let edges: Vec<Value> = items
        .iter()
        .map(|item| json!({ "cursor": cursor(item, order_by), "node": item.view }))
        .collect();
    let end = items.last().map(|item| cursor(item, order_by));
    let nodes: Vec<Value> = items.into_iter().map(|item| item.view).collect();
    Ok(json!({
        "totalCount": total,
        "pageInfo": { "endCursor": end, "hasNextPage": more },
        "nodes": nodes,
        "edges": edges,
    }))
}

fn cursor(item: &Item, order_by: &str) -> String {
    let position = json!({
        "id": item.id,
        "orderBy": format!("entity.{order_by}"),
        "value": item.sort,
    });
    STANDARD.encode(position.to_string())
}

/// Sort key and id of a cursor.
fn position(
    args: Args<'_>,
    name: &str,
    order_by: &str,
) -> Result<Option<(String, String)>, Refusal> {
    let Some(text) = args.text(name) else {
        return Ok(None);
    };
    let decoded = STANDARD.decode(text).ok();
    let cursor: Option<Value> = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let cursor = cursor.unwrap_or_default();
    let part = |key: &str| cursor[key].as_str();
    match (part("value"), part("id"), part("orderBy")) {
        (Some(value), Some(id), Some(order)) if order == format!("entity.{order_by}") => {
            Ok(Some((value.to_owned(), id.to_owned())))
        }
        _ => Err(Refusal::new(
            Code::InvalidParameter,
            "this cursor is not one of this list",
        )
        .field(name)),
    }
}

fn is_past(item: &Item, (value, id): &(String, String), reverse: bool) -> bool {
    let ordering = (&item.sort, &item.id).cmp(&(value, id));
    if reverse {
        ordering.is_lt()
    } else {
        ordering.is_gt()
    }
}
