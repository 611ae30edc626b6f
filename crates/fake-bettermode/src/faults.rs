//! Fault switches: what shall go wrong, how often, and for which operation.
//!
//! A switch is on until its count is used up, or until it is turned off. The
//! meaning of each is in the README's table; this file only keeps the books.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Everything that can go wrong on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers late; `value` is milliseconds.
    LatencyMs,
    /// The operation is carried out, and answered late; `value` is milliseconds.
    LateAnswerMs,
    /// 429 with `Retry-After`; `value` is its seconds (1).
    #[serde(rename = "status_429")]
    Status429,
    /// A 5xx before anything is done; `value` is the status (503).
    #[serde(rename = "status_5xx")]
    Status5xx,
    /// A 5xx after the operation was carried out; `value` is the status (502).
    #[serde(rename = "status_5xx_after")]
    Status5xxAfter,
    /// A 200 with an HTML page, before anything is done.
    HtmlBody,
    /// The operation is carried out, and half of its answer arrives.
    CutBody,
    /// A vendor error in a 200; `value` is its code (10).
    #[serde(rename = "graphql_error_in_200")]
    GraphqlErrorIn200,
    /// The token counts as expired: code 108.
    ExpiredToken,
    /// The token is refused with HTTP 401.
    #[serde(rename = "status_401")]
    Status401,
    /// Error codes as numbers.
    NumericCodes,
    /// Errors one level deeper, `errors[].errors[]`.
    NestedErrors,
    /// `Action.status` is `failed`, without an error.
    ActionFailed,
    /// New posts are held by moderation.
    ModerationHold,
    /// Every mutation is refused (code 102), so that a dry run can be seen to send none.
    RefuseMutations,
    /// Nobody's e-mail address is shown.
    HideEmails,
    /// The rows of `inviteMembers` come in another order than the invitees went in.
    ReverseRows,
    /// Somebody can be invited again, and gets a second invitation.
    AcceptReinvites,
    /// A webhook arrives twice.
    WebhookDuplicate,
    /// A webhook arrives after the one that follows it.
    WebhookReorder,
    /// A webhook's signature is wrong.
    WebhookCorruptSignature,
    /// A webhook's body changes after it was signed.
    WebhookCorruptBody,
    /// A webhook is stamped an hour ago, and signed so.
    WebhookStale,
}

/// How one switch is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setting {
    /// How often it strikes; without a count, until it is turned off.
    pub count: Option<u32>,
    /// Its number, where it has one.
    pub value: Option<u64>,
    /// Only requests for this root field, such as `createPost`.
    pub operation: Option<String>,
}

/// A fault that happens now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strike {
    /// Its number, where one was given.
    pub(crate) value: Option<u64>,
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

    /// Lets a fault strike, if it is on for one of these root fields.
    pub(crate) fn take(&mut self, fault: Fault, operations: &[String]) -> Option<Strike> {
        let setting = self.on.get_mut(&fault)?;
        if let Some(only) = &setting.operation
            && !operations.contains(only)
        {
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
                "value": setting.value,
                "operation": setting.operation,
            })
        };
        self.on.iter().map(entry).collect()
    }
}
