//! `POST data_sources/{id}/query`.

use serde_json::{Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use crate::filter::Filter;
use crate::pages;
use crate::refusal::Refusal;
use crate::world::{Page, Source, World};

/// Rows at once, at most.
const PAGE_SIZE: usize = 100;
/// Rows of one query in all (developers.notion.com, query a data source).
const CAP: usize = 10_000;

/// Answers a query.
pub(crate) fn run(
    world: &World,
    source: &Source,
    body: &Value,
    options: &str,
) -> Result<Value, Refusal> {
    let columns = columns(source, options)?;
    let filter = body
        .get("filter")
        .map(|filter| Filter::read(filter, source));
    let filter = filter.transpose()?;
    let size = match body.get("page_size").map(Value::as_u64) {
        None => PAGE_SIZE,
        Some(Some(size @ 1..=100)) => usize::try_from(size).unwrap_or(PAGE_SIZE),
        Some(_) => return Err(Refusal::validation("body.page_size should be 1 to 100")),
    };
    let mut found: Vec<&Page> = source
        .pages
        .iter()
        .filter_map(|id| world.pages.get(id))
        .filter(|page| !page.in_trash)
        .filter(|page| filter.as_ref().is_none_or(|filter| filter.fits(page)))
        .collect();
    sort(&mut found, body)?;
    let begin = match body.get("start_cursor").and_then(Value::as_str) {
        None => 0,
        Some(cursor) => place(&found, cursor)?,
    };
    let end = found.len().min(begin + size).min(CAP);
    let results: Vec<_> = found[begin.min(end)..end]
        .iter()
        .map(|page| pages::to_json(source, page, columns.as_deref()))
        .collect();
    let capped = end == CAP && found.len() > CAP;
    let more = !capped && end < found.len();
    let mut answer = json!({
        "object": "list",
        "results": results,
        "next_cursor": more.then(|| found[end].id),
        "has_more": more,
        "type": "page_or_data_source",
        "page_or_data_source": {},
        "request_status": { "type": "complete" },
        "request_id": Uuid::new_v4(),
    });
    if capped {
        answer["request_status"] =
            json!({ "type": "incomplete", "incomplete_reason": "query_result_limit_reached" });
    }
    Ok(answer)
}

/// The ids of `filter_properties`; all columns without any.
fn columns(source: &Source, options: &str) -> Result<Option<Vec<String>>, Refusal> {
    let mut ids = Vec::new();
    for (key, value) in form_urlencoded::parse(options.as_bytes()) {
        if key != "filter_properties" {
            return Err(Refusal::validation(format!("unknown parameter {key}")));
        }
        let column = source.columns.iter().find(|column| column.id == value);
        let column = column.ok_or_else(|| {
            Refusal::validation(format!("filter_properties: no property has the id {value}"))
        })?;
        ids.push(column.id.clone());
    }
    Ok((!ids.is_empty()).then_some(ids))
}

fn sort(found: &mut [&Page], body: &Value) -> Result<(), Refusal> {
    let sorts = body.get("sorts").and_then(Value::as_array);
    let Some(sort) = sorts.and_then(|sorts| sorts.first()) else {
        return Ok(());
    };
    let key: fn(&Page) -> jiff::Timestamp = match sort.get("timestamp").and_then(Value::as_str) {
        Some("created_time") => |page| page.created,
        Some("last_edited_time") => |page| page.edited,
        _ => return Err(Refusal::validation("the fake sorts by times only")),
    };
    found.sort_by_key(|page| key(page));
    if sort.get("direction").and_then(Value::as_str) == Some("descending") {
        found.reverse();
    }
    Ok(())
}

fn place(found: &[&Page], cursor: &str) -> Result<usize, Refusal> {
    let unknown = || Refusal::validation("The start_cursor provided is invalid.");
    let id = Uuid::try_parse(cursor).map_err(|_| unknown())?;
    found
        .iter()
        .position(|page| page.id == id)
        .ok_or_else(unknown)
}
