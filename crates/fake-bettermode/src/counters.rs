//! What was asked, for tests and people: `GET /_fake/counters`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Why a request was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rejected {
    /// The schema refuses its document or variables, or it is no request at all.
    Invalid,
    /// Its token.
    Token,
    /// A window.
    RateLimit,
    /// A fault switch.
    Fault,
}

/// Counts since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: u64,
    by_operation: BTreeMap<String, u64>,
    complexity: u64,
    rejected: BTreeMap<Rejected, u64>,
}

impl Counters {
    /// Notes a request with its root fields, whatever becomes of it.
    pub(crate) fn request(&mut self, operations: &[String]) {
        self.requests += 1;
        for operation in operations {
            *self.by_operation.entry(operation.clone()).or_default() += 1;
        }
    }

    pub(crate) fn complexity(&mut self, points: u64) {
        self.complexity += points;
    }

    pub(crate) fn rejected(&mut self, why: Rejected) {
        *self.rejected.entry(why).or_default() += 1;
    }

    pub(crate) fn to_json(&self) -> Value {
        let rejected = |why| self.rejected.get(&why).copied().unwrap_or_default();
        json!({
            "requests": self.requests,
            "byOperation": self.by_operation,
            "complexity": self.complexity,
            "rejected": {
                "invalid": rejected(Rejected::Invalid),
                "token": rejected(Rejected::Token),
                "rateLimit": rejected(Rejected::RateLimit),
                "fault": rejected(Rejected::Fault),
            },
        })
    }
}
