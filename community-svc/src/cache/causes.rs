//! Why a copy is gone: the webhook, or call, that invalidated it, so that the request to
//! BetterMode that this makes necessary is found in its trace.
//!
//! It remembers for a while, and only what is traced. Replicas tell each other, each for
//! the fill that comes first; where none was needed, because another replica had asked, it
//! is forgotten.

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

    /// Notes that what runs now invalidates an entry, and says what that is.
    pub(super) fn note(&self, name: &str) -> Option<TraceParent> {
        let cause = current()?.span;
        cause.is_sampled().then(|| {
            self.remember(name, cause);
            cause
        })
    }

    /// Remembers what invalidates an entry.
    pub(super) fn remember(&self, name: &str, cause: TraceParent) {
        let now = self.tracer.now();
        self.by_name.insert(name.to_owned(), (cause, now));
    }

    /// The entry is there again.
    pub(super) fn forget(&self, name: &str) {
        self.by_name.remove(name);
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
