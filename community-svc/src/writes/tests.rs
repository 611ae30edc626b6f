//! What a caller hears, step by step, over a record in memory and a BetterMode that
//! does what each test says.

use std::sync::Mutex;

use prometheus_client::registry::Registry;
use service_kit::clock::ManualClock;

use super::memory::MemoryWrites;
use super::*;

const TIMING: Timing = Timing {
    request: Duration::from_secs(18),
    settle: Duration::from_secs(10),
};

const UNKNOWN: Error = Error::OutcomeUnknown {
    attempted: "sending it",
};

/// A service, and BetterMode behind it.
struct Stage {
    writes: Writes,
    store: Arc<MemoryWrites>,
    clock: Arc<ManualClock>,
    sent: Arc<Mutex<Vec<&'static str>>>,
}

impl Stage {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap()));
        let store = Arc::new(MemoryWrites::default());
        let writes = Writes::new(
            store.clone(),
            clock.clone(),
            Tasks::new(),
            TIMING,
            Metrics::register(&mut Registry::default()),
        );
        Self {
            writes,
            store,
            clock,
            sent: Arc::default(),
        }
    }

    /// One call whose attempt ends so, and whose look finds these.
    async fn call(
        &self,
        write: Option<Write>,
        outcome: Result<&'static str, Error>,
        found: Result<&'static [&'static str], Error>,
    ) -> Result<String, Error> {
        let sent = Arc::clone(&self.sent);
        let attempt = async move {
            sent.lock().unwrap().push("sent");
            outcome.map(made)
        };
        let lookup = move |_| async move {
            found.map(|found| Found::Objects(found.iter().copied().map(made).collect()))
        };
        self.writes.run(write, attempt, lookup).await
    }

    fn times_sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    fn wait(&self) {
        self.clock.advance(TIMING.settle);
    }
}

fn made(object: &str) -> Made<String> {
    Made::object(object, object.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "as callers hand it on")]
fn write(number: u8) -> Option<Write> {
    let id = format!("6f4d2a0e-0d7e-4a35-9a5b-0000000000{number:02x}");
    Some(Write {
        request_id: RequestId::parse(&id).unwrap(),
        method: "Send",
        attempted: "sending it",
        requests: 1,
        fingerprint: Fingerprint::of(["Send", "crm", "hello"]),
        effect: Effect::of(["Send", "<p>hello</p>"]),
    })
}

