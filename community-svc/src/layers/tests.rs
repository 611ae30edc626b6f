//! The layers together: what their order is for.

use std::future::{pending, ready};
use std::time::Duration;

use prometheus_client::registry::Registry;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::service_fn;

use super::request_id::RequestIds;
use super::*;
use crate::callers::Callers;

const PATH: &str = "/community.v1.CommunityService/GetMember";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// Layers with so many slots, and where they count.
fn layers(slots: usize) -> (Layers, Registry) {
    let mut registry = Registry::default();
    let layers = Layers {
        request_ids: RequestIds::new(7),
        metrics: Metrics::register(&mut registry),
        callers: None,
        limits: None,
        door: shed::Door::new(slots, slots),
        traces: None,
    };
    (layers, registry)
}

/// The layers before work that `work` does.
fn before<W, F>(
    layers: Layers,
    work: W,
) -> Inbound<impl Service<Request, Response = Response, Error = Infallible, Future = F> + Clone>
where
    W: Fn(Request) -> F + Clone,
    F: Future<Output = Result<Response, Infallible>>,
{
    Inbound::new(layers, service_fn(work))
}

impl<S> Inbound<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    /// The answer to a call that comes now, over a plain connection.
    async fn hear(self, request: Request) -> Response {
        self.answer(request, Peer::default(), Instant::now()).await
    }
}

fn call(path: &str, headers: &[(&'static str, &str)]) -> Request {
    let mut request = http::Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

fn fine() -> Response {
    Response::new(Body::empty())
}

/// The reason that programs decide on.
fn reason(response: &Response) -> (Code, String) {
    let status = Status::from_header_map(response.headers()).expect("a status");
    let details = status.get_error_details();
    let info = details.error_info().expect("ErrorInfo");
    (status.code(), info.reason.clone())
}

fn counted(registry: &Registry, method: &str, code: Code) -> bool {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
    text.contains(&format!(
        "rpc_server_calls_total{{method=\"{method}\",code=\"{code:?}\"}} 1\n"
    ))
}

#[tokio::test]
async fn a_panic_is_an_error_with_its_reason_and_id_is_counted_and_frees_its_slot() {
    let (layers, registry) = layers(1);
    let inbound = before(layers, |request: Request| {
        assert!(request.uri().path() == HEALTH, "a fault of ours");
        ready(Ok(fine()))
    });
    for _ in 0..2 {
        let id = [("x-request-id", "order-42")];
        let response = inbound.clone().hear(call(PATH, &id)).await;
        assert_eq!(reason(&response), (Code::Internal, "INTERNAL".to_owned()));
        assert_eq!(response.headers()["x-request-id"], "order-42");
    }
    let response = inbound.hear(call(HEALTH, &[])).await;
    assert_eq!(response.headers()["x-request-id"].len(), 32);
    assert!(counted(&registry, HEALTH, Code::Ok));
    assert!(!counted(&registry, PATH, Code::Ok));
}

#[tokio::test]
async fn a_call_beyond_the_slots_is_refused_with_its_reason_and_id_and_is_counted() {
    let (layers, registry) = layers(1);
    let inbound = before(layers, |_| pending());
    let mut busy = Box::pin(inbound.clone().hear(call(PATH, &[])));
    assert!(futures::poll!(&mut busy).is_pending());
    let response = inbound.clone().hear(call(PATH, &[])).await;
    assert_eq!(
        reason(&response),
        (Code::ResourceExhausted, "OVERLOADED".to_owned())
    );
    assert!(response.headers().contains_key("x-request-id"));
    assert!(counted(&registry, PATH, Code::ResourceExhausted));
    drop(busy);
    let mut next = Box::pin(inbound.hear(call(PATH, &[])));
    assert!(futures::poll!(&mut next).is_pending(), "the slot is free");
}

#[tokio::test]
async fn a_stranger_is_refused_before_a_slot_is_looked_for() {
    let (mut layers, registry) = layers(0);
    let known = hex::encode(Sha256::digest("known"));
    let callers = Callers::parse(&format!("crm:{known}:read")).unwrap();
    layers.callers = Some(Register::new(callers));
    let inbound = before(layers, |_| ready(Ok(fine())));

    let stranger = inbound.clone().hear(call(PATH, &[])).await;
    assert_eq!(reason(&stranger).0, Code::Unauthenticated);
    assert!(counted(&registry, PATH, Code::Unauthenticated));
    let token = [("authorization", "Bearer known")];
    let friend = inbound.clone().hear(call(PATH, &token)).await;
    assert_eq!(reason(&friend).0, Code::ResourceExhausted);
    let probe = inbound.hear(call(HEALTH, &[])).await;
    assert_eq!(observe::code_of(&probe), Code::Ok);
}

#[tokio::test]
async fn an_error_without_a_reason_gets_one_and_keeps_its_code() {
    let (layers, registry) = layers(1);
    let inbound = before(layers, |_| {
        let mut bare = fine();
        bare.headers_mut()
            .insert(Status::GRPC_STATUS, (Code::Unimplemented as i32).into());
        ready(Ok(bare))
    });
    let response = inbound.hear(call(PATH, &[])).await;
    assert_eq!(
        reason(&response),
        (Code::Unimplemented, "UNIMPLEMENTED".to_owned())
    );
    assert!(counted(&registry, PATH, Code::Unimplemented));
}

#[tokio::test]
async fn a_completed_error_keeps_what_else_the_answer_said() {
    let (layers, _) = layers(1);
    let inbound = before(layers, |_| {
        let mut bare = fine();
        bare.headers_mut()
            .insert(Status::GRPC_STATUS, (Code::Unimplemented as i32).into());
        let known = http::HeaderValue::from_static("identity");
        bare.headers_mut().insert("grpc-accept-encoding", known);
        ready(Ok(bare))
    });
    let response = inbound.hear(call(PATH, &[])).await;
    assert_eq!(response.headers()["grpc-accept-encoding"], "identity");
    assert_eq!(
        response
            .headers()
            .get_all(Status::GRPC_STATUS)
            .iter()
            .count(),
        1
    );
}

#[tokio::test]
async fn work_whose_deadline_has_passed_is_not_begun() {
    let (layers, _) = layers(1);
    let inbound = before(
        layers,
        |_| -> std::future::Ready<Result<Response, Infallible>> { panic!("it was begun") },
    );
    for timeout in ["0n", "1n", "2m"] {
        let response = inbound
            .clone()
            .hear(call(PATH, &[("grpc-timeout", timeout)]))
            .await;
        assert_eq!(reason(&response).0, Code::DeadlineExceeded, "{timeout}");
    }
}

#[tokio::test(start_paused = true)]
async fn work_is_ended_by_its_deadline() {
    let started = Instant::now();
    let (layers, registry) = layers(1);
    let inbound = before(layers, |_| pending());
    let response = inbound.hear(call(PATH, &[("grpc-timeout", "300m")])).await;
    assert_eq!(
        reason(&response),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned())
    );
    assert_eq!(started.elapsed(), Duration::from_millis(298));
    assert!(counted(&registry, PATH, Code::DeadlineExceeded));
}

#[test]
fn an_answer_at_hand_needs_no_timer() {
    let (layers, registry) = layers(1);
    let inbound = before(layers, |_| ready(Ok(fine())));
    // A runtime without timers: asking for one would panic.
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(inbound.hear(call(PATH, &[("grpc-timeout", "300m")])));
    assert!(counted(&registry, PATH, Code::Ok));
}
