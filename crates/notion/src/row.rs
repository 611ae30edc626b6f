//! A row as Notion answers with it.

use serde_json::{Map, Value as Json};

use crate::id::{PageId, PropertyId};
use crate::schema::plain_text;

/// A page of a data source, with the columns that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The page.
    pub id: PageId,
    /// When it was made, as Notion wrote it: to the minute.
    pub created_time: String,
    /// Whether it is in the trash.
    pub in_trash: bool,
    properties: Map<String, Json>,
}

impl Row {
    /// A page object, whole or the part that an integration without read capability gets.
    pub(crate) fn read(json: &Json) -> Option<Self> {
        if json.get("object")?.as_str()? != "page" {
            return None;
        }
        // The older word is still sent beside the newer one.
        let is = |key| json.get(key).and_then(Json::as_bool).unwrap_or(false);
        Some(Self {
            id: json.get("id")?.as_str()?.parse().ok()?,
            created_time: json
                .get("created_time")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned(),
            in_trash: is("in_trash") || is("archived"),
            properties: json
                .get("properties")
                .and_then(Json::as_object)
                .cloned()
                .unwrap_or_default(),
        })
    }

    /// What a column of this id holds, as text: all pieces of a text, an address, the name of
    /// an option, a number. Empty when the column is empty or was not asked for.
    #[must_use]
    pub fn text(&self, column: &PropertyId) -> String {
        let value = self
            .properties
            .values()
            .find(|value| value.get("id").and_then(Json::as_str) == Some(column.as_str()));
        value.map(as_text).unwrap_or_default()
    }
}

/// By the value's own `type`: real answers begin with `id`, so its place says nothing.
fn as_text(value: &Json) -> String {
    let Some(kind) = value.get("type").and_then(Json::as_str) else {
        return String::new();
    };
    let inner = value.get(kind).unwrap_or(&Json::Null);
    match kind {
        "title" | "rich_text" => plain_text(inner),
        "email" | "url" | "phone_number" => inner.as_str().unwrap_or_default().to_owned(),
        "select" | "status" => {
            let name = inner.get("name").and_then(Json::as_str);
            name.unwrap_or_default().to_owned()
        }
        "number" => match inner.as_f64() {
            Some(number) => number.to_string(),
            None => String::new(),
        },
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_by_their_type_and_not_by_their_first_key() {
        let row = Row::read(&json!({
            "object": "page", "id": "0f0e0d0c-0b0a-4908-8706-050403020100",
            "archived": true,
            "properties": {
                "Key": { "id": "a", "type": "rich_text",
                         "rich_text": [{ "plain_text": "one " }, { "plain_text": "two" }] },
                "Circle": { "id": "b", "type": "number", "number": 4101.0 },
                "Role": { "id": "c", "type": "select", "select": null },
            }
        }))
        .unwrap();
        let text = |id| row.text(&PropertyId::new(id));
        assert_eq!(
            [text("a"), text("b"), text("c"), text("d")],
            ["one two", "4101", "", ""]
        );
        assert!(row.in_trash);
    }

    #[test]
    fn a_partial_page_is_a_row_without_columns() {
        let id = "0f0e0d0c-0b0a-4908-8706-050403020100";
        let row = Row::read(&json!({ "object": "page", "id": id })).unwrap();
        assert_eq!(row.id.as_str(), id);
    }
}
