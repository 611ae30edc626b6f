//! What Circle's answers say.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

use crate::snapshot::CommunityId;

/// Longest text of Circle's that is repeated.
const LONGEST_QUOTE: usize = 200;

/// A page of a list. `page_count` is not read: its documentation and its examples disagree.
#[derive(Debug, Clone, Deserialize)]
pub struct Page {
    /// Which page it says that it is.
    #[serde(default)]
    pub page: Option<u32>,
    /// Rows of a page, as Circle uses it.
    #[serde(default)]
    pub per_page: Option<u32>,
    /// Whether another one follows: the only sign of the end.
    pub has_next_page: bool,
    /// How many there are on all pages.
    #[serde(default)]
    pub count: Option<u64>,
    /// The rows.
    pub records: Vec<Value>,
}

/// The community that the token is of.
#[derive(Debug, Clone, Deserialize)]
pub struct Community {
    /// Its id.
    pub id: CommunityId,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its name in addresses.
    #[serde(default)]
    pub slug: Option<String>,
}

/// What is to be done about an answer.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is the answer.
    Good(Value),
    /// 429, with the wait that it names.
    TooMany(Option<Duration>),
    /// It may be better the next time.
    Again(String),
    /// 401.
    Token(String),
    /// 403.
    Forbidden(String),
    /// It will be the same the next time.
    Refused(u16, String),
}

impl Verdict {
    pub(super) fn of(response: &Response<Bytes>) -> Self {
        let status = response.status();
        let message = || message(response.body());
        match status {
            StatusCode::OK => match serde_json::from_slice(response.body()) {
                Ok(value @ (Value::Object(_) | Value::Array(_))) => Self::Good(value),
                _ => Self::Again("an answer that is not JSON".to_owned()),
            },
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany(retry_after(response)),
            StatusCode::UNAUTHORIZED => Self::Token(message()),
            StatusCode::FORBIDDEN => Self::Forbidden(message()),
            status if status.is_server_error() => Self::Again(format!("{status}: {}", message())),
            status => Self::Refused(status.as_u16(), message()),
        }
    }
}

/// Seconds, as HTTP writes them; a date is not waited for.
fn retry_after(response: &Response<Bytes>) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// Circle's words: `message`, else `errors`, else the text itself.
fn message(body: &Bytes) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return match std::str::from_utf8(body) {
            Ok(text) if text.trim_start().starts_with('<') => "a web page".to_owned(),
            Ok(text) if !text.trim().is_empty() => quoted(text),
            _ => "no reason given".to_owned(),
        };
    };
    let details = &value["error_details"];
    let said = [
        &value["message"],
        &value["errors"],
        &details["message"],
        details,
    ];
    let text = said.into_iter().find_map(text_of);
    text.map_or_else(|| "no reason given".to_owned(), |text| quoted(&text))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Array(values) => {
            let texts: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        _ => None,
    }
}

/// A stranger's text as it may stand in ours: short, of one line, without addresses.
fn quoted(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        if word.contains('@') {
            "[address]"
        } else {
            word
        }
    });
    let text = words.collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
