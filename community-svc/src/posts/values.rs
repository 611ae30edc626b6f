//! What a post shall hold, checked against its post type before BetterMode is asked.
//!
//! BetterMode keeps everything in fields: a key and a type that the post type lists,
//! and a value that is JSON text. Every piece of HTML that leaves here is sanitised.

use bettermode::{MappingField, MappingType, PostType, PostTypeMapping};
use jiff::Timestamp;
use serde_json::Value;

use crate::error::Error;
use crate::html;

/// What a post shall hold.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// The title, plain text.
    pub title: Option<String>,
    /// The body, sanitised.
    pub html: Option<String>,
    /// Further values.
    pub fields: Vec<Field>,
}

/// A value by its key.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key, as the post type has it.
    pub key: String,
    /// The value; null for none.
    pub value: Value,
}

/// The fields of a new post of this type: every value fits, and nothing that the type
/// requires is missing.
///
/// # Errors
/// [`Error::InvalidField`], about `title`, `content` or `fields`.
pub(crate) fn complete(kind: &PostType, values: &Values) -> Result<Vec<MappingField>, Error> {
    let mut fields = assigned(kind, values)?;
    // BetterMode takes no nulls in a new post.
    fields.retain(|field| field.json_value != "null");
    match missing(kind, &fields) {
        None => Ok(fields),
        Some(key) => Err(is_required(kind, key)),
    }
}

/// The fields that a post has after a change: those of before, with every given value
/// in its place.
///
/// # Errors
/// As [`complete`]; what was missing before the change may be missing after it.
pub(super) fn merged(
    kind: &PostType,
    before: Vec<MappingField>,
    values: &Values,
) -> Result<Vec<MappingField>, Error> {
    let changes = assigned(kind, values)?;
    let required = |key: &str| kind.mappings.iter().any(|m| m.key == key && m.required);
    let emptied = |field: &&MappingField| {
        matches!(field.json_value.as_str(), "null" | "\"\"") && required(&field.key)
    };
    if let Some(field) = changes.iter().find(emptied) {
        return Err(is_required(kind, &field.key));
    }
    let mut fields = before;
    for change in changes {
        match fields.iter_mut().find(|field| field.key == change.key) {
            Some(field) => *field = change,
            None => fields.push(change),
        }
    }
    Ok(fields)
}

/// Each value by the key and type that the post type has for it.
fn assigned(kind: &PostType, values: &Values) -> Result<Vec<MappingField>, Error> {
    let mut fields = Vec::new();
    if let Some(title) = &values.title {
        let key = kind
            .title_key()
            .ok_or_else(|| Error::invalid("title", "must be empty: the post type has no title"))?;
        fields.push(MappingField::text(key, title));
    }
    if let Some(html) = &values.html {
        let key = kind.content_key().ok_or_else(|| {
            Error::invalid("content", "must not be set: the post type has no body")
        })?;
        fields.push(MappingField::html(key, html));
    }
    for (index, field) in values.fields.iter().enumerate() {
        let mapping = kind.mappings.iter().find(|m| m.key == field.key);
        // The key itself is not repeated: whatever a caller put there, it is not ours.
        let mapping = mapping.ok_or_else(|| {
            let rule = format!("must hold keys of the post type only; the one at {index} is none");
            Error::invalid("fields", rule)
        })?;
        if fields.iter().any(|known| known.key == mapping.key) {
            let rule = format!("must hold each key once; {} is given twice", mapping.key);
            return Err(Error::invalid("fields", rule));
        }
        fields.push(MappingField {
            key: mapping.key.clone(),
            kind: mapping.kind.clone(),
            json_value: fit(mapping, &field.value)?,
        });
    }
    Ok(fields)
}

/// The value as JSON text, if it is of the mapping's type.
fn fit(mapping: &PostTypeMapping, value: &Value) -> Result<String, Error> {
    let wrong = |wanted: &str| {
        let rule = format!("must hold {wanted} under the key {}", mapping.key);
        Err(Error::invalid("fields", rule))
    };
    let all = |check: fn(&Value) -> bool| value.as_array().is_some_and(|v| v.iter().all(check));
    match (&mapping.kind, value) {
        (_, Value::Null) => {}
        (MappingType::Text, _) if !value.is_string() => return wrong("a string"),
        (MappingType::Image, _) if !value.is_string() => return wrong("an image's id, a string,"),
        (MappingType::Number, _) if !value.is_number() => return wrong("a number"),
        (MappingType::Boolean, _) if !value.is_boolean() => return wrong("true or false"),
        (MappingType::TextArray, _) if !all(Value::is_string) => return wrong("a list of strings"),
        (MappingType::NumberArray, _) if !all(Value::is_number) => {
            return wrong("a list of numbers");
        }
        (MappingType::Html, Value::String(html)) => {
            return Ok(Value::from(html::sanitise(html)).to_string());
        }
        (MappingType::Html, _) => return wrong("HTML, a string,"),
        (MappingType::Date, _) => match value.as_str().map(str::parse::<Timestamp>) {
            Some(Ok(at)) => return Ok(Value::from(iso(at)).to_string()),
            _ => return wrong("an ISO 8601 date with time and offset, a string,"),
        },
        _ => {}
    }
    Ok(value.to_string())
}

/// A moment as BetterMode writes it: UTC with milliseconds.
fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The first key that the type requires and that has no value.
fn missing<'k>(kind: &'k PostType, fields: &[MappingField]) -> Option<&'k str> {
    let has = |key: &str| {
        let field = fields.iter().find(|field| field.key == key);
        field.is_some_and(|field| field.json_value != "\"\"")
    };
    let mut required = kind.mappings.iter().filter(|mapping| mapping.required);
    required
        .find(|mapping| !has(&mapping.key))
        .map(|mapping| mapping.key.as_str())
}

fn is_required(kind: &PostType, key: &str) -> Error {
    if kind.title_key() == Some(key) {
        Error::invalid("title", "must not be empty: the post type requires it")
    } else if kind.content_key() == Some(key) {
        Error::invalid("content", "must be set: the post type requires a body")
    } else {
        let rule = format!("must hold a value under the key {key}, which the post type requires");
        Error::invalid("fields", rule)
    }
}

#[cfg(test)]
mod tests;
