//! Times as the vendor writes them.

pub(crate) use fake_kit::time::iso;
use jiff::Timestamp;
use serde_json::Value;

/// ISO 8601 in UTC with milliseconds, for a date that may be absent.
pub(crate) fn iso_or_null(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::from(iso(at)))
}
