//! The edge's part of a webhook's trace.
//!
//! A trace begins here, at the public door, once a webhook is believed: a stranger whose
//! webhook is not leaves no span, and nobody outside decides what is recorded. A sender's
//! own `traceparent` becomes a link.

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use trace_kit::{HEADER, Kind, Span, Start, TraceParent, Tracer, Value, names};
use url::Url;

use crate::forward::{Accepted, Error};
use crate::payload::Event;
use crate::rejection::Refusal;

mod sending;

pub use sending::Sending;
pub(crate) use sending::finish;

/// Makes the edge's spans; cheap to clone.
#[derive(Debug, Clone)]
pub struct Traces {
    tracer: Tracer,
    scheme: &'static str,
    service: (Value, u16),
}

/// What is to be known of a webhook that may turn out to be believed.
pub(crate) struct Arrival {
    at: Instant,
    /// As it came; nobody reads it before the webhook is believed.
    parent: Option<HeaderValue>,
}

impl Arrival {
    /// A webhook that comes now with these headers.
    pub(crate) fn now(headers: &HeaderMap) -> Self {
        Self {
            at: Instant::now(),
            parent: headers.get(HEADER).cloned(),
        }
    }
}

impl Traces {
    /// Spans of an edge that speaks `scheme` and brings events to `service`.
    #[must_use]
    pub fn new(tracer: Tracer, scheme: &'static str, service: &Url) -> Self {
        let host = Value::name(service.host_str().unwrap_or_default());
        let port = service.port_or_known_default().unwrap_or_default();
        Self {
            tracer,
            scheme,
            service: (host, port),
        }
    }

    /// Begins the trace of a webhook that is believed, from when it came.
    pub(crate) fn believed(&self, arrival: &Arrival, route: &'static str) -> Option<Span> {
        let sender = arrival.parent.as_ref();
        let sender = sender.and_then(|text| text.to_str().ok()?.parse().ok());
        let start = Start::new(Kind::Server, format!("POST {route}"))
            .ago(arrival.at.elapsed())
            .linked(sender)
            .with(names::HTTP_REQUEST_METHOD, "POST")
            .with(names::HTTP_ROUTE, route)
            .with(names::URL_PATH, route)
            .with(names::URL_SCHEME, self.scheme);
        self.tracer.start(start)
    }

    /// Handing an event to the sink, under the webhook that brought it.
    pub(crate) fn accepting(&self, event: &Event) -> Option<Span> {
        self.step(event, Start::new(Kind::Internal, "accept event"))
    }

    /// A step of an event's way; none where its trace is not recorded.
    fn step(&self, event: &Event, start: Start) -> Option<Span> {
        let parent = event.trace_parent.filter(|parent| parent.is_sampled())?;
        let start = start
            .under(parent)
            .with(names::EVENT_ID, Value::name(event.id.as_str()))
            .with(names::EVENT_TYPE, Value::name(&event.event_type));
        self.tracer.start(start)
    }
}

/// What an event is to be under, which the request's log lines show from now on.
pub(crate) fn noted(span: Option<&Span>) -> Option<TraceParent> {
    let context = span?.context();
    tracing::Span::current().record("trace_id", context.trace_id());
    Some(context)
}

/// Ends the step that handed an event to the sink.
pub(crate) fn accepted(step: Option<Span>, accepted: &Result<Accepted, Error>) {
    let Some(mut step) = step else {
        return;
    };
    match accepted {
        Ok(Accepted::Stored) => step.set(names::OUTCOME, "stored"),
        Ok(Accepted::Duplicate) => step.set(names::OUTCOME, "duplicate"),
        Err(error) => step.fail(sending::status(error)),
    }
    step.end();
}

/// Ends the span of a webhook with its answer.
pub(crate) fn answered<T>(span: Option<Span>, answer: &Result<T, Refusal>) {
    let Some(mut span) = span else {
        return;
    };
    let status = answer.as_ref().err().map_or(200, |refusal| {
        let status = refusal.status();
        if status.is_server_error() {
            span.fail(refusal.labels().0);
        }
        status.as_u16()
    });
    span.set(names::HTTP_RESPONSE_STATUS_CODE, status);
    span.end();
}

/// What goes with a call, where it is traced: the context as gRPC metadata.
pub(crate) fn mark<T>(request: &mut tonic::Request<T>, parent: Option<TraceParent>) {
    let value = parent.and_then(|parent| parent.to_string().parse().ok());
    if let Some(value) = value {
        request.metadata_mut().insert(HEADER, value);
    }
}
