//! One span, and the only values that it can be given.

use std::borrow::Cow;

use opentelemetry::trace::{Span as _, SpanKind, Status};
use opentelemetry::{KeyValue, StringValue};
use url::Url;

use crate::names::ERROR_TYPE;
use crate::{Current, TraceParent};

/// Longer names are cut off: no id or type of ours comes near.
const LONGEST_NAME: usize = 128;

/// What a span is in the conversation between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers a call of another process.
    Server,
    /// Calls another process and waits.
    Client,
    /// Hands something on for later.
    Producer,
    /// Takes up what was handed on.
    Consumer,
    /// A step within the process.
    Internal,
}

impl From<Kind> for SpanKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Server => Self::Server,
            Kind::Client => Self::Client,
            Kind::Producer => Self::Producer,
            Kind::Consumer => Self::Consumer,
            Kind::Internal => Self::Internal,
        }
    }
}

/// A value that a span may hold. There is none for free text: what people and strangers
/// write stays out of traces.
#[derive(Debug, Clone, PartialEq)]
pub struct Value(opentelemetry::Value);

impl Value {
    /// A name that came from outside: an id, a type. What is not plain letters, digits
    /// and `._:-` (an e-mail address, say) is replaced, and the end of a long one is cut.
    #[must_use]
    pub fn name(text: &str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        let text = if text.bytes().all(is_plain) {
            text.get(..LONGEST_NAME).unwrap_or(text).to_owned()
        } else {
            "[not a plain name]".to_owned()
        };
        Self(opentelemetry::Value::String(StringValue::from(text)))
    }

    /// A number as a word, as status codes are where they are kinds of errors.
    #[must_use]
    pub fn digits(number: u16) -> Self {
        Self(opentelemetry::Value::String(StringValue::from(
            number.to_string(),
        )))
    }

    /// An address from the settings, without credentials, query and fragment.
    #[must_use]
    pub fn url(url: &Url) -> Self {
        let mut url = url.clone();
        // Neither can fail where there is a host, and without one there is nothing to hide.
        let _no_host = url.set_username("");
        let _no_host = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        Self(opentelemetry::Value::String(StringValue::from(
            url.to_string(),
        )))
    }
}

impl From<&'static str> for Value {
    /// A word of our own.
    fn from(word: &'static str) -> Self {
        Self(opentelemetry::Value::String(StringValue::from(word)))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self(opentelemetry::Value::I64(number))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::from(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::from(i64::from(number))
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.as_str())
    }
}

impl Value {
    pub(crate) fn with(self, key: &'static str) -> KeyValue {
        KeyValue::new(key, self.0)
    }
}

/// A span that has begun. It ends with [`end`](Self::end); one that is dropped before
/// was cut off, and says so.
#[derive(Debug)]
pub struct Span(Box<Begun>);

/// In a box: futures of calls hold an `Option` of it, mostly `None`.
#[derive(Debug)]
struct Begun {
    recorder: opentelemetry_sdk::trace::Span,
    context: TraceParent,
    is_done: bool,
}

impl Span {
    /// `None` once the tracer was shut down.
    pub(crate) fn begun(span: opentelemetry_sdk::trace::Span) -> Option<Self> {
        let context = TraceParent::of_span(span.span_context())?;
        Some(Self(Box::new(Begun {
            recorder: span,
            context,
            is_done: false,
        })))
    }

    /// What others are put under this span by.
    #[must_use]
    pub fn context(&self) -> TraceParent {
        self.0.context
    }

    /// Work under this span.
    #[must_use]
    pub fn work(&self) -> Current {
        Current::under(self.0.context)
    }

    /// Says something of it.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.0.recorder.set_attribute(value.into().with(key));
    }

    /// Says that it has to do with another span, of another trace maybe.
    pub fn link(&mut self, other: TraceParent) {
        self.0
            .recorder
            .add_link(other.to_span_context(), Vec::new());
    }

    /// Marks it as failed, with the kind of failure: a word, never a text that was made
    /// from what somebody sent.
    pub fn fail(&mut self, error: impl Into<Value>) {
        self.set(ERROR_TYPE, error);
        self.0.recorder.set_status(Status::Error {
            description: Cow::Borrowed(""),
        });
    }

    /// Ends it.
    pub fn end(mut self) {
        self.0.is_done = true;
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if !self.0.is_done {
            self.fail("cancelled");
        }
        self.0.recorder.end();
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    fn text(value: &Value) -> String {
        value.0.as_str().into_owned()
    }

    #[test]
    fn what_is_no_plain_name_is_not_told() {
        for (name, told) in [
            ("post.published", "post.published"),
            ("sha256:0af1", "sha256:0af1"),
            ("ada@example.com", "[not a plain name]"),
            ("two words", "[not a plain name]"),
            ("é", "[not a plain name]"),
            ("", ""),
        ] {
            assert_eq!(text(&Value::name(name)), told);
        }
        assert_eq!(text(&Value::name(&"x".repeat(500))).len(), 128);
    }

    #[test]
    fn an_address_is_told_without_what_is_secret_in_it() {
        let url = "https://ada:secret@api.example.com:8443/graphql?token=secret#x";
        let told = text(&Value::url(&url.parse().unwrap()));
        assert_eq!(told, "https://api.example.com:8443/graphql");
    }
}
