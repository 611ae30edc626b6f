//! What was asked, for tests and people: `GET /_fake/counters`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Counts since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: u64,
    by_path: BTreeMap<String, u64>,
    by_status: BTreeMap<u16, u64>,
    mutations: u64,
}

impl Counters {
    /// Notes a request, whatever becomes of it. Ids in paths count as one.
    pub(crate) fn request(&mut self, path: &str, is_read: bool) {
        self.requests += 1;
        let is_id = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<_> = path
            .split('/')
            .map(|part| if is_id(part) { "{id}" } else { part })
            .collect();
        *self.by_path.entry(parts.join("/")).or_default() += 1;
        if !is_read {
            self.mutations += 1;
        }
    }

    pub(crate) fn answered(&mut self, status: u16) {
        *self.by_status.entry(status).or_default() += 1;
    }

    pub(crate) fn to_json(&self, in_month: u64) -> Value {
        json!({
            "requests": self.requests,
            "by_path": self.by_path,
            "by_status": self.by_status,
            "counted_for_the_month": in_month,
            "mutations_refused": self.mutations,
        })
    }
}
