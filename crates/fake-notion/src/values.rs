//! Values of columns: checked as Notion checks them, and as it answers with them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::schema::{Column, READ_ONLY, text};

const TEXT: usize = 2_000;
const SHORT: usize = 200;
const OPTION: usize = 100;
const ITEMS: usize = 100;

/// What a request wants a column to hold, as Notion would answer with it. New names of
/// options are added to the column.
pub(crate) fn accept(
    column: &mut Column,
    sent: &Value,
    exists: &dyn Fn(Uuid, Option<Uuid>) -> bool,
) -> Result<Value, Refusal> {
    let (name, kind) = (column.name.clone(), column.kind.clone());
    if READ_ONLY.contains(&kind.as_str()) {
        return Err(Refusal::validation(format!(
            "{name} is a {kind} and cannot be written"
        )));
    }
    let Some(value) = sent.get(&kind) else {
        return Err(Refusal::validation(format!(
            "{name} is expected to be {kind}."
        )));
    };
    let place = format!("body.properties.{name}.{kind}");
    match kind.as_str() {
        "title" | "rich_text" => texts(&place, value),
        "email" | "phone_number" => short(&place, value, SHORT),
        "url" => short(&place, value, TEXT),
        "select" | "status" if value.is_null() => Ok(Value::Null),
        "select" => option(column, &place, value),
        "status" => status(column, &place, value),
        "multi_select" => {
            let items = list(&place, value)?;
            let items = items.iter().map(|item| option(column, &place, item));
            items.collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        "date" => date(&place, value),
        "number" if value.is_number() || value.is_null() => Ok(value.clone()),
        "checkbox" if value.is_boolean() => Ok(value.clone()),
        "relation" => relation(column, &place, value, exists),
        other => Err(should_be(&place, other)),
    }
}

/// What a column holds that nobody has written.
pub(crate) fn empty(kind: &str) -> Value {
    match kind {
        "title" | "rich_text" | "multi_select" | "relation" => json!([]),
        "checkbox" => json!(false),
        _ => Value::Null,
    }
}

/// A value as plain text, for the control paths.
pub(crate) fn plain(kind: &str, value: &Value) -> Value {
    let names = |list: &Value, key: &str| -> Value {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|item| item[key].clone()).collect()
    };
    match kind {
        "title" | "rich_text" => {
            let pieces = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let text: String = pieces
                .iter()
                .filter_map(|piece| piece["plain_text"].as_str())
                .collect();
            json!(text)
        }
        "select" | "status" => value["name"].clone(),
        "date" => value["start"].clone(),
        "multi_select" => names(value, "name"),
        "relation" => names(value, "id"),
        _ => value.clone(),
    }
}

fn texts(place: &str, value: &Value) -> Result<Value, Refusal> {
    let mut pieces = Vec::new();
    for (number, item) in list(place, value)?.iter().enumerate() {
        let content = item.pointer("/text/content").and_then(Value::as_str);
        let place = format!("{place}[{number}].text.content");
        let content = content.ok_or_else(|| should_be(&place, "a string"))?;
        within(&place, content, TEXT)?;
        pieces.push(text(content)[0].clone());
    }
    Ok(Value::from(pieces))
}

fn short(place: &str, value: &Value, most: usize) -> Result<Value, Refusal> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let text = value
        .as_str()
        .ok_or_else(|| should_be(place, "a string or null"))?;
    if text.is_empty() {
        return Err(should_be(place, "not empty; null clears it"));
    }
    within(place, text, most)?;
    Ok(value.clone())
}

fn option(column: &mut Column, place: &str, value: &Value) -> Result<Value, Refusal> {
    let name = value.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| should_be(place, "an object with a name"))?;
    if name.contains(',') {
        let message = format!("Invalid select option, commas not allowed: {name}");
        return Err(Refusal::validation(message));
    }
    if name.is_empty() {
        return Err(should_be(place, "a name that is not empty"));
    }
    within(place, name, OPTION)?;
    if !column.options.iter().any(|known| known == name) {
        column.options.push(name.to_owned());
    }
    Ok(column.option(name))
}

fn status(column: &Column, place: &str, value: &Value) -> Result<Value, Refusal> {
    let name = value.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| should_be(place, "an object with a name"))?;
    if !column.options.iter().any(|known| known == name) {
        let message = format!("Invalid status option. Status option \"{name}\" does not exist.");
        return Err(Refusal::validation(message));
    }
    Ok(column.option(name))
}

fn date(place: &str, value: &Value) -> Result<Value, Refusal> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let is_time = |text: &str| text.parse::<Timestamp>().is_ok() || text.parse::<Date>().is_ok();
    let start = value.get("start").and_then(Value::as_str);
    let start = start.filter(|text| is_time(text));
    let start =
        start.ok_or_else(|| should_be(&format!("{place}.start"), "a valid ISO 8601 date"))?;
    Ok(json!({ "start": start, "end": value.get("end"), "time_zone": value.get("time_zone") }))
}

fn relation(
    column: &Column,
    place: &str,
    value: &Value,
    exists: &dyn Fn(Uuid, Option<Uuid>) -> bool,
) -> Result<Value, Refusal> {
    let mut ids = Vec::new();
    for item in list(place, value)? {
        let text = item.get("id").and_then(Value::as_str).unwrap_or_default();
        let id = Uuid::try_parse(text).map_err(|_| should_be(place, "a list of page ids"))?;
        if !exists(id, column.related) {
            return Err(Refusal::not_found("page", text));
        }
        ids.push(json!({ "id": id }));
    }
    Ok(Value::from(ids))
}

fn list<'a>(place: &str, value: &'a Value) -> Result<&'a [Value], Refusal> {
    let items = value
        .as_array()
        .ok_or_else(|| should_be(place, "an array"))?;
    if items.len() > ITEMS {
        let message = format!(
            "{place}.length should be ≤ `{ITEMS}`, instead was `{}`.",
            items.len()
        );
        return Err(Refusal::validation(message));
    }
    Ok(items)
}

fn within(place: &str, text: &str, most: usize) -> Result<(), Refusal> {
    let units = text.encode_utf16().count();
    if units > most {
        let message = format!("{place}.length should be ≤ `{most}`, instead was `{units}`.");
        return Err(Refusal::validation(message));
    }
    Ok(())
}

fn should_be(place: &str, what: &str) -> Refusal {
    Refusal::validation(format!("{place} should be {what}."))
}
