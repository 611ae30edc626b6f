//! Filters of queries.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::time::iso;
use crate::values::plain;
use crate::world::{Page, Source};

/// A filter that was checked against the columns.
#[derive(Debug)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Column {
        id: String,
        kind: String,
        test: Test,
    },
    Created(Test),
}

/// One comparison.
#[derive(Debug)]
pub(crate) enum Test {
    Equals(Value),
    Contains(String),
    IsEmpty(bool),
    OnOrAfter(String),
    Before(String),
}

impl Filter {
    pub(crate) fn read(json: &Value, source: &Source) -> Result<Self, Refusal> {
        for (key, make) in [("and", Self::All as fn(_) -> _), ("or", Self::Any)] {
            if let Some(list) = json.get(key).and_then(Value::as_array) {
                let list = list.iter().map(|inner| Self::read(inner, source));
                return Ok(make(list.collect::<Result<_, _>>()?));
            }
        }
        if json.get("timestamp").and_then(Value::as_str) == Some("created_time") {
            let test = json.get("created_time").unwrap_or(&Value::Null);
            return Ok(Self::Created(Test::read(test, "created_time")?));
        }
        let name = json.get("property").and_then(Value::as_str);
        let name = name.ok_or_else(|| Refusal::validation("body.filter names no property"))?;
        let column = source.column(name).ok_or_else(|| {
            Refusal::validation(format!("Could not find property with name or id: {name}"))
        })?;
        let kind = column.kind.as_str();
        let Some(test) = json.get(kind) else {
            let message = format!("database property {kind} does not match filter");
            return Err(Refusal::validation(message));
        };
        Ok(Self::Column {
            id: column.id.clone(),
            kind: kind.to_owned(),
            test: Test::read(test, kind)?,
        })
    }

    pub(crate) fn fits(&self, page: &Page) -> bool {
        match self {
            Self::All(list) => list.iter().all(|filter| filter.fits(page)),
            Self::Any(list) => list.iter().any(|filter| filter.fits(page)),
            Self::Created(test) => test.fits(&Value::from(iso(page.created))),
            Self::Column { id, kind, test } => {
                test.fits(&plain(kind, page.values.get(id).unwrap_or(&Value::Null)))
            }
        }
    }
}

impl Test {
    fn read(json: &Value, kind: &str) -> Result<Self, Refusal> {
        let object = json.as_object();
        let first = object.and_then(|object| object.iter().next());
        let Some((operator, value)) = first else {
            return Err(Refusal::validation(format!(
                "body.filter.{kind} holds no comparison"
            )));
        };
        let text = || value.as_str().unwrap_or_default().to_owned();
        Ok(match operator.as_str() {
            "equals" => Self::Equals(value.clone()),
            "contains" => Self::Contains(text()),
            "is_empty" => Self::IsEmpty(true),
            "is_not_empty" => Self::IsEmpty(false),
            "on_or_after" => Self::OnOrAfter(text()),
            "before" => Self::Before(text()),
            other => {
                return Err(Refusal::validation(format!(
                    "the fake knows no filter {other}"
                )));
            }
        })
    }

    fn fits(&self, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default();
        match self {
            Self::Equals(wanted) if wanted.is_number() => wanted.as_f64() == value.as_f64(),
            Self::Equals(wanted) => wanted == value,
            Self::Contains(part) => match value.as_array() {
                Some(items) => items.iter().any(|item| item.as_str() == Some(part)),
                None => text.contains(part.as_str()),
            },
            Self::IsEmpty(wanted) => {
                let empty = value.is_null()
                    || value.as_str() == Some("")
                    || value.as_array().is_some_and(Vec::is_empty);
                empty == *wanted
            }
            Self::OnOrAfter(time) => text >= time.as_str(),
            Self::Before(time) => text < time.as_str(),
        }
    }
}
