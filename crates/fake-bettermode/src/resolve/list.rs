//! Pages: sorted, cut at an opaque cursor, counted.
//!
//! A cursor is base64 of `{"id","orderBy","value"}`, as recorded answers show. Ascending
//! unless `reverse`; the vendor's default order and largest page are not documented.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::Args;
use crate::refusal::{Code, Refusal};
use crate::time::iso;

/// A row of a list: what it is sorted by, and how it looks.
pub(crate) struct Item {
    pub(crate) id: String,
    /// Sorts as text; numbers are padded by whoever makes it.
    pub(crate) sort: String,
    pub(crate) view: Value,
}

/// The same as [`page`] for rows that are sorted by a time: only those on the page are
/// looked at closely, so that a list of tens of thousands costs little.
pub(crate) fn page_by_time<T>(
    mut rows: Vec<&T>,
    order_by: &str,
    args: Args<'_>,
    key: impl for<'r> Fn(&'r T) -> (Timestamp, &'r str),
    view: impl Fn(&T) -> Value,
) -> Result<Value, Refusal> {
    let whole = |row: &T| {
        let (at, id) = key(row);
        Item {
            id: id.to_owned(),
            sort: iso(at),
            view: view(row),
        }
    };
    if args.get("before").is_some() || args.get("offset").is_some() {
        return page(rows.into_iter().map(whole).collect(), order_by, args);
    }
    let reverse = args.boolean("reverse");
    let order = |a: &T, b: &T| {
        let ((a, a_id), (b, b_id)) = (key(a), key(b));
        (a.as_millisecond(), a_id).cmp(&(b.as_millisecond(), b_id))
    };
    rows.sort_by(|a, b| order(a, b));
    if reverse {
        rows.reverse();
    }
    let total = rows.len();
    if let Some((value, id)) = position(args, "after", order_by)? {
        let at = value.parse::<Timestamp>().map_err(|_| foreign("after"))?;
        let past = |row: &&T| {
            let (own_at, own_id) = key(row);
            let own = (own_at.as_millisecond(), own_id);
            let ordering = own.cmp(&(at.as_millisecond(), id.as_str()));
            if reverse {
                ordering.is_lt()
            } else {
                ordering.is_gt()
            }
        };
        let begin = rows.partition_point(|row| !past(row));
        rows.drain(..begin);
    }
    let limit = limit(args)?;
    let window = rows.into_iter().take(limit.saturating_add(1));
    Ok(cut(window.map(whole).collect(), limit, total, order_by))
}

/// Cuts the page that the arguments ask for.
pub(crate) fn page(mut items: Vec<Item>, order_by: &str, args: Args<'_>) -> Result<Value, Refusal> {
    let limit = limit(args)?;
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
    let items = items.into_iter().skip(skipped.unwrap_or(0));
    Ok(cut(items.collect(), limit, total, order_by))
}

fn limit(args: Args<'_>) -> Result<usize, Refusal> {
    let limit = args.number("limit").unwrap_or(10);
    usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .ok_or_else(|| Refusal::new(Code::Validation, "limit must be at least 1").field("limit"))
}

/// The page of items that begin where it begins.
fn cut(mut items: Vec<Item>, limit: usize, total: usize, order_by: &str) -> Value {
    let more = items.len() > limit;
    items.truncate(limit);
    let edges: Vec<Value> = items
        .iter()
        .map(|item| json!({ "cursor": cursor(item, order_by), "node": item.view }))
        .collect();
    let end = items.last().map(|item| cursor(item, order_by));
    let nodes: Vec<Value> = items.into_iter().map(|item| item.view).collect();
    json!({
        "totalCount": total,
        "pageInfo": { "endCursor": end, "hasNextPage": more },
        "nodes": nodes,
        "edges": edges,
    })
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
        _ => Err(foreign(name)),
    }
}

fn foreign(name: &str) -> Refusal {
    let message = "this cursor is not one of this list";
    Refusal::new(Code::InvalidParameter, message).field(name)
}

fn is_past(item: &Item, (value, id): &(String, String), reverse: bool) -> bool {
    let ordering = (&item.sort, &item.id).cmp(&(value, id));
    if reverse {
        ordering.is_lt()
    } else {
        ordering.is_gt()
    }
}
