//! Calls against servers that are functions, in time that only tests move.

use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::time::Instant;
use tonic::Code;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::util::BoxCloneService;
use tower::{ServiceExt as _, service_fn};

use super::addresses::Addresses;
use super::budget::Budget;
use super::call::{Request, Shared};
use super::outcome::{Response, refusal};
use super::*;
use crate::ERROR_DOMAIN;

const READ: &str = "/community.v1.CommunityService/GetMember";
const WRITE: &str = "/community.v1.CommunityService/CreatePost";

type Channel = BoxCloneService<Request, Response, tonic::Status>;

/// What each attempt sent: which server, the time it was given, how many came before.
type Log = Arc<Mutex<Vec<(usize, String, String)>>>;

/// Servers that answer the n-th call to any of them as `answer` says.
fn servers(
    count: usize,
    answer: impl Fn(usize, usize) -> Response + Clone + Send + 'static,
) -> (Shared<Channel>, Log) {
    let log = Log::default();
    let channels = (0..count)
        .map(|server| {
            let (log, answer) = (Arc::clone(&log), answer.clone());
            service_fn(move |request: Request| {
                let header = |name: &str| {
                    let value = request.headers().get(name);
                    value.map_or("", |value| value.to_str().unwrap()).to_owned()
                };
                let mut log = log.lock().unwrap();
                log.push((
                    server,
                    header("grpc-timeout"),
                    header("grpc-previous-rpc-attempts"),
                ));
                ready(Ok(answer(log.len(), server)))
            })
            .boxed_clone()
        })
        .collect();
    (shared(channels), log)
}

fn shared<C: Clone>(channels: Vec<C>) -> Shared<C> {
    let config = ServiceConfig::shipped();
    Shared {
        addresses: Addresses::new(channels),
        budget: Budget::new(config.throttling()),
        config,
        timeout: None,
        bearer: None,
        random: Arc::new(|| 0.5),
    }
}

