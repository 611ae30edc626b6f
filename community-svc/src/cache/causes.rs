//! Why a copy is gone: the webhook, or call, that invalidated it, so that the request to
//! BetterMode that this makes necessary is found in its trace.
//!
//! It remembers in this process, for a while, and only what is traced. An entry that
//! another replica invalidated has no cause here.

use jiff::{SignedDuration, Timestamp};
use quick_cache::sync::Cache as Bounded;
use trace_kit::{Current, Kind, Span, Start, TraceParent, Tracer, Value, current, names};

use crate::error::Error;

/// How many are remembered; more push out those that nobody asked for.
const REMEMBERED: usize = 1024;

/// After so long the copy would have been gone anyway.
const FOR: SignedDuration = SignedDuration::from_hours(1);

/// What invalidated which entry, and who makes the spans of fills.
pub(super) struct Causes {
    tracer: Tracer,
    by_name: Bounded<String, (TraceParent, Timestamp)>,
}

impl Causes {
    pub(super) fn new(tracer: Tracer) -> Self {
        Self {
            tracer,
            by_name: Bounded::new(REMEMBERED),
        }
    }

    /// Notes that what runs now has invalidated an entry.
    pub(super) fn note(&self, name: &str) {
        if let Some(cause) = current().filter(|cause| cause.span.is_sampled()) {
            let now = self.tracer.now();
            self.by_name.insert(name.to_owned(), (cause.span, now));
        }
    }

    /// Begins the span of a fill that asks BetterMode: in the trace that its reader
    /// brought; where the reader brought none, in the trace of what invalidated the entry.
    /// The other one is a link. The first fill after an invalidation has that cause, and
    /// no later one.
    pub(super) fn fill(&self, name: &str, reader: Option<&Current>) -> Option<Span> {
        let (_, cause) = self.by_name.remove(name).unzip();
        let cause = cause
            .filter(|(_, since)| self.tracer.now().duration_since(*since) <= FOR)
            .map(|(cause, _)| cause);
        let kind = name.split(':').nth(1).unwrap_or_default();
        let start =
            Start::new(Kind::Internal, "fill cache").with(names::CACHE_ENTRY, Value::name(kind));
        let start = match (reader, cause) {
            (None, None) => return None,
            (Some(reader), Some(cause)) if !reader.is_brought => {
                start.under(cause).linked([reader.span])
            }
            (Some(reader), cause) => start.under(reader.span).linked(cause),
            (None, Some(cause)) => start.under(cause),
        };
        self.tracer.start(start)
    }
}

/// Ends the span of a fill.
pub(super) fn filled(span: Option<Span>, error: Option<&Error>) {
    let Some(mut span) = span else {
        return;
    };
    if let Some(error) = error {
        span.fail(error.reason().as_reason());
    }
    span.end();
}
