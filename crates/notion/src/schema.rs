//! The columns of a data source.

use std::fmt;
use std::str::FromStr;

use serde_json::Value as Json;

use crate::id::{DataSourceId, DatabaseId, PropertyId};

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PropertyKind {
    /// `title`: each data source has exactly one.
    Title,
    /// `rich_text`.
    RichText,
    /// `email`.
    Email,
    /// `url`.
    Url,
    /// `phone_number`.
    PhoneNumber,
    /// `select`.
    Select,
    /// `multi_select`.
    MultiSelect,
    /// `status`.
    Status,
    /// `date`.
    Date,
    /// `number`.
    Number,
    /// `checkbox`.
    Checkbox,
    /// `relation`.
    Relation,
    /// Any other, such as `formula` or `rollup`; it cannot be written.
    Other(String),
}

impl PropertyKind {
    /// Notion's name of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Title => "title",
            Self::RichText => "rich_text",
            Self::Email => "email",
            Self::Url => "url",
            Self::PhoneNumber => "phone_number",
            Self::Select => "select",
            Self::MultiSelect => "multi_select",
            Self::Status => "status",
            Self::Date => "date",
            Self::Number => "number",
            Self::Checkbox => "checkbox",
            Self::Relation => "relation",
            Self::Other(name) => name,
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        name.parse()
            .unwrap_or_else(|_| Self::Other(name.to_owned()))
    }
}

impl FromStr for PropertyKind {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "title" => Self::Title,
            "rich_text" => Self::RichText,
            "email" => Self::Email,
            "url" => Self::Url,
            "phone_number" => Self::PhoneNumber,
            "select" => Self::Select,
            "multi_select" => Self::MultiSelect,
            "status" => Self::Status,
            "date" => Self::Date,
            "number" => Self::Number,
            "checkbox" => Self::Checkbox,
            "relation" => Self::Relation,
            _ => {
                return Err(
                    "use title, rich_text, email, url, phone_number, select, multi_select, status, \
                     date, number, checkbox or relation",
                );
            }
        })
    }
}

impl fmt::Display for PropertyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its id; it stays when the column is renamed.
    pub id: PropertyId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: PropertyKind,
    /// The data source that a relation leads to.
    pub related: Option<DataSourceId>,
}

/// A data source and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSource {
    /// Its id.
    pub id: DataSourceId,
    /// The database that holds it.
    pub database_id: Option<DatabaseId>,
    /// Its name; empty when it has none.
    pub name: String,
    /// Its columns.
    pub properties: Vec<Property>,
}

impl DataSource {
    /// The column of this name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }

    /// What `GET data_sources/{id}` answers.
    pub(crate) fn read(json: &Json) -> Option<Self> {
        let properties = json.get("properties")?.as_object()?;
        let id: DataSourceId = json.get("id")?.as_str()?.parse().ok()?;
        let database = json.pointer("/parent/database_id").and_then(Json::as_str);
        Some(Self {
            id,
            database_id: database.and_then(|id| id.parse().ok()),
            name: plain_text(json.get("title").unwrap_or(&Json::Null)),
            properties: properties
                .iter()
                .filter_map(|(name, property)| read_property(name, property))
                .collect(),
        })
    }
}

fn read_property(name: &str, json: &Json) -> Option<Property> {
    let related = json
        .pointer("/relation/data_source_id")
        .and_then(Json::as_str);
    Some(Property {
        id: PropertyId::new(json.get("id")?.as_str()?),
        name: name.to_owned(),
        kind: PropertyKind::named(json.get("type")?.as_str()?),
        related: related.and_then(|id| id.parse().ok()),
    })
}

/// All pieces of a text, whatever they are: mentions have a plain text too.
pub(crate) fn plain_text(pieces: &Json) -> String {
    let pieces = pieces.as_array().map(Vec::as_slice).unwrap_or_default();
    pieces
        .iter()
        .filter_map(|piece| piece.get("plain_text").and_then(Json::as_str))
        .collect()
}
