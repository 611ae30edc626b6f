//! What is asked of a data source.

use serde_json::{Value as Json, json};

use crate::id::PropertyId;
use crate::row::Row;
use crate::schema::{Property, PropertyKind};

/// How many rows Notion answers with at once, at most.
const PAGE_SIZE: usize = 100;

/// Which rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// A column holds exactly this text, address or number.
    Equals {
        /// The column.
        property: PropertyId,
        /// Its type: the filter's key must name it.
        kind: PropertyKind,
        /// What it holds.
        text: String,
    },
    /// Made at this time or later; as Notion writes times.
    CreatedFrom(String),
}

impl Filter {
    /// Rows whose column holds exactly this.
    #[must_use]
    pub fn equals(column: &Property, text: impl Into<String>) -> Self {
        Self::Equals {
            property: column.id.clone(),
            kind: column.kind.clone(),
            text: text.into(),
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Equals {
                property,
                kind,
                text,
            } => {
                let value = match kind {
                    // A text that is no number finds nothing, as it should.
                    PropertyKind::Number => json!(text.parse::<f64>().unwrap_or(-1.0)),
                    _ => json!(text),
                };
                json!({ "property": property, kind.name(): { "equals": value } })
            }
            Self::CreatedFrom(time) => {
                json!({ "timestamp": "created_time", "created_time": { "on_or_after": time } })
            }
        }
    }
}

/// A query: rows in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Which rows; all without one.
    pub filter: Option<Filter>,
    /// Which columns the answer shall hold; all when empty.
    pub columns: Vec<PropertyId>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl Query {
    pub(crate) fn body(&self) -> Json {
        let mut body = json!({
            "page_size": PAGE_SIZE,
            "sorts": [{ "timestamp": "created_time", "direction": "ascending" }],
        });
        if let Some(filter) = &self.filter {
            body["filter"] = filter.to_json();
        }
        if let Some(cursor) = &self.cursor {
            body["start_cursor"] = json!(cursor);
        }
        body
    }
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryPage {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where to go on; `None` on the last page.
    pub next: Option<String>,
    /// Notion stopped at its 10,000 results: this is not all.
    pub incomplete: bool,
}

impl QueryPage {
    pub(crate) fn read(json: &Json) -> Option<Self> {
        let results = json.get("results")?.as_array()?;
        let more = json
            .get("has_more")
            .and_then(Json::as_bool)
            .unwrap_or(false);
        let next = json.get("next_cursor").and_then(Json::as_str);
        let status = json.pointer("/request_status/type").and_then(Json::as_str);
        Some(Self {
            rows: results.iter().filter_map(Row::read).collect(),
            next: next.filter(|_| more).map(str::to_owned),
            incomplete: status == Some("incomplete"),
        })
    }
}
