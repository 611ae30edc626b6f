//! The service's spans: what each is called and under which it stands.
//!
//! Every function here is only called where a [`Tracer`] is, so where somebody exports.
//! A caller's trace is gone on with: callers are known, unlike those at the edge's door.

use http::HeaderMap;
use tonic::Code;
use trace_kit::{Current, Kind, Span, Start, TraceParent, Tracer, Value, names};

use crate::error::Error;
use crate::events::{NewEvent, Outcome, Projection};
use crate::layers::Response;

/// Asked every few seconds by whoever wants to know how the service is.
const STATUS: &str = "/community.v1.CommunityService/GetStatus";

/// A call that is traced, and whether its caller began the trace.
#[derive(Debug)]
pub(crate) struct Call {
    span: Span,
    is_brought: bool,
}

impl Call {
    /// Begins the span of a call that was let in. Probes and reflection have none.
    pub(crate) fn begin(
        tracer: &Tracer,
        path: &'static str,
        headers: &HeaderMap,
        since: std::time::Duration,
    ) -> Option<Self> {
        if path.starts_with("/grpc.") || path == STATUS {
            return None;
        }
        let parent = TraceParent::of(headers);
        // A path that no method has comes as "other": a caller cannot make up names.
        let method = path.strip_prefix('/').unwrap_or("_OTHER");
        let start = Start::new(Kind::Server, method)
            .under(parent)
            .ago(since)
            .with(names::RPC_SYSTEM_NAME, "grpc")
            .with(names::RPC_METHOD, method);
        Some(Self {
            span: tracer.start(start)?,
            is_brought: parent.is_some(),
        })
    }

    /// What log lines of the call show.
    pub(crate) fn context(&self) -> TraceParent {
        self.span.context()
    }

    /// What is done for the call.
    pub(crate) fn work(&self) -> Current {
        Current {
            is_brought: self.is_brought,
            ..self.span.work()
        }
    }

    /// Ends it with its answer.
    pub(crate) fn end(mut self, answer: &Result<Response, Error>) {
        let code = match answer {
            Ok(response) => crate::layers::observe::code_of(response),
            Err(error) => error.code(),
        };
        let status = names::status_code(code);
        self.span.set(names::RPC_RESPONSE_STATUS_CODE, status);
        if names::is_servers_fault(code) {
            self.span.fail(status);
        } else if code != Code::Ok {
            self.span.set(names::ERROR_TYPE, status);
        }
        self.span.end();
    }
}

/// Events that are being stored, a span for each. From now on each belongs under its
/// own, which is kept with it.
pub(crate) fn storing(tracer: &Tracer, events: &mut [NewEvent]) -> Vec<Option<Span>> {
    let begin = |event: &mut NewEvent| {
        let start = Start::new(Kind::Consumer, "store event").under(event.trace_parent);
        let span = tracer.start(about(start, event))?;
        event.trace_parent = Some(span.context());
        Some(span)
    };
    events.iter_mut().map(begin).collect()
}

/// Ends them with what became of each; all failed without.
pub(crate) fn stored(spans: Vec<Option<Span>>, outcomes: Option<&[Outcome]>) {
    let mut outcomes = outcomes.into_iter().flatten();
    for span in spans {
        let outcome = outcomes.next();
        let Some(mut span) = span else {
            continue;
        };
        match outcome {
            Some(Outcome::Stored) => span.set(names::OUTCOME, "stored"),
            Some(Outcome::Duplicate) => span.set(names::OUTCOME, "duplicate"),
            None => span.fail("not_stored"),
        }
        span.end();
    }
}

/// A projection of events, a span for each whose trace is recorded.
pub(crate) fn projecting(
    tracer: &Tracer,
    projection: Projection,
    events: &[&NewEvent],
) -> Vec<Option<Span>> {
    let name = match projection {
        Projection::Cache => "project cache",
        Projection::Members => "project members",
        Projection::Activities => "project activities",
    };
    let begin = |event: &&NewEvent| {
        let parent = event.trace_parent.filter(|parent| parent.is_sampled())?;
        let start = Start::new(Kind::Internal, name)
            .under(parent)
            .with(names::PROJECTION, projection.name());
        tracer.start(about(start, event))
    };
    events.iter().map(begin).collect()
}

/// Ends them, all with the same error or with none.
pub(crate) fn projected(spans: Vec<Option<Span>>, error: Option<&'static str>) {
    for mut span in spans.into_iter().flatten() {
        if let Some(error) = error {
            span.fail(error);
        }
        span.end();
    }
}

fn about(start: Start, event: &NewEvent) -> Start {
    start
        .with(names::EVENT_ID, Value::name(&event.event_id))
        .with(names::EVENT_TYPE, Value::name(&event.event_type))
}
