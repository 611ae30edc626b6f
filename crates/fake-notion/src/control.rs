//! The control paths below `/_fake/`: what a test or a demo does to the fake itself, and
//! what people do in Notion.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::counters::Counters;
use crate::fake::{Fake, State};
use crate::faults::{Fault, Setting};
use crate::refusal::Refusal;
use crate::seed::{self, NewDatabase};
use crate::world::{Page, Source, World};
use crate::{pages, values};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRows {
    rows: Vec<NewRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connection {
    connected: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRow {
    created_time: Option<Timestamp>,
    properties: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Columns {
    add: BTreeMap<String, String>,
    rename: BTreeMap<String, String>,
    drop: Vec<String>,
}

/// Answers a control request.
pub(crate) fn answer(fake: &Fake, request: &Request<Bytes>) -> Response<Bytes> {
    match route(fake, request) {
        Ok(body) => fake_kit::answer::json(StatusCode::OK, &body),
        Err(refusal) => refusal.response(),
    }
}

fn route(fake: &Fake, request: &Request<Bytes>) -> Result<Value, Refusal> {
    let path = request.uri().path().trim_start_matches("/_fake");
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let body = request.body();
    let options = request.uri().query().unwrap_or_default();
    let now = fake.now();
    let mut state = fake.state();
    let State {
        world,
        counters,
        faults,
        ..
    } = &mut *state;
    match (request.method().as_str(), parts.as_slice()) {
        ("GET", ["world"]) => Ok(dump(world)),
        ("POST", ["databases"]) => {
            let new: NewDatabase = read(body)?;
            let id = seed::database(world, new).map_err(Refusal::validation)?;
            let sources = world.sources_of(id);
            let sources: Map<String, Value> = sources
                .map(|source| (source.name.clone(), json!(source.id)))
                .collect();
            Ok(json!({ "id": id, "data_sources": sources }))
        }
        ("POST", ["databases", id]) => {
            let Connection { connected } = read(body)?;
            let found = world
                .databases
                .iter_mut()
                .find(|it| it.id.to_string() == *id);
            found.ok_or_else(|| unknown("database"))?.connected = connected;
            Ok(json!({ "done": true }))
        }
        ("GET", ["data_sources", id, "rows"]) => rows(world, id, options.contains("raw=1")),
        ("POST", ["data_sources", id, "rows"]) => add_rows(world, id, read(body)?, now),
        ("POST", ["data_sources", id, "columns"]) => columns(source_mut(world, id)?, read(body)?),
        ("PATCH", ["pages", id]) => pages::update(world, id, &read(body)?, now),
        ("DELETE", ["pages", id]) => remove(world, id, options.contains("forever=1")),
        ("GET", ["counters"]) => Ok(counters.to_json()),
        ("DELETE", ["counters"]) => {
            *counters = Counters::default();
            Ok(json!({ "done": true }))
        }
        ("GET", ["faults"]) => Ok(faults.to_json()),
        ("DELETE", ["faults"]) => {
            faults.clear(None);
            Ok(faults.to_json())
        }
        ("DELETE", ["faults", name]) => {
            faults.clear(Some(named(name)?));
            Ok(faults.to_json())
        }
        ("POST", ["faults", name]) => {
            let setting: Setting = read(body)?;
            faults.set(named(name)?, setting);
            Ok(faults.to_json())
        }
        _ => Err(unknown("control path; the README lists them")),
    }
}

fn dump(world: &World) -> Value {
    let source = |source: &Source| {
        let columns: Map<String, Value> = source
            .columns
            .iter()
            .map(|column| (column.name.clone(), json!(column.kind)))
            .collect();
        json!({
            "id": source.id, "name": source.name, "rows": source.pages.len(), "columns": columns,
        })
    };
    let databases = world.databases.iter().map(|database| {
        let sources: Vec<_> = world.sources_of(database.id).map(source).collect();
        json!({
            "id": database.id, "title": database.title, "connected": database.connected,
            "data_sources": sources,
        })
    });
    json!({ "databases": databases.collect::<Vec<_>>() })
}

fn rows(world: &World, id: &str, raw: bool) -> Result<Value, Refusal> {
    let id = Uuid::try_parse(id).map_err(|_| unknown("data source"))?;
    let source = world.source(id).ok_or_else(|| unknown("data source"))?;
    let pages = source.pages.iter().filter_map(|id| world.pages.get(id));
    let row = |page: &Page| {
        if raw {
            return pages::to_json(source, page, None);
        }
        let plain: Map<String, Value> = source
            .columns
            .iter()
            .map(|column| {
                let value = page.values.get(&column.id).cloned();
                let value = value.unwrap_or_else(|| values::empty(&column.kind));
                (column.name.clone(), values::plain(&column.kind, &value))
            })
            .collect();
        json!({ "id": page.id, "in_trash": page.in_trash, "properties": plain })
    };
    Ok(pages.map(row).collect())
}

fn add_rows(world: &mut World, id: &str, new: NewRows, now: Timestamp) -> Result<Value, Refusal> {
    let id = source_mut(world, id)?.id;
    let made = new.rows.into_iter().map(|row| {
        let created = row.created_time.unwrap_or(now);
        pages::make(world, id, Some(&row.properties), created).map(|id| json!(id))
    });
    Ok(Value::from(made.collect::<Result<Vec<_>, _>>()?))
}

fn columns(source: &mut Source, change: Columns) -> Result<Value, Refusal> {
    for (name, kind) in change.add {
        source.add(&name, &kind, None);
    }
    for (old, new) in change.rename {
        let column = source.columns.iter_mut().find(|column| column.name == old);
        column.ok_or_else(|| unknown("column"))?.name = new;
    }
    source
        .columns
        .retain(|column| !change.drop.contains(&column.name));
    Ok(source.to_json())
}

fn remove(world: &mut World, id: &str, forever: bool) -> Result<Value, Refusal> {
    let id = Uuid::try_parse(id).map_err(|_| unknown("page"))?;
    if forever {
        let page = world.pages.remove(&id).ok_or_else(|| unknown("page"))?;
        if let Some(source) = world.source_mut(page.source) {
            source.pages.retain(|page| *page != id);
        }
    } else {
        let page = world.pages.get_mut(&id).ok_or_else(|| unknown("page"))?;
        page.in_trash = true;
    }
    Ok(json!({ "done": true }))
}

fn source_mut<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Source, Refusal> {
    let id = Uuid::try_parse(id).map_err(|_| unknown("data source"))?;
    world.source_mut(id).ok_or_else(|| unknown("data source"))
}

fn named(name: &str) -> Result<Fault, Refusal> {
    serde_json::from_value(Value::from(name)).map_err(|_| unknown("fault"))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text)
        .map_err(|error| Refusal::validation(format!("cannot read the body: {error}")))
}

fn unknown(what: &str) -> Refusal {
    Refusal::new(404, "object_not_found", format!("no such {what}"))
}
