//! Fault switches: what shall go wrong, how often, and on which path.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Everything that can go wrong on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers late; `value` is milliseconds (1000).
    LatencyMs,
    /// 429 without `Retry-After`.
    #[serde(rename = "status_429")]
    Status429,
    /// 429 with `Retry-After`; `value` is its seconds (7).
    #[serde(rename = "status_429_retry_after")]
    Status429RetryAfter,
    /// A 5xx with a JSON body; `value` is the status (503).
    #[serde(rename = "status_5xx")]
    Status5xx,
    /// 401, as for a token that was revoked.
    #[serde(rename = "status_401")]
    Status401,
    /// 403 with a `message`: the plan has no API.
    NotEligible,
    /// 403 with `errors` and no `message`.
    #[serde(rename = "status_403_errors_only")]
    Status403ErrorsOnly,
    /// 422 with a `message`.
    #[serde(rename = "status_422")]
    Status422,
    /// A 502 with an HTML page, as a proxy makes it.
    HtmlError,
    /// A 200 with an HTML page.
    HtmlBody,
    /// Half of the body.
    CutBody,
    /// Sends elsewhere: 302 to `https://elsewhere.example/`.
    Redirect,
    /// A field of `value` bytes (64 MiB) more in the answer.
    HugeBody,
    /// `page_count` is 2 whatever the pages are; `value` changes it.
    PageCountLies,
    /// The page before the one that was asked for comes again.
    RepeatPage,
    /// The first page comes, says that it is the first, and that another one follows.
    IgnorePage,
    /// The first page comes, says that it is the one asked for, and that another one follows.
    IgnorePageSilently,
    /// `per_page` is at most `value` (25), and echoed so.
    PerPageLower,
    /// The last page says that another one follows, which is empty.
    EmptyLastPage,
    /// Every page but the first begins with the last row of the one before.
    DuplicateRow,
    /// A field that nobody knows on every row.
    UnknownField,
    /// Somebody joins before the answer; comes first in the list.
    MemberJoins,
    /// The first of the list leaves before the answer.
    MemberLeaves,
}

/// How one switch is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setting {
    /// How often it strikes; without a count, until it is turned off.
    pub count: Option<u32>,
    /// Requests that it lets pass before it strikes.
    pub after: u32,
    /// Its number, where it has one.
    pub value: Option<u64>,
    /// Only requests whose path has this in it.
    pub path: Option<String>,
}

/// A fault that happens now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strike {
    value: Option<u64>,
}

impl Strike {
    pub(crate) fn value_or(self, default: u64) -> u64 {
        self.value.unwrap_or(default)
    }
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

    /// Lets a fault strike, if it is on for this path.
    pub(crate) fn take(&mut self, fault: Fault, path: &str) -> Option<Strike> {
        let setting = self.on.get_mut(&fault)?;
        if setting
            .path
            .as_ref()
            .is_some_and(|part| !path.contains(part.as_str()))
        {
            return None;
        }
        if setting.after > 0 {
            setting.after -= 1;
            return None;
        }
        let strike = Strike {
            value: setting.value,
        };
        if let Some(count) = &mut setting.count {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.on.remove(&fault);
            }
        }
        Some(strike)
    }

    pub(crate) fn to_json(&self) -> Value {
        let entry = |(fault, setting): (&Fault, &Setting)| {
            json!({
                "fault": fault,
                "count": setting.count,
                "after": setting.after,
                "value": setting.value,
                "path": setting.path,
            })
        };
        self.on.iter().map(entry).collect()
    }
}
