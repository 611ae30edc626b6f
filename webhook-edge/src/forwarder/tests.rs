//! A real queue on disk, and a service that does as it is told.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use prometheus_client::registry::Registry;
use service_kit::clock::ManualClock;
use service_kit::tasks::Tasks;
use tempfile::TempDir;
use tonic::Code;

use super::*;
use crate::forward::Accepted;
use crate::payload::{Event, Payload};
use crate::queue::Options;
use crate::signature::Delivery;

type Rule = Box<dyn Fn(&[Queued], usize) -> Result<(), Error> + Send + Sync>;

/// Stores what the rule lets through. The rule sees the batch and how many came
/// before it.
struct Service {
    rule: Rule,
    calls: Mutex<Vec<usize>>,
    stored: Mutex<Vec<String>>,
}

#[async_trait]
impl Store for Service {
    async fn store(&self, events: &[Queued]) -> Result<Vec<Accepted>, Error> {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(events.len());
            calls.len() - 1
        };
        (self.rule)(events, call)?;
        let mut stored = self.stored.lock().unwrap();
        let accepted = events.iter().map(|queued| {
            let id = queued.event.id.to_string();
            if stored.contains(&id) {
                return Accepted::Duplicate;
            }
            stored.push(id);
            Accepted::Stored
        });
        Ok(accepted.collect())
    }
}

/// A queue, and the service behind it.
struct Chain {
    _directory: TempDir,
    queue: Queue,
    service: Arc<Service>,
}

impl Chain {
    fn new(rule: impl Fn(&[Queued], usize) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            dir: directory.path().to_owned(),
            max_bytes: 64 << 20,
            dedup: Duration::from_secs(7 * 24 * 3600),
            segment_bytes: 64 * 1024,
        };
        let clock = Arc::new(ManualClock::new("2026-05-06T07:08:09Z".parse().unwrap()));
        let queue = Queue::open(&options, clock, &Tasks::new()).unwrap();
        let service = Service {
            rule: Box::new(rule),
            calls: Mutex::default(),
            stored: Mutex::default(),
        };
        Self {
            _directory: directory,
            queue,
            service: Arc::new(service),
        }
    }

    async fn append(&self, ids: &[&str]) {
        for id in ids {
            self.queue.append(&event(id)).await.unwrap();
        }
    }

    /// Forwards until `done` holds.
    async fn forward_until(&self, done: impl Fn(&Self) -> bool) {
        let metrics = Metrics::register(&mut Registry::default());
        let service = self.service.clone();
        let forwarder = Forwarder::new(self.queue.clone(), service, metrics, Box::new(|| 0.5));
        let shutdown = Shutdown::new();
        let watch = async {
            while !done(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            shutdown.drain();
        };
        let both = async { tokio::join!(forwarder.run(shutdown.clone()), watch) };
        // Pauses are long where an outage is played; time is paused in those tests.
        tokio::time::timeout(Duration::from_secs(3600), both)
            .await
            .expect("the forwarder gets there");
    }

    async fn forward_all(&self) {
        self.forward_until(|chain| chain.queue.stats().depth == 0)
            .await;
    }

    fn stored(&self) -> Vec<String> {
        self.service.stored.lock().unwrap().clone()
    }

    fn calls(&self) -> Vec<usize> {
        self.service.calls.lock().unwrap().clone()
    }
}

/// An event whose id is its entity, a dash, and a number.
fn event(id: &str) -> Event {
    let entity = id.split('-').next().unwrap();
    let body = format!(
        r#"{{"networkId":"N","type":"SUBSCRIPTION","data":{{"id":"{id}","name":"post.updated","noun":"POST","object":{{"id":"{entity}"}}}}}}"#
    );
    let delivery = Delivery::new("/webhooks/bettermode", HeaderMap::new(), Bytes::from(body))
        .trust_unsigned("2026-05-06T07:08:09Z".parse().unwrap());
    match Payload::read(&delivery, None).unwrap() {
        Payload::Event(event) => *event,
        Payload::Challenge { .. } => panic!("not an event"),
    }
}

fn refused(code: Code) -> Error {
    Error::Refused {
        code,
        message: "as the test says".to_owned(),
    }
}

fn holds(batch: &[Queued], id: &str) -> bool {
    batch.iter().any(|queued| queued.event.id.as_str() == id)
}

