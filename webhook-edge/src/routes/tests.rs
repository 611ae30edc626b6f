//! Every answer of the public port, with a sink that does as it is told.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use service_kit::clock::ManualClock;
use sha2::Sha256;
use tower::ServiceExt as _;

use super::*;
use crate::forward::{Accepted, Error};
use crate::health::{Probe, ServiceStatus};
use crate::payload::Event;

mod answers;
mod bad_input;
mod good_input;

const SECRET: &str = "a-signing-secret";
const NOW_MS: i64 = 1_714_979_290_000;
const MEMBER_CREATED: &str = include_str!("../../fixtures/member_created.json");
const PATH: &str = "/webhooks/bettermode";

/// Keeps what it is given, as long as it is told to.
#[derive(Default)]
struct FakeSink {
    kept: Mutex<Vec<Event>>,
    is_down: bool,
    /// Never answers.
    hangs: bool,
}

#[async_trait]
impl Sink for FakeSink {
    async fn accept(&self, event: &Event) -> Result<Accepted, Error> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.is_down {
            return Err(Error::Unreachable("connection refused".to_owned()));
        }
        let mut kept = self.kept.lock().unwrap();
        if kept.iter().any(|other| other.id == event.id) {
            return Ok(Accepted::Duplicate);
        }
        kept.push(event.clone());
        Ok(Accepted::Stored)
    }
}

/// Never answers.
struct Silent;

#[async_trait]
impl Answers for Silent {
    async fn ask(&self, _event: Event) -> Result<crate::answers::Answer, Error> {
        std::future::pending().await
    }
}

struct FakeService;

#[async_trait]
impl Probe for FakeService {
    async fn status(&self) -> Result<ServiceStatus, Error> {
        Err(Error::Unreachable("connection refused".to_owned()))
    }
}

/// The edge without its ports.
struct Door {
    edge: Arc<Edge>,
    sink: Arc<FakeSink>,
    registry: Registry,
}

impl Door {
    fn new() -> Self {
        Self::with(FakeSink::default(), |_| {})
    }

    fn with(sink: FakeSink, change: impl FnOnce(&mut Edge)) -> Self {
        let sink = Arc::new(sink);
        let mut registry = Registry::default();
        let mut edge = Edge {
            intake: Some(Intake::Signed(Keys::parse(&SECRET.into()).unwrap())),
            circle: None,
            window: Window::new(Duration::from_secs(900)),
            network: None,
            sink: sink.clone(),
            health: Arc::new(Health::new(true, Arc::new(FakeService), None)),
            metrics: Metrics::register(&mut registry),
            clock: Arc::new(ManualClock::new(
                Timestamp::from_millisecond(NOW_MS).unwrap(),
            )),
            memory: Memory::default(),
            refusals: Refusals::without_doctor(),
            body_timeout: Duration::from_secs(10),
            answers: Arc::new(Silent),
            traces: None,
        };
        change(&mut edge);
        Self {
            edge: Arc::new(edge),
            sink,
            registry,
        }
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = service(Arc::clone(&self.edge)).oneshot(request).await;
        let (head, body) = response.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask(signed(path, body.as_ref(), NOW_MS)).await
    }

    fn kept(&self) -> Vec<Event> {
        self.sink.kept.lock().unwrap().clone()
    }

    /// Whether the metrics hold this line.
    fn counted(&self, line: &str) -> bool {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        assert!(text.contains(line), "{line} is not in\n{text}");
        true
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

fn body_of(bytes: impl Into<Bytes>) -> Body {
    http_body_util::Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed()
}

fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

fn signed(path: &str, body: &[u8], timestamp_ms: i64) -> Request<Body> {
    let timestamp = timestamp_ms.to_string();
    let signature = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())
        .unwrap()
        .chain_update(&timestamp)
        .chain_update(":")
        .chain_update(body)
        .finalize()
        .into_bytes();
    request("POST", path)
        .header("X-BetterMode-Signature", hex::encode(signature))
        .header("X-BetterMode-Request-Timestamp", timestamp)
        .body(body_of(body.to_vec()))
        .unwrap()
}
