//! `POST pages`, `GET` and `PATCH pages/{id}`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::time::{iso, minute};
use crate::values;
use crate::world::{Page, Source, World};

/// Keys that a request to change a page may have.
const CHANGES: &[&str] = &[
    "properties",
    "icon",
    "cover",
    "in_trash",
    "archived",
    "is_locked",
    "erase_content",
];
/// What a relation in an answer holds, at most.
const REFERENCES: usize = 25;

/// Makes a row.
pub(crate) fn create(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let parent = body
        .pointer("/parent/data_source_id")
        .and_then(Value::as_str);
    let parent = parent.ok_or_else(|| {
        Refusal::validation("body.parent.data_source_id should be defined in this version")
    })?;
    let missing = || Refusal::not_found("data_source", parent);
    let id = Uuid::try_parse(parent).map_err(|_| missing())?;
    world.source(id).ok_or_else(missing)?;
    let page = make(world, id, body.get("properties"), now)?;
    let source = world.source(id).ok_or_else(missing)?;
    Ok(to_json(source, &world.pages[&page], None))
}

/// Makes a row in this data source; also for people.
pub(crate) fn make(
    world: &mut World,
    source: Uuid,
    properties: Option<&Value>,
    created: Timestamp,
) -> Result<Uuid, Refusal> {
    let values = accept(world, source, properties)?;
    let id = world.next_id();
    let page = Page {
        id,
        source,
        created: minute(created),
        edited: minute(created),
        in_trash: false,
        values,
    };
    world.pages.insert(id, page);
    if let Some(source) = world.source_mut(source) {
        source.pages.push(id);
    }
    Ok(id)
}

/// One row.
pub(crate) fn get(world: &World, id: &str) -> Result<Value, Refusal> {
    let (source, page) = find(world, id)?;
    Ok(to_json(source, page, None))
}

/// Changes a row.
pub(crate) fn update(
    world: &mut World,
    id: &str,
    body: &Value,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let keys = body.as_object().into_iter().flat_map(Map::keys);
    if let Some(unknown) = keys
        .into_iter()
        .find(|key| !CHANGES.contains(&key.as_str()))
    {
        let message = format!("body.{unknown} should be not present.");
        return Err(Refusal::validation(message));
    }
    let (page_id, source_id) = {
        let (source, page) = find(world, id)?;
        (page.id, source.id)
    };
    let flag = |key| body.get(key).and_then(Value::as_bool);
    let trash = flag("in_trash").or_else(|| flag("archived"));
    if trash.is_none() && world.pages[&page_id].in_trash {
        let message =
            "Can't edit block that is archived. You must unarchive the block before editing.";
        return Err(Refusal::validation(message));
    }
    let values = accept(world, source_id, body.get("properties"))?;
    if let Some(page) = world.pages.get_mut(&page_id) {
        page.in_trash = trash.unwrap_or(page.in_trash);
        page.values.extend(values);
        page.edited = minute(now);
    }
    get(world, id)
}

/// A page as Notion answers with it, with all columns or those of these ids.
pub(crate) fn to_json(source: &Source, page: &Page, columns: Option<&[String]>) -> Value {
    let user = json!({ "object": "user", "id": "11111111-2222-4333-8444-555555555555" });
    let mut properties = Map::new();
    for column in &source.columns {
        if columns.is_some_and(|ids| !ids.contains(&column.id)) {
            continue;
        }
        let kind = column.kind.as_str();
        let value = page.values.get(&column.id).cloned();
        let mut value = value.unwrap_or_else(|| values::empty(kind));
        let mut property = json!({ "id": column.id, "type": kind });
        if kind == "relation"
            && let Some(items) = value.as_array_mut()
        {
            property["has_more"] = json!(items.len() > REFERENCES);
            items.truncate(REFERENCES);
        }
        property[kind] = value;
        properties.insert(column.name.clone(), property);
    }
    json!({
        "object": "page",
        "id": page.id,
        "created_time": iso(page.created),
        "last_edited_time": iso(page.edited),
        "created_by": user,
        "last_edited_by": user,
        "cover": null,
        "icon": null,
        "parent": {
            "type": "data_source_id",
            "data_source_id": source.id,
            "database_id": source.database,
        },
        "is_locked": false,
        "in_trash": page.in_trash,
        "archived": page.in_trash,
        "properties": properties,
        "url": format!("https://www.notion.so/{}", page.id.simple()),
        "public_url": null,
    })
}

fn find<'a>(world: &'a World, id: &str) -> Result<(&'a Source, &'a Page), Refusal> {
    let missing = || Refusal::not_found("page", id);
    let uuid = Uuid::try_parse(id).map_err(|_| missing())?;
    let page = world.pages.get(&uuid).ok_or_else(missing)?;
    Ok((world.source(page.source).ok_or_else(missing)?, page))
}

/// Checks all values before any is taken.
fn accept(
    world: &mut World,
    source: Uuid,
    properties: Option<&Value>,
) -> Result<BTreeMap<String, Value>, Refusal> {
    let Some(properties) = properties else {
        return Ok(BTreeMap::new());
    };
    let properties = properties
        .as_object()
        .ok_or_else(|| Refusal::validation("body.properties should be an object."))?;
    let missing = || Refusal::not_found("data_source", &source.to_string());
    let mut columns = world.source(source).ok_or_else(missing)?.columns.clone();
    let exists = |page: Uuid, related: Option<Uuid>| {
        let page = world.pages.get(&page);
        page.is_some_and(|page| related.is_none_or(|related| related == page.source))
    };
    let mut accepted = BTreeMap::new();
    for (key, sent) in properties {
        let column = columns
            .iter_mut()
            .find(|column| column.name == *key || column.id == *key)
            .ok_or_else(|| Refusal::validation(format!("{key} is not a property that exists.")))?;
        let value = values::accept(column, sent, &exists)?;
        accepted.insert(column.id.clone(), value);
    }
    world.source_mut(source).ok_or_else(missing)?.columns = columns;
    Ok(accepted)
}