#[tokio::test]
async fn it_waits_a_moment_for_more_where_many_come_and_never_for_a_few() {
    let chain = Chain::new(|_, _| Ok(()));
    let metrics = Metrics::register(&mut Registry::default());
    let service = chain.service.clone();
    let mut forwarder = Forwarder::new(chain.queue.clone(), service, metrics, Box::new(|| 0.5));
    let ids: Vec<String> = (1..2 * MANY).map(|number| format!("e{number}-1")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (few, many) = ids.split_at(MANY - 1);
    chain.append(few).await;
    assert!(matches!(forwarder.step().await, Next::GoOn));
    chain.append(many).await;
    assert!(matches!(forwarder.step().await, Next::Gather));
    assert!(matches!(forwarder.step().await, Next::Wait));
    assert_eq!(chain.calls(), [MANY - 1, MANY]);
}

#[tokio::test]
async fn events_are_stored_in_the_order_of_their_arrival_and_leave_the_queue() {
    let chain = Chain::new(|_, _| Ok(()));
    let ids: Vec<String> = (0..1_200).map(|n| format!("post{}-{n}", n % 7)).collect();
    let events: Vec<_> = ids.iter().map(|id| event(id)).collect();
    let appended = events.iter().map(|event| chain.queue.append(event));
    for outcome in futures::future::join_all(appended).await {
        outcome.unwrap();
    }
    let waiting = chain.queue.read(None, 2_000, usize::MAX).await.unwrap();
    let arrived: Vec<_> = waiting.iter().map(|one| one.event.id.to_string()).collect();
    chain.forward_all().await;
    assert_eq!(chain.stored(), arrived);
    assert_eq!(chain.calls(), [500, 500, 200]);
}

#[tokio::test]
async fn what_arrives_while_forwarding_is_forwarded() {
    let chain = Chain::new(|_, _| Ok(()));
    let append = async {
        for number in 0..50 {
            chain.append(&[&format!("a-{number}")]).await;
        }
    };
    tokio::join!(
        append,
        chain.forward_until(|chain| chain.stored().len() == 50)
    );
    let expected: Vec<_> = (0..50).map(|number| format!("a-{number}")).collect();
    assert_eq!(chain.stored(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_any_kind_loses_and_buries_nothing() {
    let chain = Chain::new(|_, call| match call {
        0..30 => Err(Error::Unreachable("connection refused".to_owned())),
        30..40 => Err(refused(Code::Unauthenticated)),
        40..50 => Err(refused(Code::FailedPrecondition)),
        50..60 => Err(Error::TimedOut(Duration::from_secs(15))),
        60..70 => Err(Error::NoResult),
        _ => Ok(()),
    });
    chain.append(&["a-1", "b-1", "a-2", "c-1"]).await;
    chain.forward_all().await;
    assert_eq!(chain.stored(), ["a-1", "b-1", "a-2", "c-1"]);
    assert_eq!(chain.queue.stats().dead, 0);
}

#[tokio::test(start_paused = true)]
async fn a_poison_event_ends_in_the_dead_letters_and_holds_up_nobody_else() {
    let chain = Chain::new(|batch, _| {
        if holds(batch, "b-1") {
            return Err(refused(Code::InvalidArgument));
        }
        Ok(())
    });
    chain
        .append(&["a-1", "b-1", "a-2", "b-2", "c-1", "b-3"])
        .await;
    chain.forward_all().await;
    assert_eq!(chain.stored(), ["a-1", "a-2", "c-1", "b-2", "b-3"]);
    assert_eq!(chain.queue.stats().dead, 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_everything_buries_nothing() {
    for code in [Code::InvalidArgument, Code::Internal] {
        let chain = Chain::new(move |_, call| {
            if call < 2_000 {
                return Err(refused(code));
            }
            Ok(())
        });
        let ids: Vec<String> = (0..100).map(|number| format!("post{number}-1")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        chain.append(&ids).await;
        chain.forward_all().await;
        assert_eq!(chain.queue.stats().dead, 0, "{code:?}");
        assert_eq!(chain.stored().len(), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_for_a_while_is_stored_before_later_ones_of_its_entity() {
    let failures = Mutex::new(0);
    let chain = Chain::new(move |batch, _| {
        let mut failures = failures.lock().unwrap();
        if holds(batch, "b-1") && *failures < 6 {
            *failures += 1;
            return Err(refused(Code::Internal));
        }
        Ok(())
    });
    chain.append(&["a-1", "b-1", "b-2", "a-2"]).await;
    chain.forward_all().await;
    assert_eq!(chain.stored(), ["a-1", "a-2", "b-1", "b-2"]);
    assert_eq!(chain.queue.stats().dead, 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_never_gets_an_answer_does_not_hold_up_the_others() {
    let chain = Chain::new(|batch, _| {
        if holds(batch, "b-1") {
            return Err(Error::TimedOut(Duration::from_secs(15)));
        }
        Ok(())
    });
    chain.append(&["b-1", "a-1", "a-2"]).await;
    chain.forward_all().await;
    assert_eq!(chain.stored(), ["a-1", "a-2"]);
    assert_eq!(chain.queue.stats().dead, 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_too_slow_gets_smaller_batches() {
    let chain = Chain::new(|batch, _| {
        if batch.len() > 10 {
            return Err(Error::TimedOut(Duration::from_secs(15)));
        }
        Ok(())
    });
    let ids: Vec<String> = (0..100).map(|number| format!("post{number}-1")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    chain.append(&ids).await;
    chain.forward_all().await;
    assert_eq!(chain.stored(), ids);
}

#[tokio::test]
async fn what_a_forwarder_left_behind_is_forwarded_by_the_next() {
    let chain = Chain::new(|_, call| {
        if call == 1 {
            return Err(Error::Unreachable("killed".to_owned()));
        }
        Ok(())
    });
    chain.append(&["a-1"]).await;
    chain.forward_all().await;
    chain.append(&["a-2", "a-3"]).await;
    chain.forward_until(|chain| chain.calls().len() == 2).await;
    assert_eq!(chain.stored(), ["a-1"]);
    chain.forward_all().await;
    assert_eq!(chain.stored(), ["a-1", "a-2", "a-3"]);
}
