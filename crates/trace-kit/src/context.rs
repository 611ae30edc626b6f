//! The W3C trace context: which span something belongs under, as one line of text
//! (<https://www.w3.org/TR/trace-context/>, `traceparent`).
//!
//! `tracestate` is not carried: no system of ours writes one, and one that is left out
//! costs nobody the trace.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use http::HeaderMap;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The header, and the gRPC metadata key.
pub const HEADER: &str = "traceparent";

/// How long a `traceparent` of version 00 is.
const LENGTH: usize = 55;

/// A span that others can be put under, and whether its trace is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: NonZeroU128,
    span: NonZeroU64,
    sampled: bool,
}

/// Not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent of the W3C's")]
pub struct Malformed;

impl TraceParent {
    /// From its parts, as [`parts`](Self::parts) gave them; `None` when an id is zero.
    #[must_use]
    pub fn new(trace: u128, span: u64, sampled: bool) -> Option<Self> {
        Some(Self {
            trace: NonZeroU128::new(trace)?,
            span: NonZeroU64::new(span)?,
            sampled,
        })
    }

    /// Trace, span, and whether the trace is recorded.
    #[must_use]
    pub fn parts(self) -> (u128, u64, bool) {
        (self.trace.get(), self.span.get(), self.sampled)
    }

    /// What the headers carry: one `traceparent`, well-formed. Anything else is none.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        value.to_str().ok()?.parse().ok()
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.sampled
    }

    /// The trace's id, 32 hex digits: what log lines show.
    #[must_use]
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }

    pub(crate) fn to_span_context(self) -> SpanContext {
        let flags = TraceFlags::default().with_sampled(self.sampled);
        SpanContext::new(
            TraceId::from(self.trace.get()),
            SpanId::from(self.span.get()),
            flags,
            true,
            TraceState::NONE,
        )
    }

    /// `None` for the context of a span that was never begun.
    pub(crate) fn of_span(context: &SpanContext) -> Option<Self> {
        Self::new(
            u128::from_be_bytes(context.trace_id().to_bytes()),
            u64::from_be_bytes(context.span_id().to_bytes()),
            context.is_sampled(),
        )
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span)
    }
}

impl fmt::Debug for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TraceParent {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        // Digits alone, so that no slice below is inside a letter.
        if text.len() < LENGTH || !text.is_ascii() {
            return Err(Malformed);
        }
        let (head, more) = text.split_at(LENGTH);
        let parts: Vec<&str> = head.split('-').collect();
        let [version, trace, span, flags] = parts[..] else {
            return Err(Malformed);
        };
        let version = hex::<u8>(version, 2, u8::from_str_radix)?;
        // A later version may say more behind, after another dash.
        let is_known = match version {
            0 => more.is_empty(),
            u8::MAX => false,
            _ => more.is_empty() || more.starts_with('-'),
        };
        if !is_known {
            return Err(Malformed);
        }
        let flags = hex::<u8>(flags, 2, u8::from_str_radix)?;
        Self::new(
            hex(trace, 32, u128::from_str_radix)?,
            hex(span, 16, u64::from_str_radix)?,
            flags & 1 == 1,
        )
        .ok_or(Malformed)
    }
}

/// Exactly so many lower-case digits.
fn hex<T>(
    text: &str,
    digits: usize,
    read: impl Fn(&str, u32) -> Result<T, std::num::ParseIntError>,
) -> Result<T, Malformed> {
    let is_plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != digits || !text.bytes().all(is_plain) {
        return Err(Malformed);
    }
    read(text, 16).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the recommendation's own examples.
    const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_written_is_read_again() {
        let sent: TraceParent = SENT.parse().unwrap();
        assert_eq!(sent.to_string(), SENT);
        assert!(sent.is_sampled());
        let (trace, span, sampled) = sent.parts();
        assert_eq!(TraceParent::new(trace, span, sampled), Some(sent));
        assert_eq!(TraceParent::of_span(&sent.to_span_context()), Some(sent));
        let unsampled: TraceParent = SENT.replace("-01", "-00").parse().unwrap();
        assert!(!unsampled.is_sampled());
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = SENT.replacen("00-", "cc-", 1);
        for text in [later.clone(), format!("{later}-what-the-future-will-be")] {
            assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), SENT);
        }
    }

    #[test]
    fn anything_else_is_none() {
        let zero_trace = SENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_span = SENT.replace("00f067aa0ba902b7", &"0".repeat(16));
        for text in [
            "",
            "00",
            &SENT[..54],
            &format!("{SENT}-more"),
            &format!("{SENT}0"),
            &SENT.replacen("00-", "ff-", 1),
            &SENT.to_uppercase(),
            &SENT.replace('-', "_"),
            &SENT.replace("4bf9", "+bf9"),
            &SENT.replace("4bf9", "é"),
            &zero_trace,
            &zero_span,
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn two_headers_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(TraceParent::of(&headers), None);
        headers.append(HEADER, SENT.parse().unwrap());
        assert_eq!(TraceParent::of(&headers).unwrap().to_string(), SENT);
        headers.append(HEADER, SENT.parse().unwrap());
        assert_eq!(TraceParent::of(&headers), None);
    }
}
