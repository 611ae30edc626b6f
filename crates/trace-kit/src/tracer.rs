//! Where spans begin.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use opentelemetry::trace::{Link, SpanBuilder, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use service_kit::clock::SharedClock;

use crate::{Kind, Span, TraceParent, Value};

/// Makes spans; cheap to clone. Who has one is being traced: where nobody exports there
/// is none.
#[derive(Clone)]
pub struct Tracer {
    tracer: SdkTracer,
    clock: SharedClock,
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tracer")
    }
}

/// A span to begin.
#[derive(Debug)]
pub struct Start {
    name: Cow<'static, str>,
    kind: Kind,
    parent: Option<TraceParent>,
    links: Vec<TraceParent>,
    since: Duration,
    attributes: Vec<KeyValue>,
}

impl Start {
    /// A span of this name, which must come from a small set. It begins a trace unless
    /// it is put [`under`](Self::under) another.
    #[must_use]
    pub fn new(kind: Kind, name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            kind,
            parent: None,
            links: Vec::new(),
            since: Duration::ZERO,
            attributes: Vec::new(),
        }
    }

    /// Puts it under another span, where there is one.
    #[must_use]
    pub fn under(mut self, parent: impl Into<Option<TraceParent>>) -> Self {
        self.parent = parent.into();
        self
    }

    /// Says that it has to do with other spans.
    #[must_use]
    pub fn linked(mut self, others: impl IntoIterator<Item = TraceParent>) -> Self {
        self.links.extend(others);
        self
    }

    /// Says that it began so long ago.
    #[must_use]
    pub fn ago(mut self, since: Duration) -> Self {
        self.since = since;
        self
    }

    /// Says something of it.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push(value.into().with(key));
        self
    }
}

impl Tracer {
    pub(crate) fn new(tracer: SdkTracer, clock: SharedClock) -> Self {
        Self { tracer, clock }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Begins a span. The sampler says whether it is recorded; one that is not costs
    /// next to nothing, and those under it learn of it.
    #[must_use]
    pub fn start(&self, start: Start) -> Option<Span> {
        // What a span of another process decided is for the sampler to look at; no
        // other context plays a part.
        let parent = start.parent.map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(parent.to_span_context())
        });
        let links = start.links.into_iter();
        let links = links.map(|link| Link::with_context(link.to_span_context()));
        let mut builder = SpanBuilder::from_name(start.name)
            .with_kind(start.kind.into())
            .with_links(links.collect());
        builder.attributes = Some(start.attributes);
        if !start.since.is_zero() {
            builder.start_time = SystemTime::from(self.clock.now()).checked_sub(start.since);
        }
        Span::begun(self.tracer.build_with_context(builder, &parent))
    }
}
