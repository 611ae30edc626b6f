//! Events on their way to the service: a span for each, and one for the call.
//!
//! A call carries many events, each of its own trace. So each takes its trace along in
//! the message; the call itself is in the trace of the event that it carries alone, or in
//! one of its own with a link to each.

use jiff::Timestamp;
use tonic::Code;
use trace_kit::{Kind, Span, Start, TraceParent, names};

use super::Traces;
use crate::forward::{Accepted, Error};
use crate::payload::Event;

/// The call that stores events.
pub(crate) const INGEST: &str = "community.v1.WebhookEventService/IngestWebhookEvents";

/// Events that are being sent.
#[derive(Debug)]
pub struct Sending {
    events: Vec<Option<Span>>,
    call: Option<Span>,
}

impl Traces {
    /// Begins to send events, each with the time since when it has waited.
    pub(crate) fn sending<'a>(
        &self,
        events: impl ExactSizeIterator<Item = (&'a Event, Option<Timestamp>)>,
    ) -> Sending {
        let (count, now) = (events.len(), self.tracer.now());
        let each = events.map(|(event, since)| {
            let mut start =
                Start::new(Kind::Producer, "forward event").with(names::BATCH_SIZE, count);
            if let Some(since) = since {
                let waited = now.duration_since(since).as_millis().max(0);
                start = start.with(names::WAITED_MS, i64::try_from(waited).unwrap_or(i64::MAX));
            }
            self.step(event, start)
        });
        let events: Vec<_> = each.collect();
        let traced: Vec<_> = events.iter().flatten().map(Span::context).collect();
        let call = match (traced.as_slice(), count) {
            ([], _) => None,
            ([alone], 1) => self.call(INGEST, Some(*alone), &[]),
            (each, _) => self.call(INGEST, None, each),
        };
        Sending { events, call }
    }

    /// A call of the service.
    pub(crate) fn call(
        &self,
        method: &'static str,
        parent: Option<TraceParent>,
        links: &[TraceParent],
    ) -> Option<Span> {
        let (host, port) = &self.service;
        let start = Start::new(Kind::Client, method)
            .under(parent)
            .linked(links.iter().copied())
            .with(names::RPC_SYSTEM_NAME, "grpc")
            .with(names::RPC_METHOD, method)
            .with(names::SERVER_ADDRESS, host.clone())
            .with(names::SERVER_PORT, *port);
        self.tracer.start(start)
    }

    /// A call for an event whose sender waits.
    pub(crate) fn call_for(&self, method: &'static str, event: &Event) -> Option<Span> {
        self.call(method, Some(event.trace_parent?), &[])
    }
}

impl Sending {
    /// What the event at this place is told to be under from now on.
    pub(crate) fn of_event(&self, place: usize) -> Option<TraceParent> {
        self.events.get(place)?.as_ref().map(Span::context)
    }

    /// What the call is under.
    pub(crate) fn of_call(&self) -> Option<TraceParent> {
        self.call.as_ref().map(Span::context)
    }

    /// Ends all of it with what the service said.
    pub(crate) fn end(self, outcome: &Result<Vec<Accepted>, Error>) {
        let mut accepted = outcome.iter().flatten();
        for span in self.events {
            let accepted = accepted.next();
            let Some(mut span) = span else {
                continue;
            };
            match (accepted, outcome) {
                (Some(Accepted::Stored), _) => span.set(names::OUTCOME, "stored"),
                (Some(Accepted::Duplicate), _) => span.set(names::OUTCOME, "duplicate"),
                (None, Err(error)) => span.fail(status(error)),
                (None, Ok(_)) => span.fail("no_result"),
            }
            span.end();
        }
        if let Some(call) = self.call {
            finish(call, outcome.as_ref().err());
        }
    }
}

/// Ends the span of a call.
pub(crate) fn finish(mut call: Span, error: Option<&Error>) {
    let status = error.map_or("OK", status);
    call.set(names::RPC_RESPONSE_STATUS_CODE, status);
    if error.is_some() {
        call.fail(status);
    }
    call.end();
}

/// gRPC's name of what went wrong.
pub(crate) fn status(error: &Error) -> &'static str {
    match error {
        Error::Unreachable(_) => names::status_code(Code::Unavailable),
        Error::TimedOut(_) => names::status_code(Code::DeadlineExceeded),
        Error::Refused { code, .. } => names::status_code(*code),
        Error::NoResult => "no_result",
        Error::Queue(_) => "queue",
    }
}
