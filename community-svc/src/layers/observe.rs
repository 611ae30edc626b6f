//! One log line and one measurement for each call, whatever became of it.

use std::sync::OnceLock;

use http::HeaderMap;
use tokio::time::Instant;
use tonic::Code;
use trace_kit::{TraceParent, Tracer};
use tracing::{Span, field};

use super::request_id::RequestId;
use super::{Request, Response};
use crate::methods::Method;
use crate::metrics::Metrics;
use crate::traces;

/// A call that is under way.
#[derive(Debug)]
pub(crate) struct Call {
    method: Method,
    started: Instant,
    id: RequestId,
    /// Set where the call is traced.
    trace: OnceLock<TraceParent>,
}

impl Call {
    /// A call that came at `arrived`.
    pub(crate) fn begin(request: &Request, id: &RequestId, arrived: Instant) -> Self {
        Self {
            method: Method::of(request.uri().path()),
            started: arrived,
            id: id.clone(),
            trace: OnceLock::new(),
        }
    }

    /// Begins its span, which log lines name from now on.
    pub(crate) fn trace(&self, tracer: &Tracer, headers: &HeaderMap) -> Option<traces::Call> {
        let since = self.started.elapsed();
        let call = traces::Call::begin(tracer, self.method.label(), headers, since)?;
        let _first = self.trace.set(call.context());
        Some(call)
    }

    /// What is called.
    pub(crate) fn method(&self) -> Method {
        self.method
    }

    /// When the call came.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// What log lines of the call stand in; it carries method and request id. Made where
    /// something is logged or done: a refusal needs none.
    pub(crate) fn span(&self) -> Span {
        let (method, request_id) = (self.method.label(), self.id.as_str());
        let span = tracing::info_span!("call", method, request_id, trace_id = field::Empty);
        if let Some(trace) = self.trace.get() {
            span.record("trace_id", trace.trace_id());
        }
        span
    }

    /// Counts and logs what became of the call.
    pub(crate) fn end(self, metrics: &Metrics, response: &Response) {
        let code = code_of(response);
        let elapsed = self.started.elapsed();
        metrics.call(self.method, code, elapsed);
        let micros = elapsed.as_micros();
        let is_common = matches!(code, Code::Ok | Code::ResourceExhausted);
        if is_common && !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let _in_span = self.span().entered();
        match code {
            Code::Ok => tracing::debug!(?code, micros, "call answered"),
            // There can be thousands in a second, and a line costs more than the refusal;
            // the metrics count them.
            Code::ResourceExhausted => tracing::debug!(?code, micros, "call refused"),
            Code::Internal | Code::Unknown | Code::DataLoss => {
                tracing::error!(?code, micros, "call failed");
            }
            _ => tracing::info!(?code, micros, "call refused"),
        }
    }
}

/// A unary error comes without a body, its code in the headers; a success has its
/// code in the trailers, after the body.
pub(crate) fn code_of(response: &Response) -> Code {
    response
        .headers()
        .get(tonic::Status::GRPC_STATUS)
        .map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}
