//! Fault switches: what shall go wrong, how often, and for which operation. The README's
//! table says what each does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Everything that can go wrong on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers late; `value` is milliseconds.
    LatencyMs,
    /// It is done, and answered late; `value` is milliseconds.
    LateAnswerMs,
    /// `rate_limited`; `value` is the seconds of `Retry-After`.
    #[serde(rename = "status_429")]
    Status429,
    /// `service_overload`; `value` is the seconds of `Retry-After`.
    #[serde(rename = "status_529")]
    Status529,
    /// `conflict_error`, nothing done.
    #[serde(rename = "status_409")]
    Status409,
    /// It is done, then `conflict_error`.
    #[serde(rename = "status_409_after")]
    Status409After,
    /// A 5xx, nothing done; `value` is the status.
    #[serde(rename = "status_5xx")]
    Status5xx,
    /// It is done, then a 5xx; `value` is the status.
    #[serde(rename = "status_5xx_after")]
    Status5xxAfter,
    /// `unauthorized`.
    #[serde(rename = "status_401")]
    Status401,
    /// The free workspace is full.
    BlockLimit,
    /// 200 with HTML, nothing done.
    HtmlBody,
    /// It is done, half of the answer arrives.
    CutBody,
    /// A very large answer; `value` is its bytes.
    HugeBody,
    /// 302 to another host.
    Redirect,
}

/// How one switch is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setting {
    /// How often it strikes; without a count, until it is turned off.
    pub count: Option<u32>,
    /// Its number, where it has one.
    pub value: Option<u64>,
    /// Only this operation, such as `create_page`.
    pub operation: Option<String>,
}

/// The switches that are on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    on: BTreeMap<Fault, Setting>,
}

impl Faults {
    pub(crate) fn set(&mut self, fault: Fault, setting: Setting) {
        self.on.insert(fault, setting);
    }

    pub(crate) fn clear(&mut self, fault: Option<Fault>) {
        match fault {
            Some(fault) => drop(self.on.remove(&fault)),
            None => self.on.clear(),
        }
    }

    /// Lets a fault strike, if it is on for this operation; its number, or the usual one.
    pub(crate) fn take(&mut self, fault: Fault, operation: &str, usual: u64) -> Option<u64> {
        let setting = self.on.get_mut(&fault)?;
        if setting
            .operation
            .as_deref()
            .is_some_and(|only| only != operation)
        {
            return None;
        }
        let value = setting.value.unwrap_or(usual);
        if let Some(count) = &mut setting.count {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.on.remove(&fault);
            }
        }
        Some(value)
    }

    pub(crate) fn to_json(&self) -> Value {
        let entry = |(fault, setting): (&Fault, &Setting)| {
            json!({
                "fault": fault,
                "count": setting.count,
                "value": setting.value,
                "operation": setting.operation,
            })
        };
        self.on.iter().map(entry).collect()
    }
}
