//! `filterBy`: conditions on the fields of an object, values as JSON text.
//!
//! Which keys the vendor accepts for members is not documented; the fake takes any
//! field that the object shows as text or number, and refuses others.

use std::cmp::Ordering;

use serde_json::Value;

use super::args::Args;
use crate::refusal::{Code, Refusal};

/// Whether an object meets all conditions.
pub(crate) fn accept(view: &Value, conditions: &[Args<'_>]) -> Result<bool, Refusal> {
    for condition in conditions {
        if !meets(view, *condition)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn meets(view: &Value, condition: Args<'_>) -> Result<bool, Refusal> {
    let refuse = |message: &str| Refusal::new(Code::InvalidParameter, message).field("filterBy");
    let key = condition
        .text("keyString")
        .or_else(|| condition.text("key"))
        .unwrap_or_default();
    let text = condition.required("value")?;
    let wanted: Value =
        serde_json::from_str(text).map_err(|_| refuse("the filter's value is not JSON"))?;
    let actual = view
        .get(key)
        .ok_or_else(|| refuse("this is no field to filter by"))?;
    if actual.is_array() || actual.is_object() {
        return Err(refuse("this is no field to filter by"));
    }
    let words = || {
        Some((
            actual.as_str()?.to_lowercase(),
            wanted.as_str()?.to_lowercase(),
        ))
    };
    let listed = || {
        wanted
            .as_array()
            .is_some_and(|list| list.iter().any(|one| same(actual, one)))
    };
    Ok(match condition.text("operator").unwrap_or("equals") {
        "equals" => same(actual, &wanted),
        "not" => !same(actual, &wanted),
        "contains" => words().is_some_and(|(actual, wanted)| actual.contains(&wanted)),
        "startsWith" => words().is_some_and(|(actual, wanted)| actual.starts_with(&wanted)),
        "endsWith" => words().is_some_and(|(actual, wanted)| actual.ends_with(&wanted)),
        "in" => listed(),
        "nin" => !listed(),
        "hasValue" => wanted.as_bool().unwrap_or(true) != actual.is_null(),
        "gt" => order(actual, &wanted).is_some_and(Ordering::is_gt),
        "gte" => order(actual, &wanted).is_some_and(Ordering::is_ge),
        "lt" => order(actual, &wanted).is_some_and(Ordering::is_lt),
        "lte" => order(actual, &wanted).is_some_and(Ordering::is_le),
        _ => return Err(refuse("unknown operator")),
    })
}

/// Texts are compared as people write them: upper and lower case are the same.
fn same(actual: &Value, wanted: &Value) -> bool {
    match (actual.as_str(), wanted.as_str()) {
        (Some(actual), Some(wanted)) => actual.eq_ignore_ascii_case(wanted),
        _ => actual == wanted,
    }
}

/// Dates are ISO 8601 in UTC, so they compare as text.
fn order(actual: &Value, wanted: &Value) -> Option<Ordering> {
    if let (Some(actual), Some(wanted)) = (actual.as_str(), wanted.as_str()) {
        return Some(actual.cmp(wanted));
    }
    actual.as_f64()?.partial_cmp(&wanted.as_f64()?)
}
