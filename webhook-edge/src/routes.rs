//! Every route of the public port, and every layer around them, on one screen.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderValue, Request, StatusCode};
use http_body::Body as HttpBody;
use service_kit::clock::SharedClock;
use service_kit::http::Body;
use tower::{Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::trace::TraceLayer;
use tracing::Span;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply as _};

use crate::answers::Answers;
use crate::forward::Sink;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::payload::CircleTopic;
use crate::payload::ids::NetworkId;
use crate::refusals::Refusals;
use crate::rejection;
use crate::signature::{Keys, SharedSecrets, Window};
use crate::traces::Traces;

mod circle;
mod health;
mod memory;
mod webhook;

pub use memory::Memory;
pub use webhook::BODY_LIMIT;

const REQUEST_ID: &str = "x-request-id";

/// Which webhooks are taken.
#[derive(Clone)]
pub enum Intake {
    /// Those that one of the keys vouches for.
    Signed(Keys),
    /// All. Signature headers are not looked at, right or wrong.
    Unsigned,
}

/// What the routes need.
pub struct Edge {
    /// Which webhooks are taken; `None` takes none, and their paths do not exist.
    pub intake: Option<Intake>,
    /// Who may bring Circle's webhooks; `None` takes none, and their paths do not exist.
    pub circle: Option<SharedSecrets>,
    /// How far a signed timestamp may be from now.
    pub window: Window,
    /// The one network whose webhooks are taken; any when `None`.
    pub network: Option<NetworkId>,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Where webhooks go.
    pub sink: Arc<dyn Sink>,
    /// Who answers where the sender waits for more than a receipt.
    pub answers: Arc<dyn Answers>,
    /// How the chain is.
    pub health: Arc<Health>,
    /// Where things are counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: SharedClock,
    /// Room for the bodies that are being worked on.
    pub memory: Memory,
    /// Who looks into signatures that do not hold.
    pub refusals: Refusals,
    /// Who makes spans; nobody where nothing is exported.
    pub traces: Option<Traces>,
}

/// The routes as one service, its layers around it.
#[must_use]
pub fn service(
    edge: Arc<Edge>,
) -> impl Service<
    Request<Body>,
    Response = http::Response<
        impl HttpBody<
            Data = bytes::Bytes,
            Error: Into<Box<dyn std::error::Error + Send + Sync>> + std::fmt::Debug,
        > + Send
        + 'static,
    >,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ Sync
+ 'static {
    ServiceBuilder::new()
        // Outermost: a stranger does not choose what our log calls a request.
        .map_request(|mut request: Request<Body>| {
            request.headers_mut().remove(REQUEST_ID);
            request
        })
        // Before the span, which shows the id.
        .layer(SetRequestIdLayer::x_request_id(RequestIds::new(
            &edge.clock,
        )))
        // Around everything that logs, so that each line carries the id.
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span_of)
                .on_request(())
                .on_response(())
                .on_failure(()),
        )
        // Inside the trace, outside the panic guard: a 500 carries the id too.
        .layer(PropagateRequestIdLayer::x_request_id())
        // Innermost: one broken request must not take its connection down.
        .layer(CatchPanicLayer::custom(after_panic))
        .service(warp::service(routes(edge)))
}

fn routes(edge: Arc<Edge>) -> BoxedFilter<(Response,)> {
    let metrics = edge.metrics.clone();
    let webhooks = Arc::clone(&edge);

    // One handler for all four: what an event is about is in its body, and the
    // three longer paths are those that the legacy guide names.
    let webhook = warp::path!("webhooks" / "bettermode")
        .map(|| "/webhooks/bettermode")
        .or(warp::path!("webhooks" / "bettermode" / "member").map(|| "/webhooks/bettermode/member"))
        .unify()
        .or(warp::path!("webhooks" / "bettermode" / "activity")
            .map(|| "/webhooks/bettermode/activity"))
        .unify()
        .or(warp::path!("webhooks" / "bettermode" / "event").map(|| "/webhooks/bettermode/event"))
        .unify()
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |path, method, headers, body| {
            webhook::answer(Arc::clone(&webhooks), path, method, headers, body)
        });

    let circles = Arc::clone(&edge);
    let topic = |topic: CircleTopic| move || topic;
    let circle = warp::path!("webhooks" / "circleso" / "new_member")
        .map(topic(CircleTopic::NewMember))
        .or(warp::path!("webhooks" / "circleso" / "member_activity")
            .map(topic(CircleTopic::MemberActivity)))
        .unify()
        .or(warp::path!("webhooks" / "circleso" / "event").map(topic(CircleTopic::Event)))
        .unify()
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |topic, method, headers, body| {
            circle::answer(Arc::clone(&circles), topic, method, headers, body)
        });

    let health = warp::path!("health")
        .and(warp::method())
        .then(move |method| health::answer(Arc::clone(&edge.health), method));

    webhook
        .or(circle)
        .unify()
        .or(health)
        .unify()
        .recover(|_no_route| async { Ok::<_, Infallible>(rejection::not_found()) })
        .map(warp::Reply::into_response)
        .with(warp::log::custom(move |request| {
            metrics.request(request.path(), request.status());
        }))
        .map(warp::Reply::into_response)
        .boxed()
}

fn span_of(request: &Request<Body>) -> Span {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default();
    // The id alone: method and path are a stranger's text. The lines about webhooks
    // name the route.
    // The trace is known once the webhook is believed.
    tracing::info_span!("request", id, trace_id = tracing::field::Empty)
}

fn after_panic(_panic: Box<dyn std::any::Any + Send>) -> Response {
    // The panic's own text is on standard error already, from the panic hook.
    tracing::error!("a request panicked and was answered 500");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Ids that are unique across restarts: when the edge started, then a count.
#[derive(Clone)]
struct RequestIds {
    started_ms: i64,
    count: Arc<AtomicU64>,
}

impl RequestIds {
    fn new(clock: &SharedClock) -> Self {
        Self {
            started_ms: clock.now().as_millisecond(),
            count: Arc::default(),
        }
    }
}

impl MakeRequestId for RequestIds {
    fn make_request_id<B>(&mut self, _request: &Request<B>) -> Option<RequestId> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{:x}-{count:x}", self.started_ms))
            .ok()
            .map(RequestId::new)
    }
}

#[cfg(test)]
mod tests;
