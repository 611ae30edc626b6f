//! Arguments of a field, already checked against the schema.

use serde_json::Value;

use crate::refusal::{Code, Refusal};

/// The arguments, or the keys of an input object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Args<'a>(&'a Value);

impl<'a> Args<'a> {
    pub(crate) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// An argument that was given; null counts as absent.
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    pub(crate) fn boolean(self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn number(self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }

    /// A list of texts; `None` when it was not given.
    pub(crate) fn texts(self, name: &str) -> Option<Vec<&'a str>> {
        let value = self.get(name)?;
        Some(match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            // A single value stands for a list of one.
            single => single.as_str().into_iter().collect(),
        })
    }

    pub(crate) fn list(self, name: &str) -> Vec<Args<'a>> {
        match self.get(name) {
            Some(Value::Array(items)) => items.iter().map(Args).collect(),
            Some(single) => vec![Args(single)],
            None => Vec::new(),
        }
    }

    pub(crate) fn object(self, name: &str) -> Args<'a> {
        Args(self.get(name).unwrap_or(&Value::Null))
    }

    /// A text that the schema requires.
    pub(crate) fn required(self, name: &str) -> Result<&'a str, Refusal> {
        self.text(name)
            .ok_or_else(|| Refusal::new(Code::Missing, format!("{name} is required")).field(name))
    }

    /// A date in an argument.
    pub(crate) fn date(self, name: &str) -> Result<Option<jiff::Timestamp>, Refusal> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Refusal::new(Code::WrongType, format!("{name} is not an ISO 8601 date")).field(name)
        })
    }
}
