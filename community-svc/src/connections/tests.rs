use std::future::{Ready, ready};

use prometheus_client::registry::Registry;
use tokio::io::AsyncWriteExt as _;
use tower::util::ServiceFn;

use super::*;
use crate::layers::request_id::RequestIds;
use crate::layers::{Layers, shed};

type Nothing = ServiceFn<fn(Request) -> Ready<Result<Response, Infallible>>>;

/// A connection before a service that answers nothing of interest.
fn connection() -> Connection<Nothing> {
    let metrics = Metrics::register(&mut Registry::default());
    let places = Arc::new(Places::new(&limits(Duration::ZERO), metrics.clone()));
    let layers = Layers {
        request_ids: RequestIds::new(7),
        metrics,
        callers: None,
        limits: None,
        door: shed::Door::new(1, 1),
        traces: None,
    };
    let answer: fn(Request) -> _ = |_| ready(Ok(Response::new(Body::empty())));
    Connection {
        address: SocketAddr::from(([127, 0, 0, 1], 1)),
        http2: builder(),
        ends: Ends::new(&limits(Duration::ZERO), 0.0),
        inbound: Inbound::new(layers, tower::service_fn(answer)),
        closing: Closing::default(),
        _place: places.admit([127, 0, 0, 1].into()).expect("a place"),
    }
}

fn limits(age: Duration) -> Limits {
    Limits {
        connections: 1,
        connections_per_address: 0,
        age,
        grace: Duration::from_secs(1),
    }
}

#[tokio::test(start_paused = true)]
async fn ages_differ_by_a_tenth_either_way_and_no_age_is_no_end() {
    let hour = Duration::from_secs(3600);
    let age = |random| {
        let gently = Ends::new(&limits(hour), random).gently;
        gently.expect("an end") - Instant::now()
    };
    assert!(
        (3239..=3240).contains(&age(0.0).as_secs()),
        "{:?}",
        age(0.0)
    );
    let about = |seconds: u64| Duration::from_secs(seconds)..Duration::from_secs(seconds + 1);
    assert!(about(3600).contains(&age(0.5)), "{:?}", age(0.5));
    assert!(about(3960).contains(&age(1.0)), "{:?}", age(1.0));
    assert!(Ends::new(&limits(Duration::ZERO), 0.5).gently.is_none());
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_or_too_little_is_not_waited_for() {
    for words in [b"".as_slice(), b"PRI * HTTP/2.0"] {
        let (mut client, server) = tokio::io::duplex(1024);
        client.write_all(words).await.unwrap();
        let began = Instant::now();
        let ended = connection().converse(server, Peer::default()).await;
        assert!(ended.unwrap_err().contains("in time"), "{words:?}");
        assert!(began.elapsed() < FIRST_WORDS + Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_closes_waits_a_moment_for_those_who_have_not_spoken() {
    let (_client, server) = tokio::io::duplex(1024);
    let connection = connection();
    connection.closing.gently.cancel();
    let began = Instant::now();
    let ended = connection.converse(server, Peer::default()).await;
    assert!(ended.is_err());
    assert!(began.elapsed() < 2 * FAREWELL, "{:?}", began.elapsed());
}
