//! Columns and how Notion describes them.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::time::iso;
use crate::world::{Database, Source, World};

/// Types that can be written.
pub(crate) const WRITABLE: &[&str] = &[
    "title",
    "rich_text",
    "email",
    "url",
    "phone_number",
    "select",
    "multi_select",
    "status",
    "date",
    "number",
    "checkbox",
    "relation",
];
/// Types that Notion fills.
pub(crate) const READ_ONLY: &[&str] = &[
    "formula",
    "rollup",
    "created_time",
    "created_by",
    "last_edited_time",
    "last_edited_by",
    "unique_id",
    "button",
];

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) options: Vec<String>,
    pub(crate) related: Option<Uuid>,
}

impl Source {
    /// By name or id.
    pub(crate) fn column(&self, key: &str) -> Option<&Column> {
        let mut columns = self.columns.iter();
        columns.find(|column| column.name == key || column.id == key)
    }

    /// Adds a column.
    pub(crate) fn add(&mut self, name: &str, kind: &str, related: Option<Uuid>) {
        // As Notion's: percent-encoded, and `title` for the title.
        let id = match kind {
            "title" => "title".to_owned(),
            _ => format!("c%3A{:02}", self.columns.len()),
        };
        self.columns.push(Column {
            id,
            name: name.to_owned(),
            kind: kind.to_owned(),
            options: Vec::new(),
            related,
        });
    }

    pub(crate) fn to_json(&self) -> Value {
        let properties: Map<String, Value> = self
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.to_json()))
            .collect();
        json!({
            "object": "data_source",
            "id": self.id,
            "parent": { "type": "database_id", "database_id": self.database },
            "title": text(&self.name),
            "description": [],
            "properties": properties,
            "archived": false,
            "in_trash": false,
        })
    }
}

impl Column {
    fn to_json(&self) -> Value {
        let settings = match self.kind.as_str() {
            "select" | "multi_select" | "status" => json!({ "options": self.options() }),
            "relation" => json!({
                "data_source_id": self.related, "type": "single_property", "single_property": {},
            }),
            "number" => json!({ "format": "number" }),
            _ => json!({}),
        };
        let kind = self.kind.as_str();
        json!({ "id": self.id, "name": self.name, "type": kind, kind: settings })
    }

    fn options(&self) -> Vec<Value> {
        self.options.iter().map(|name| self.option(name)).collect()
    }

    /// An option as answers hold it.
    pub(crate) fn option(&self, name: &str) -> Value {
        let number = self.options.iter().position(|known| known == name);
        let id = format!("{}-{}", self.id, number.unwrap_or(self.options.len()));
        json!({ "id": id, "name": name, "color": "default" })
    }
}

/// A database as `GET databases/{id}` answers with it.
pub(crate) fn database(world: &World, database: &Database) -> Value {
    let sources = world.sources_of(database.id);
    let sources: Vec<_> = sources
        .map(|source| json!({ "id": source.id, "name": source.name }))
        .collect();
    json!({
        "object": "database",
        "id": database.id,
        "title": text(&database.title),
        "description": [],
        "is_inline": false,
        "in_trash": false,
        "data_sources": sources,
        "created_time": iso(jiff::Timestamp::UNIX_EPOCH),
    })
}

/// A text as answers hold it.
pub(crate) fn text(content: &str) -> Value {
    json!([{
        "type": "text",
        "text": { "content": content, "link": null },
        "annotations": {
            "bold": false, "italic": false, "strikethrough": false, "underline": false,
            "code": false, "color": "default",
        },
        "plain_text": content,
        "href": null,
    }])
}

/// `PATCH data_sources/{id}`: new columns, `{"type": {..}}` each.
pub(crate) fn add_columns(world: &mut World, id: Uuid, body: &Value) -> Result<Value, Refusal> {
    let wanted = body.get("properties").and_then(Value::as_object);
    let wanted =
        wanted.ok_or_else(|| Refusal::validation("body.properties should be an object"))?;
    let missing = || Refusal::not_found("data_source", &id.to_string());
    let mut adds = Vec::new();
    for (name, settings) in wanted {
        let kind = WRITABLE.iter().find(|kind| settings.get(**kind).is_some());
        let kind = kind.ok_or_else(|| {
            Refusal::validation(format!("body.properties.{name} should define a type"))
        })?;
        let mut related = None;
        if *kind == "relation" {
            let text = settings
                .pointer("/relation/data_source_id")
                .and_then(Value::as_str);
            related = text.and_then(|text| Uuid::try_parse(text).ok());
            let known = related.and_then(|related| world.source(related));
            if known.is_none() {
                return Err(Refusal::not_found("data_source", text.unwrap_or("?")));
            }
        }
        adds.push((name.clone(), *kind, related));
    }
    let source = world.source_mut(id).ok_or_else(missing)?;
    for (name, kind, related) in adds {
        if source.column(&name).is_some() || kind == "title" {
            let message = format!("Cannot make {name}: it exists, or is a second title");
            return Err(Refusal::validation(message));
        }
        source.add(&name, kind, related);
    }
    Ok(source.to_json())
}
