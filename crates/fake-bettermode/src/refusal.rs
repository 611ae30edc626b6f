//! What BetterMode answers when it says no, in its own shape.
//! `path` is GraphQL's own.
//!
//! The items of `errors` are not Apollo's: `code`, `message`, `field`, `help` and
//! `timestamp` stand at the top (gql-client 2.4.0, `src/lib/response.ts`), and the
//! code is a string there, a number elsewhere.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::time::iso;

/// The vendor's codes that the fake uses (gql-client 2.4.0, `ApiErrorCodes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// A bug of the fake, or a fault switch.
    Server = 10,
    /// A document that the schema refuses, a value out of its range.
    Validation = 100,
    /// This token may not do that.
    Permission = 102,
    /// A window is used up.
    RateReached = 104,
    /// A value that names nothing usable.
    InvalidParameter = 106,
    /// No token, or one that is refused or expired.
    InvalidToken = 108,
    /// No such thing.
    NotFound = 110,
    /// Something required is absent.
    Missing = 112,
    /// A value of another type.
    WrongType = 114,
    /// Not a GraphQL request at all, or one that is too complex.
    InvalidRequest = 118,
}

/// One item of `errors`.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
    /// Where in the answer it belongs, as GraphQL writes it; empty before execution.
    pub(crate) path: Vec<Value>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::with_code(code as u16, message)
    }

    pub(crate) fn with_code(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            path: Vec::new(),
        }
    }

    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    pub(crate) fn not_found(what: &str, field: &str) -> Self {
        Self::new(Code::NotFound, format!("{what} not found")).field(field)
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(Code::Permission, "Forbidden")
    }
}

/// How `errors` is written; the snapshots of the vendor's client disagree.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ErrorStyle {
    /// `108` instead of `"108"`.
    pub(crate) numeric: bool,
    /// `errors[].errors[]`, which the vendor's client flattens.
    pub(crate) nested: bool,
}

/// The list for the key `errors`.
pub(crate) fn errors(refusals: &[Refusal], style: ErrorStyle, now: Timestamp) -> Value {
    let items: Vec<Value> = refusals
        .iter()
        .map(|refusal| item(refusal, style, now))
        .collect();
    if style.nested {
        json!([{ "errors": items }])
    } else {
        Value::from(items)
    }
}

fn item(refusal: &Refusal, style: ErrorStyle, now: Timestamp) -> Value {
    let code = if style.numeric {
        Value::from(refusal.code)
    } else {
        Value::from(refusal.code.to_string())
    };
    let mut item = json!({
        "code": code,
        "message": refusal.message,
        "timestamp": iso(now),
    });
    if let Some(field) = &refusal.field {
        item["field"] = Value::from(field.as_str());
    }
    if !refusal.path.is_empty() {
        item["path"] = Value::from(refusal.path.clone());
    }
    item
}