fn again_in(seconds: u64) -> Result<String, Error> {
    Err(Error::RequestInProgress {
        retry_after: Duration::from_secs(seconds),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "as callers hear it")]
fn ok(object: &str) -> Result<String, Error> {
    Ok(object.to_owned())
}

#[tokio::test]
async fn without_an_id_every_call_sends_and_hears_what_came_of_it() {
    let stage = Stage::new();
    assert_eq!(stage.call(None, Ok("m1"), Ok(&[])).await, ok("m1"));
    assert_eq!(stage.call(None, Err(UNKNOWN), Ok(&[])).await, Err(UNKNOWN));
    assert_eq!(stage.times_sent(), 2);
}

#[tokio::test]
async fn the_same_id_hears_the_first_answer_and_nothing_is_sent() {
    let stage = Stage::new();
    for _ in 0..3 {
        assert_eq!(stage.call(write(1), Ok("m1"), Ok(&[])).await, ok("m1"));
    }
    assert_eq!(stage.times_sent(), 1);
    assert_eq!(stage.call(write(2), Ok("m2"), Ok(&[])).await, ok("m2"));
}

#[tokio::test]
async fn other_content_under_the_same_id_is_refused() {
    let stage = Stage::new();
    stage.call(write(1), Ok("m1"), Ok(&[])).await.unwrap();
    let other = write(1).map(|write| Write {
        fingerprint: Fingerprint::of(["Send", "crm", "bye"]),
        ..write
    });
    let answer = stage.call(other, Ok("m2"), Ok(&[])).await;
    assert_eq!(answer, Err(Error::RequestIdReused));
    assert_eq!(stage.times_sent(), 1);
}

#[tokio::test]
async fn a_refusal_that_changed_nothing_leaves_the_id_free() {
    let stage = Stage::new();
    let refused = stage
        .call(write(1), Err(Error::SpaceNotFound), Ok(&[]))
        .await;
    assert_eq!(refused, Err(Error::SpaceNotFound));
    let other = write(1).map(|write| Write {
        fingerprint: Fingerprint::of(["Send", "crm", "bye"]),
        ..write
    });
    assert_eq!(stage.call(other, Ok("m1"), Ok(&[])).await, ok("m1"));
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_once_it_is_settled_and_not_before() {
    let stage = Stage::new();
    let lost = stage.call(write(1), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(lost, again_in(10));
    stage.clock.advance(Duration::from_secs(4));
    let early = stage.call(write(1), Ok("m2"), Ok(&["m1"])).await;
    assert_eq!(early, again_in(6));
    stage.clock.advance(Duration::from_secs(6));
    let found = stage.call(write(1), Ok("m2"), Ok(&["m1"])).await;
    assert_eq!(found, ok("m1"));
    let known = stage.call(write(1), Ok("m2"), Ok(&[])).await;
    assert_eq!(known, ok("m1"));
    assert_eq!(stage.times_sent(), 1);
}

#[tokio::test]
async fn what_did_not_happen_is_sent_again() {
    let stage = Stage::new();
    let lost = stage.call(write(1), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(lost, again_in(10));
    stage.wait();
    assert_eq!(stage.call(write(1), Ok("m1"), Ok(&[])).await, ok("m1"));
    assert_eq!(stage.times_sent(), 2);
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_keeps_the_id_for_this_content() {
    let stage = Stage::new();
    let lost = stage.call(write(1), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(lost, again_in(10));
    stage.wait();
    let refused = stage
        .call(write(1), Err(Error::SpaceNotFound), Ok(&[]))
        .await;
    assert_eq!(refused, Err(Error::SpaceNotFound));
    // The first attempt lands after all.
    let found = stage.call(write(1), Ok("m2"), Ok(&["m1"])).await;
    assert_eq!(found, ok("m1"));
}

#[tokio::test]
async fn more_than_was_sent_cannot_be_told_apart_and_is_said_so() {
    let stage = Stage::new();
    let lost = stage.call(write(1), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(lost, again_in(10));
    stage.wait();
    for _ in 0..2 {
        let both = stage.call(write(1), Ok("m3"), Ok(&["m1", "m2"])).await;
        assert_eq!(both, Err(UNKNOWN));
    }
    // The other one's owner is known by now.
    assert_eq!(stage.call(write(2), Ok("m2"), Ok(&[])).await, ok("m2"));
    let told = stage.call(write(1), Ok("m3"), Ok(&["m1", "m2"])).await;
    assert_eq!(told, ok("m1"));
    assert_eq!(stage.times_sent(), 2);
}

#[tokio::test]
async fn a_success_is_told_once_it_is_recorded_and_not_before() {
    let stage = Stage::new();
    stage.store.fail(1);
    assert_eq!(stage.call(write(1), Ok("m1"), Ok(&[])).await, ok("m1"));
    stage.store.fail(2);
    let answer = stage.call(write(2), Ok("m2"), Ok(&[])).await;
    assert_eq!(answer, again_in(1));
    stage.clock.advance(TIMING.attempt(1));
    stage.wait();
    let found = stage.call(write(2), Ok("m3"), Ok(&["m1", "m2"])).await;
    assert_eq!(found, ok("m2"));
    assert_eq!(stage.times_sent(), 2);
}

#[tokio::test]
async fn what_was_done_in_part_is_told_and_done_to_its_end_under_the_same_id() {
    let stage = Stage::new();
    let part = Made {
        is_whole: false,
        ..made("half")
    };
    let half = stage.writes.run(write(1), async { Ok(part) }, repeatable);
    assert_eq!(half.await, ok("half"));
    for _ in 0..2 {
        assert_eq!(
            stage.call(write(1), Ok("whole"), Ok(&[])).await,
            ok("whole")
        );
    }
    assert_eq!(stage.times_sent(), 1);
}

#[tokio::test]
async fn a_mark_settles_it_whatever_else_is_there() {
    let stage = Stage::new();
    let lost = stage.call(write(1), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(lost, again_in(10));
    let equal = stage.call(write(2), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(equal, again_in(10));
    stage.wait();
    let attempt = async { panic!("it is there already") };
    let lookup = |_| async { Ok(Found::Marked(made("m1"))) };
    let found: Result<String, Error> = stage.writes.run(write(1), attempt, lookup).await;
    assert_eq!(found, ok("m1"));
}

#[tokio::test]
async fn a_look_that_fails_leaves_it_open_and_one_that_is_not_allowed_cannot_tell() {
    let stage = Stage::new();
    let lost = stage.call(write(1), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(lost, again_in(10));
    stage.wait();
    let away = Error::UpstreamRateLimited {
        retry_after: Duration::from_secs(7),
    };
    let answer = stage.call(write(1), Ok("m2"), Err(away)).await;
    assert_eq!(answer, again_in(7));
    let closed = Error::UpstreamPermissionDenied {
        attempted: "looking",
        field: None,
    };
    let answer = stage.call(write(1), Ok("m2"), Err(closed)).await;
    assert_eq!(answer, Err(UNKNOWN));
    assert_eq!(stage.times_sent(), 1);
}

#[tokio::test]
async fn a_request_that_this_version_would_send_otherwise_is_not_looked_for() {
    let stage = Stage::new();
    let lost = stage.call(write(1), Err(UNKNOWN), Ok(&[])).await;
    assert_eq!(lost, again_in(10));
    stage.wait();
    let otherwise = write(1).map(|write| Write {
        effect: Effect::of(["Send", "<div>hello</div>"]),
        ..write
    });
    let answer = stage.call(otherwise, Ok("m2"), Ok(&[])).await;
    assert_eq!(answer, Err(UNKNOWN));
    assert_eq!(stage.times_sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_is_given_up_and_looked_for_later() {
    let stage = Stage::new();
    let hangs = std::future::pending::<Result<Made<String>, Error>>();
    let answer = stage.writes.run(write(1), hangs, repeatable).await;
    assert_eq!(answer, again_in(10));
}

#[tokio::test]
async fn a_call_whose_caller_left_goes_on_and_tells_the_next() {
    let stage = Stage::new();
    let (arrived, arrival) = tokio::sync::oneshot::channel::<()>();
    let (answer, answered) = tokio::sync::oneshot::channel::<()>();
    let attempt = async move {
        arrived.send(()).unwrap();
        answered.await.unwrap();
        Ok(made("m1"))
    };
    let leaves = stage.writes.run(write(1), attempt, repeatable);
    tokio::select! {
        _ = leaves => panic!("nobody answered"),
        sent = arrival => sent.unwrap(),
    }
    let meanwhile = stage.call(write(1), Ok("m2"), Ok(&[])).await;
    assert_eq!(meanwhile, again_in(1));
    answer.send(()).unwrap();
    assert!(stage.writes.tasks.finished(Duration::from_secs(5)).await);
    assert_eq!(stage.call(write(1), Ok("m2"), Ok(&[])).await, ok("m1"));
    assert_eq!(stage.times_sent(), 0);
}
