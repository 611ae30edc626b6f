//! A collector of traces: takes what programs export by OTLP over gRPC, and shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::eventually;

/// A collector on a free port. Ends when it is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    taken: Taken,
    _serving: JoinSet<()>,
}

#[derive(Debug, Clone, Default)]
struct Taken(Arc<Mutex<Vec<Message>>>);

/// One call of an exporter.
#[derive(Debug)]
struct Message {
    headers: Headers,
    content: ExportTraceServiceRequest,
}

/// Names and values.
type Headers = Vec<(String, String)>;

#[tonic::async_trait]
impl TraceService for Taken {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let headers = request.metadata().clone().into_headers();
        let headers = headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        });
        let message = Message {
            headers: headers.collect(),
            content: request.into_inner(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(message);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// A span as it came, its ids in hex.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// `service.name` of the program.
    pub service: String,
    /// The span's name.
    pub name: String,
    /// `SERVER`, `CLIENT` and so on.
    pub kind: String,
    /// Its trace.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// The span above it; empty for the first.
    pub parent: String,
    /// What is said of it, as text.
    pub attributes: BTreeMap<String, String>,
    /// Trace and span of each link.
    pub links: Vec<(String, String)>,
    /// Whether it failed.
    pub failed: bool,
    /// When it began and ended, in nanoseconds since 1970.
    pub time: (u64, u64),
}

impl Collector {
    /// A collector that listens.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("this machine has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let taken = Taken::default();
        let server = Server::builder()
            .add_service(TraceServiceServer::new(taken.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let _ended = server.await;
        });
        Self {
            address,
            taken,
            _serving: serving,
        }
    }

    /// Its address for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every message so far, as bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        let all = self.all();
        all.iter().map(|it| it.content.encode_to_vec()).collect()
    }

    /// The headers of every call so far.
    #[must_use]
    pub fn headers(&self) -> Vec<Headers> {
        self.all().iter().map(|it| it.headers.clone()).collect()
    }

    /// What programs said of themselves, by `service.name`.
    #[must_use]
    pub fn resources(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let all = self.all();
        let messages = all.iter().flat_map(|it| &it.content.resource_spans);
        messages
            .map(|it| {
                let resource = it.resource.as_ref();
                let said = texts(resource.map_or(&[], |it| it.attributes.as_slice()));
                (said["service.name"].clone(), said)
            })
            .collect()
    }

    /// Every span so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Recorded> {
        let all = self.all();
        let messages = all.iter().flat_map(|it| &it.content.resource_spans);
        messages
            .flat_map(|it| {
                let resource = it.resource.as_ref();
                let said = texts(resource.map_or(&[], |it| it.attributes.as_slice()));
                let service = said.get("service.name").cloned().unwrap_or_default();
                let spans = it.scope_spans.iter().flat_map(|scope| &scope.spans);
                spans.map(move |span| recorded(&service, span))
            })
            .collect()
    }

    /// Waits until `found` finds what it looks for among the spans.
    pub async fn find<T>(&self, what: &str, found: impl Fn(&[Recorded]) -> Option<T>) -> T {
        eventually(what, async || {
            let spans = self.spans();
            found(&spans).ok_or_else(|| format!("{} spans:\n{}", spans.len(), trees(&spans)))
        })
        .await
    }

    fn all(&self) -> MutexGuard<'_, Vec<Message>> {
        self.taken.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorded {
    /// What is said of it under this name; empty when nothing is.
    #[must_use]
    pub fn said(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn recorded(service: &str, span: &Span) -> Recorded {
    let kind = SpanKind::try_from(span.kind).unwrap_or_default();
    let kind = kind.as_str_name().trim_start_matches("SPAN_KIND_");
    Recorded {
        service: service.to_owned(),
        name: span.name.clone(),
        kind: kind.to_owned(),
        trace: hex::encode(&span.trace_id),
        id: hex::encode(&span.span_id),
        parent: hex::encode(&span.parent_span_id),
        attributes: texts(&span.attributes),
        links: span
            .links
            .iter()
            .map(|link| (hex::encode(&link.trace_id), hex::encode(&link.span_id)))
            .collect(),
        failed: span
            .status
            .as_ref()
            .is_some_and(|status| status.code() == StatusCode::Error),
        time: (span.start_time_unix_nano, span.end_time_unix_nano),
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: Option<&AnyValue>| match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes
        .iter()
        .map(|it| (it.key.clone(), text(it.value.as_ref())))
        .collect()
}

/// All traces, each as a tree.
#[must_use]
pub fn trees(spans: &[Recorded]) -> String {
    let traces: BTreeSet<_> = spans.iter().map(|span| &span.trace).collect();
    let trees: Vec<_> = traces.iter().map(|trace| tree(spans, trace)).collect();
    trees.join("\n")
}

/// One trace as a tree: when each span began after the first, how long it took, whose it
/// is, and what is said of it.
#[must_use]
pub fn tree(spans: &[Recorded], trace: &str) -> String {
    let mut spans: Vec<_> = spans.iter().filter(|span| span.trace == trace).collect();
    spans.sort_by_key(|span| span.time);
    let begun = spans.first().map_or(0, |span| span.time.0);
    let is_known = |id: &str| spans.iter().any(|span| span.id == id);
    let mut text = format!("trace {trace}\n");
    for root in spans.iter().filter(|span| !is_known(&span.parent)) {
        branch(&mut text, root, &spans, begun, 0);
    }
    text
}

fn branch(text: &mut String, span: &Recorded, all: &[&Recorded], begun: u64, depth: usize) {
    let (from, until) = span.time;
    let indent = "  ".repeat(depth);
    let millis = |nanos: u64| format!("{}.{:03}", nanos / 1_000_000, nanos / 1_000 % 1_000);
    let failed = if span.failed { " FAILED" } else { "" };
    let _written = writeln!(
        text,
        "{:>10} ms {:>9} ms  {indent}{} [{} {}]{failed}",
        millis(from.saturating_sub(begun)),
        millis(until.saturating_sub(from)),
        span.name,
        span.service,
        span.kind,
    );
    let said = span.attributes.iter();
    let said: Vec<_> = said
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let links = span.links.iter();
    let links = links.map(|(trace, id)| format!("link={trace}/{id}"));
    for line in [said, links.collect()].concat() {
        let _written = writeln!(text, "{:29}{indent}{line}", "");
    }
    for child in all.iter().filter(|child| child.parent == span.id) {
        branch(text, child, all, begun, depth + 1);
    }
}
