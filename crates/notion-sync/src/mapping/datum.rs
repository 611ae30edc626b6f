//! A value on its way from the community to a column.

use jiff::Timestamp;
use notion::{PageId, PropertyKind, Value};
use serde_json::Value as Json;

/// What a field holds, before it is known which type the column has.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// A text; empty for none.
    Text(String),
    /// A number.
    Number(f64),
    /// A moment, where there is one.
    Time(Option<Timestamp>),
    /// Rows of the other data source.
    Pages(Vec<PageId>),
    /// Whatever a custom profile field holds.
    Any(Json),
}

impl Datum {
    /// As the column's type. `None` for a type that this program does not write.
    #[must_use]
    pub fn into_value(self, kind: &PropertyKind) -> Option<Value> {
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        Some(match kind {
            PropertyKind::Title => Value::Title(self.text()),
            PropertyKind::RichText => Value::RichText(self.text()),
            PropertyKind::Email => {
                // As addresses are compared everywhere.
                Value::Email(filled(self.text().trim().to_lowercase()))
            }
            PropertyKind::Url => Value::Url(filled(self.text())),
            PropertyKind::PhoneNumber => Value::PhoneNumber(filled(self.text())),
            PropertyKind::Select => Value::Select(filled(self.text())),
            PropertyKind::Status => Value::Status(filled(self.text())),
            PropertyKind::MultiSelect => Value::MultiSelect(self.texts()),
            PropertyKind::Date => Value::Date(self.time()),
            PropertyKind::Number => Value::Number(self.number()),
            PropertyKind::Checkbox => Value::Checkbox(self.flag()),
            PropertyKind::Relation => match self {
                Self::Pages(pages) => Value::Relation(pages),
                _ => return None,
            },
            PropertyKind::Other(_) => return None,
        })
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Time(time) => time.map(|time| time.to_string()).unwrap_or_default(),
            Self::Pages(_) => String::new(),
            Self::Any(json) => json_text(json),
        }
    }

    fn texts(&self) -> Vec<String> {
        match self {
            Self::Any(Json::Array(items)) => items.iter().map(json_text).collect(),
            other => Some(other.text())
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect(),
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Any(Json::Number(number)) => number.as_f64(),
            other => other.text().trim().parse().ok(),
        }
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => *time,
            other => {
                let text = other.text();
                let text = text.trim();
                let day = || {
                    let day: jiff::civil::Date = text.parse().ok()?;
                    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
                };
                text.parse().ok().or_else(day)
            }
        }
    }

    fn flag(&self) -> bool {
        match self {
            Self::Any(Json::Bool(flag)) => *flag,
            Self::Time(time) => time.is_some(),
            Self::Number(number) => *number != 0.0,
            other => {
                let text = other.text().trim().to_lowercase();
                matches!(text.as_str(), "true" | "yes" | "1" | "on")
            }
        }
    }
}

/// Texts as they are, lists joined, nothing for null.
fn json_text(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(json_text).collect::<Vec<_>>().join(", "),
        Json::Object(_) => {
            let named = json.get("name").or_else(|| json.get("value"));
            named.map_or_else(|| json.to_string(), json_text)
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_custom_field_is_written_as_the_column_wants_it() {
        for (json, kind, value) in [
            (
                json!(["a", "b"]),
                "multi_select",
                Value::MultiSelect(vec!["a".into(), "b".into()]),
            ),
            (
                json!(["a", "b"]),
                "rich_text",
                Value::RichText("a, b".into()),
            ),
            (
                json!("a"),
                "multi_select",
                Value::MultiSelect(vec!["a".into()]),
            ),
            (json!("4.5"), "number", Value::Number(Some(4.5))),
            (json!("none"), "number", Value::Number(None)),
            (json!(true), "checkbox", Value::Checkbox(true)),
            (json!("Yes"), "checkbox", Value::Checkbox(true)),
            (json!(null), "select", Value::Select(None)),
            (
                json!("2025-01-10"),
                "date",
                Value::Date(Some("2025-01-10T00:00:00Z".parse().unwrap())),
            ),
        ] {
            let kind = PropertyKind::named(kind);
            assert_eq!(Datum::Any(json).into_value(&kind), Some(value), "{kind}");
        }
    }

    #[test]
    fn an_address_is_written_in_lower_case() {
        let value = Datum::Text(" Ada@Example.org ".into()).into_value(&PropertyKind::Email);
        assert_eq!(value, Some(Value::Email(Some("ada@example.org".into()))));
    }
}
