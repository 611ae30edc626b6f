//! What was asked so far.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Counts of requests.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    by_operation: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    pub(crate) rows_made: u64,
    pub(crate) rows_changed: u64,
}

impl Counters {
    pub(crate) fn request(&mut self, operation: &'static str) {
        *self.by_operation.entry(operation).or_default() += 1;
    }

    pub(crate) fn refused(&mut self, code: &'static str) {
        *self.refused.entry(code).or_default() += 1;
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "requests": self.by_operation.values().sum::<u64>(),
            "by_operation": self.by_operation,
            "refused": self.refused,
            "rows_made": self.rows_made,
            "rows_changed": self.rows_changed,
        })
    }
}
