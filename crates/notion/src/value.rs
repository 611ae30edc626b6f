//! Values of columns, written by their real types and within Notion's limits.
//!
//! What does not fit is made to fit here, in one place, rather than refused by Notion in the
//! middle of a run: see [`Value::to_json`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::id::PageId;
use crate::schema::PropertyKind;
use crate::text::{ITEMS, UNITS, cut, split, utf16_len};

/// Notion's limit for an e-mail address and a phone number, in characters.
const SHORT: usize = 200;
/// Notion's limit for the name of an option, in characters.
const OPTION: usize = 100;

/// Columns to write: the column's name or id, and its value.
pub type Properties = BTreeMap<String, Value>;

/// The value of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The row's title.
    Title(String),
    /// Text.
    RichText(String),
    /// An e-mail address.
    Email(Option<String>),
    /// An address of a page.
    Url(Option<String>),
    /// A phone number.
    PhoneNumber(Option<String>),
    /// One of the column's options; new ones are made by Notion.
    Select(Option<String>),
    /// Options; they replace those that the row had.
    MultiSelect(Vec<String>),
    /// One of the column's statuses; Notion makes no new ones.
    Status(Option<String>),
    /// A moment.
    Date(Option<Timestamp>),
    /// A number.
    Number(Option<f64>),
    /// Yes or no.
    Checkbox(bool),
    /// Rows of the related data source; they replace those that the row had.
    Relation(Vec<PageId>),
}

impl Value {
    /// The type that the column must have.
    #[must_use]
    pub fn kind(&self) -> PropertyKind {
        match self {
            Self::Title(_) => PropertyKind::Title,
            Self::RichText(_) => PropertyKind::RichText,
            Self::Email(_) => PropertyKind::Email,
            Self::Url(_) => PropertyKind::Url,
            Self::PhoneNumber(_) => PropertyKind::PhoneNumber,
            Self::Select(_) => PropertyKind::Select,
            Self::MultiSelect(_) => PropertyKind::MultiSelect,
            Self::Status(_) => PropertyKind::Status,
            Self::Date(_) => PropertyKind::Date,
            Self::Number(_) => PropertyKind::Number,
            Self::Checkbox(_) => PropertyKind::Checkbox,
            Self::Relation(_) => PropertyKind::Relation,
        }
    }

    /// The value as a request carries it. Texts are split into pieces of 2,000 UTF-16 units
    /// and cut after 100 of them; an address, URL or phone number that is too long is left
    /// empty, since a part of it would be a wrong one; commas in names of options, which
    /// Notion refuses, become semicolons; options are cut to 100 characters, empty and
    /// repeated ones left out, no more than 100 sent; a number that is none is left empty.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Title(text) => json!({ "title": pieces(text) }),
            Self::RichText(text) => json!({ "rich_text": pieces(text) }),
            Self::Email(text) => json!({ "email": short(text.as_deref(), SHORT) }),
            Self::Url(text) => json!({ "url": short(text.as_deref(), UNITS) }),
            Self::PhoneNumber(text) => json!({ "phone_number": short(text.as_deref(), SHORT) }),
            Self::Select(name) => json!({ "select": name.as_deref().and_then(option) }),
            Self::Status(name) => json!({ "status": name.as_deref().and_then(option) }),
            Self::MultiSelect(names) => json!({ "multi_select": options(names) }),
            Self::Date(at) => json!({ "date": at.map(|at| json!({ "start": iso(at) })) }),
            Self::Number(number) => {
                json!({ "number": number.filter(|number| number.is_finite()) })
            }
            Self::Checkbox(checked) => json!({ "checkbox": checked }),
            Self::Relation(pages) => {
                let pages = pages.iter().take(ITEMS);
                json!({ "relation": pages.map(|id| json!({ "id": id })).collect::<Vec<_>>() })
            }
        }
    }
}

/// All columns of a request's `properties`.
pub(crate) fn to_json(properties: &Properties) -> Json {
    properties
        .iter()
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// UTC with milliseconds, as Notion writes moments.
fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn pieces(text: &str) -> Vec<Json> {
    split(text)
        .into_iter()
        .map(|piece| json!({ "type": "text", "text": { "content": piece } }))
        .collect()
}

fn short(text: Option<&str>, most: usize) -> Option<&str> {
    text.filter(|text| !text.is_empty() && utf16_len(text) <= most)
}

fn option_name(name: &str) -> Option<String> {
    let name = name.replace(',', ";");
    let name = cut(name.trim(), OPTION).trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn option(name: &str) -> Option<Json> {
    option_name(name).map(|name| json!({ "name": name }))
}

fn options(names: &[String]) -> Vec<Json> {
    let mut kept: Vec<String> = Vec::new();
    for name in names.iter().filter_map(|name| option_name(name)) {
        if !kept.contains(&name) && kept.len() < ITEMS {
            kept.push(name);
        }
    }
    kept.into_iter()
        .map(|name| json!({ "name": name }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_written_as_notion_wants_it() {
        let page: PageId = "12345678-1234-4234-8234-123456789abc".parse().unwrap();
        let at: Timestamp = "2025-01-10T12:00:00Z".parse().unwrap();
        let text = json!([{ "type": "text", "text": { "content": "Ada" } }]);
        for (value, written) in [
            (Value::Title("Ada".into()), json!({ "title": text })),
            (Value::RichText("Ada".into()), json!({ "rich_text": text })),
            (Value::RichText(String::new()), json!({ "rich_text": [] })),
            (
                Value::Email(Some("a@b.c".into())),
                json!({ "email": "a@b.c" }),
            ),
            (Value::Email(Some(String::new())), json!({ "email": null })),
            (Value::Url(None), json!({ "url": null })),
            (
                Value::Select(Some("A".into())),
                json!({ "select": { "name": "A" } }),
            ),
            (Value::Select(None), json!({ "select": null })),
            (
                Value::Date(Some(at)),
                json!({ "date": { "start": "2025-01-10T12:00:00.000Z" } }),
            ),
            (Value::Number(Some(4.5)), json!({ "number": 4.5 })),
            (Value::Number(Some(f64::NAN)), json!({ "number": null })),
            (Value::Checkbox(true), json!({ "checkbox": true })),
            (
                Value::Relation(vec![page]),
                json!({ "relation": [{ "id": "12345678-1234-4234-8234-123456789abc" }] }),
            ),
        ] {
            assert_eq!(value.to_json(), written);
        }
    }

    #[test]
    fn a_comma_in_select_becomes_a_semicolon() {
        let value = Value::Select(Some("Arts, Crafts".into()));
        assert_eq!(value.to_json()["select"]["name"], "Arts; Crafts");
        let both = Value::MultiSelect(vec!["a,b".into(), "a;b".into(), " ".into()]);
        assert_eq!(
            both.to_json(),
            json!({ "multi_select": [{ "name": "a;b" }] })
        );
    }

    #[test]
    fn an_address_that_is_too_long_is_left_empty_and_never_cut() {
        let long = format!("{}@example.org", "a".repeat(200));
        assert_eq!(Value::Email(Some(long)).to_json(), json!({ "email": null }));
        let long = format!("https://example.org/{}", "a".repeat(2_000));
        assert_eq!(Value::Url(Some(long)).to_json(), json!({ "url": null }));
    }

    #[test]
    fn more_than_100_options_or_relations_are_not_sent() {
        let names: Vec<_> = (0..150).map(|number| format!("tag {number}")).collect();
        let sent = Value::MultiSelect(names).to_json();
        assert_eq!(sent["multi_select"].as_array().unwrap().len(), 100);
    }
}
