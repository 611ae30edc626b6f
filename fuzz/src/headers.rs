//! The whole public service, without its ports.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arbitrary::{Arbitrary as _, Unstructured};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use prometheus_client::registry::Registry;
use service_kit::clock::ManualClock;
use service_kit::http::Body;
use tower::ServiceExt as _;
use webhook_edge::answers::{Answer, Answers};
use webhook_edge::forward::{Accepted, Error, Sink};
use webhook_edge::health::{Health, Probe, ServiceStatus};
use webhook_edge::metrics::Metrics;
use webhook_edge::payload::Event;
use webhook_edge::refusals::Refusals;
use webhook_edge::routes::{Edge, Intake, Memory, service};

use crate::request::Request;
use crate::verifier::{keys, now, window};

const PATHS: [&str; 6] = [
    "/webhooks/bettermode",
    "/webhooks/bettermode/member",
    "/webhooks/bettermode/activity",
    "/webhooks/bettermode/event",
    "/health",
    "/nowhere",
];

/// Bodies that are webhooks; any other is what the input says.
const BODIES: [&str; 3] = [
    r#"{"networkId":"N","type":"SUBSCRIPTION","data":{"id":"0123","name":"post.created"}}"#,
    r#"{"networkId":"N","type":"TEST","data":{"challenge":"c"}}"#,
    r#"{"event_type":"member.created","data":{"id":"m"}}"#,
];

/// Counts what it is given.
#[derive(Default)]
struct Counter(AtomicUsize);

struct Nobody;

struct World {
    runtime: tokio::runtime::Runtime,
    edge: Arc<Edge>,
    kept: Arc<Counter>,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// No 2xx for a webhook, and nothing kept, unless it is to be believed.
///
/// # Panics
/// When that does not hold.
pub fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let (Ok(path), Ok(method), Ok(body)) = (
        bytes.choose(&PATHS),
        bytes.int_in_range(0..=9_u8),
        bytes.int_in_range(0..=5_usize),
    ) else {
        return;
    };
    let Ok(mut request) = Request::arbitrary(&mut bytes) else {
        return;
    };
    if let Some(body) = BODIES.get(body) {
        request.sign_again(body.as_bytes());
    }
    let method = if method == 0 {
        Method::GET
    } else {
        Method::POST
    };
    WORLD.with_borrow_mut(|world| {
        let world = world.get_or_insert_with(World::new);
        let (status, kept) = world.ask(path, method, &request);
        let is_webhook = path.starts_with("/webhooks");
        let may = request.is_to_be_believed();
        assert!(
            may || !is_webhook || !status.is_success(),
            "{status} for {request:?}"
        );
        assert!(kept == 0 || (may && is_webhook), "kept: {request:?}");
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{request:?}");
    });
}

impl World {
    fn new() -> Self {
        let kept = Arc::new(Counter::default());
        let edge = Edge {
            circle: None,
            intake: Some(Intake::Signed(keys())),
            window: window(),
            network: None,
            sink: kept.clone(),
            health: Arc::new(Health::new(true, Arc::new(Nobody), None)),
            metrics: Metrics::register(&mut Registry::default()),
            clock: Arc::new(ManualClock::new(now())),
            memory: Memory::default(),
            refusals: Refusals::without_doctor(),
            body_timeout: Duration::from_secs(10),
            answers: Arc::new(Nobody),
            traces: None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self {
            runtime: runtime.unwrap_or_else(|error| panic!("{error}")),
            edge: Arc::new(edge),
            kept,
        }
    }

    /// The answer, and how many webhooks were kept by it.
    fn ask(&self, path: &str, method: Method, request: &Request) -> (StatusCode, usize) {
        let before = self.kept.0.load(Ordering::Relaxed);
        let body = Full::new(Bytes::from(request.body.clone()));
        let mut asked = http::Request::new(Body::new(body.map_err(|never| match never {})));
        *asked.method_mut() = method;
        *asked.uri_mut() = path.parse().unwrap_or_default();
        *asked.headers_mut() = request.header_map();
        let answer = service(Arc::clone(&self.edge)).oneshot(asked);
        let status = match self.runtime.block_on(answer) {
            Ok(answer) => answer.status(),
            Err(never) => match never {},
        };
        (status, self.kept.0.load(Ordering::Relaxed) - before)
    }
}

#[async_trait]
impl Sink for Counter {
    async fn accept(&self, _event: &Event) -> Result<Accepted, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Accepted::Stored)
    }
}

#[async_trait]
impl Probe for Nobody {
    async fn status(&self) -> Result<ServiceStatus, Error> {
        Err(Error::Unreachable("nobody is there".to_owned()))
    }
}

#[async_trait]
impl Answers for Nobody {
    async fn ask(&self, _event: Event) -> Result<Answer, Error> {
        Err(Error::Unreachable("nobody is there".to_owned()))
    }
}