fn request(path: &str) -> Request {
    http::Request::builder()
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

fn fine() -> Response {
    http::Response::new(Body::empty())
}

/// A refusal as the service makes it.
fn ours(code: Code, pushback: Option<&str>) -> Response {
    let details = ErrorDetails::with_error_info("OVERLOADED", ERROR_DOMAIN, []);
    let mut metadata = MetadataMap::new();
    if let Some(pushback) = pushback {
        metadata.insert("grpc-retry-pushback-ms", pushback.parse().unwrap());
    }
    tonic::Status::with_error_details_and_metadata(code, "busy", details, metadata).into_http()
}

fn code(response: &Response) -> Code {
    response
        .headers()
        .get("grpc-status")
        .map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

fn sent(log: &Log) -> Vec<usize> {
    log.lock().unwrap().iter().map(|call| call.0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_read_is_sent_again_with_less_time_and_a_count_until_it_goes_well() {
    let (client, log) = servers(2, |call, _| match call {
        1 | 2 => refusal(Code::Unavailable, "away"),
        _ => fine(),
    });
    let started = Instant::now();
    let answer = client.call(request(READ)).await;
    assert_eq!(code(&answer), Code::Ok);
    assert_eq!(started.elapsed(), Duration::from_millis(100 + 200));
    let log = log.lock().unwrap().clone();
    let times: Vec<_> = log.iter().map(|call| call.1.as_str()).collect();
    assert_eq!(times, ["30000000u", "29900000u", "29700000u"]);
    let counts: Vec<_> = log.iter().map(|call| call.2.as_str()).collect();
    assert_eq!(counts, ["", "1", "2"]);
    assert_ne!(log[0].0, log[1].0, "another address first");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_not_sent_again() {
    let (client, log) = servers(2, |_, _| refusal(Code::Unavailable, "lost"));
    let answer = client.call(request(WRITE)).await;
    assert_eq!(code(&answer), Code::Unavailable);
    assert_eq!(sent(&log).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_the_service_refused_is_sent_again_when_the_service_wants() {
    let (client, log) = servers(1, |call, _| match call {
        1 => ours(Code::ResourceExhausted, Some("1234")),
        _ => fine(),
    });
    let started = Instant::now();
    assert_eq!(code(&client.call(request(WRITE)).await), Code::Ok);
    assert_eq!(started.elapsed(), Duration::from_millis(1_234));
    assert_eq!(sent(&log), [0, 0]);

    let (client, log) = servers(1, |_, _| ours(Code::Unavailable, Some("-1")));
    assert_eq!(code(&client.call(request(READ)).await), Code::Unavailable);
    assert_eq!(sent(&log).len(), 1, "the service wants no more of it");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_deadline_does_not_allow_is_not_begun() {
    let (mut client, _) = servers(1, |_, _| ours(Code::ResourceExhausted, Some("9000")));
    client.timeout = Some(Duration::from_secs(5));
    let started = Instant::now();
    let answer = client.call(request(READ)).await;
    assert_eq!(code(&answer), Code::ResourceExhausted, "the true reason");
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_left_at_the_callers_deadline() {
    let client = shared(vec![service_fn(|_: Request| {
        pending::<Result<Response, Infallible>>()
    })]);
    let mut request = request(READ);
    let timeout = http::HeaderValue::from_static("1500m");
    request.headers_mut().insert("grpc-timeout", timeout);
    let started = Instant::now();
    assert_eq!(code(&client.call(request).await), Code::DeadlineExceeded);
    assert_eq!(started.elapsed(), Duration::from_millis(1_500));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_every_call_is_soon_asked_once_for_each() {
    let (client, log) = servers(2, |_, _| refusal(Code::Unavailable, "down"));
    for _ in 0..40 {
        client.call(request(READ)).await;
    }
    let before = sent(&log).len();
    assert!(before < 40 + 60, "{before}");
    for _ in 0..10 {
        client.call(request(READ)).await;
    }
    assert_eq!(sent(&log).len(), before + 10);
}

#[tokio::test(start_paused = true)]
async fn the_token_goes_with_every_call_that_has_none() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = service_fn(move |request: Request| -> Ready<Result<_, Infallible>> {
        log.lock()
            .unwrap()
            .push(request.headers()["authorization"].clone());
        ready(Ok(fine()))
    });
    let mut client = shared(vec![server]);
    client.bearer = Some(bearer("secret").unwrap());
    client.call(request(READ)).await;
    client.call(request("/grpc.health.v1.Health/Check")).await;
    let mut own = request(WRITE);
    let other = http::HeaderValue::from_static("Bearer other");
    own.headers_mut().insert("authorization", other);
    client.call(own).await;
    assert_eq!(
        *seen.lock().unwrap(),
        ["Bearer secret", "Bearer secret", "Bearer other"]
    );
    assert!(seen.lock().unwrap()[0].is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_answer_decides_and_the_answer_is_whole() {
    let (client, log) = servers(1, |call, _| {
        let mut trailers = http::HeaderMap::new();
        let code = if call == 1 { "14" } else { "0" };
        trailers.insert("grpc-status", code.parse().unwrap());
        let body = http_body_util::Full::new(bytes::Bytes::from_static(b"part"));
        http::Response::new(Body::new(body.with_trailers(ready(Some(Ok(trailers))))))
    });
    let answer = client.call(request(READ)).await;
    assert_eq!(sent(&log).len(), 2);
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), "part");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_without_showing_the_token() {
    let random = || 0.5;
    let build =
        |address: &str, token: &str| Client::builder([address], random).token(token).build();
    assert!(build("http://127.0.0.1:1", "fine").is_ok());
    assert!(matches!(
        build("not a url", "fine"),
        Err(SetupError::Address { .. })
    ));
    let problem = build("http://127.0.0.1:1", "line\nbreak").unwrap_err();
    assert!(!problem.to_string().contains("break"), "{problem}");
    let none: [&str; 0] = [];
    assert!(matches!(
        Client::builder(none, random).build(),
        Err(SetupError::NoAddress)
    ));
    let shown = format!("{:?}", Client::builder(["a"], random).token("secret"));
    assert!(!shown.contains("secret"));
    let shown = format!("{:?}", build("http://127.0.0.1:1", "secret").unwrap());
    assert!(!shown.contains("secret"), "{shown}");
}
