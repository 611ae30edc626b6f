//! The queue on a real disk, opened and opened again.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;
use service_kit::clock::ManualClock;
use tempfile::TempDir;

use super::*;
use crate::payload::Payload;
use crate::signature::Delivery;

mod forgetting;
mod model;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
/// Small, so that tests fill more than one.
const SEGMENT: u64 = 16 * 1024;

fn now() -> Timestamp {
    "2026-05-06T07:08:09Z".parse().unwrap()
}

fn open_with(directory: &TempDir, max_bytes: u64, clock: &Arc<ManualClock>) -> Queue {
    let options = Options {
        dir: directory.path().to_owned(),
        max_bytes,
        dedup: WEEK,
        segment_bytes: SEGMENT,
    };
    let clock: Arc<ManualClock> = Arc::clone(clock);
    Queue::open(&options, clock, &Tasks::new()).unwrap()
}

fn open(directory: &TempDir) -> Queue {
    open_with(directory, 64 << 20, &Arc::new(ManualClock::new(now())))
}

fn event_of(id: &str, text: &str) -> Event {
    let body = format!(
        r#"{{"networkId":"N","type":"SUBSCRIPTION","data":{{"id":"{id}","name":"post.updated","text":"{text}"}}}}"#
    );
    let delivery = Delivery::new("/webhooks/bettermode", HeaderMap::new(), Bytes::from(body))
        .trust_unsigned(now());
    match Payload::read(&delivery, None).unwrap() {
        Payload::Event(event) => *event,
        Payload::Challenge { .. } => panic!("not an event"),
    }
}

fn event(id: &str) -> Event {
    event_of(id, "")
}

async fn append_all(queue: &Queue, events: &[Event]) -> Vec<Result<Accepted, AppendError>> {
    let all = events.iter().map(|event| queue.append(event));
    futures::future::join_all(all).await
}

async fn all(queue: &Queue) -> Vec<Queued> {
    queue.read(None, 10_000, usize::MAX).await.unwrap()
}

async fn waiting(queue: &Queue) -> Vec<String> {
    let all = all(queue).await;
    all.iter().map(|one| one.event.id.to_string()).collect()
}

async fn positions(queue: &Queue) -> Vec<Position> {
    all(queue).await.iter().map(|one| one.position).collect()
}

async fn remove_all(queue: &Queue) {
    queue.remove(&all(queue).await).await.unwrap();
}

#[tokio::test]
async fn an_event_is_read_as_it_was_appended_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    let sent = event_of("one", "with a body");
    assert_eq!(queue.append(&sent).await, Ok(Accepted::Stored));
    queue.close().await;
    let queue = open(&directory);
    let read = queue.read(None, 10, usize::MAX).await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].queued_at, now());
    let found = &read[0].event;
    assert_eq!((&found.id, &found.body), (&sent.id, &sent.body));
    assert_eq!((&found.path, found.format), (&sent.path, sent.format));
    assert_eq!(found.received_at, sent.received_at);
}

#[tokio::test]
async fn events_come_in_the_order_of_their_arrival_and_positions_ascend_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for run in 0..3 {
        let queue = open(&directory);
        for number in 0..5 {
            queue
                .append(&event(&format!("{run}-{number}")))
                .await
                .unwrap();
        }
        let expected: Vec<_> = (0..5).map(|number| format!("{run}-{number}")).collect();
        assert_eq!(waiting(&queue).await, expected);
        let places = positions(&queue).await;
        remove_all(&queue).await;
        seen.extend(places);
        assert!(waiting(&queue).await.is_empty());
        queue.close().await;
    }
    assert!(seen.is_sorted() && seen.len() == 15);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 15);
}

#[tokio::test]
async fn an_id_is_taken_once_also_after_its_removal_and_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    assert_eq!(queue.append(&event("one")).await, Ok(Accepted::Stored));
    assert_eq!(queue.append(&event("one")).await, Ok(Accepted::Duplicate));
    remove_all(&queue).await;
    assert_eq!(queue.append(&event("one")).await, Ok(Accepted::Duplicate));
    queue.close().await;
    let queue = open(&directory);
    assert_eq!(queue.append(&event("one")).await, Ok(Accepted::Duplicate));
    assert!(waiting(&queue).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_with_one_id_exactly_one_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    let all = (0..400).map(|number| {
        let queue = queue.clone();
        async move { queue.append(&event(&format!("id{}", number % 8))).await }
    });
    let outcomes = futures::future::join_all(all).await;
    let stored = outcomes
        .iter()
        .filter(|outcome| **outcome == Ok(Accepted::Stored));
    assert_eq!(stored.count(), 8);
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(waiting(&queue).await.len(), 8);
}

#[tokio::test]
async fn reading_is_bounded_in_number_and_bytes_but_never_stands_still() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    for id in ["a", "b", "c"] {
        queue
            .append(&event_of(id, &"x".repeat(1_000)))
            .await
            .unwrap();
    }
    let count =
        async |max_events, max_bytes| queue.read(None, max_events, max_bytes).await.unwrap().len();
    assert_eq!(count(2, usize::MAX).await, 2);
    assert_eq!(count(10, 3_000).await, 2);
    assert_eq!(count(10, 1).await, 1);
    let first = positions(&queue).await[0];
    let rest = queue.read(Some(first), 10, usize::MAX).await.unwrap();
    assert_eq!(rest.len(), 2);
}

#[tokio::test]
async fn a_full_queue_takes_nothing_until_something_leaves() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(now()));
    let queue = open_with(&directory, 5_000, &clock);
    let large = |id: &str| event_of(id, &"x".repeat(2_000));
    for id in ["a", "b"] {
        assert_eq!(queue.append(&large(id)).await, Ok(Accepted::Stored));
    }
    assert_eq!(queue.append(&large("c")).await, Err(AppendError::Full));
    // What is known already takes no room.
    assert_eq!(queue.append(&large("a")).await, Ok(Accepted::Duplicate));
    queue.remove(&all(&queue).await[..1]).await.unwrap();
    assert_eq!(queue.append(&large("c")).await, Ok(Accepted::Stored));
    assert_eq!(waiting(&queue).await, ["b", "c"]);
    assert!(!queue.stats().poisoned);
}

#[tokio::test]
async fn dead_letters_are_kept_with_their_reason_and_can_be_put_back() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    for id in ["a", "b", "c"] {
        queue.append(&event(id)).await.unwrap();
    }
    let second = positions(&queue).await[1];
    queue.bury(second, "refused".to_owned()).await.unwrap();
    queue
        .bury(second, "refused again".to_owned())
        .await
        .unwrap();
    assert_eq!(waiting(&queue).await, ["a", "c"]);
    queue.close().await;

    let queue = open(&directory);
    assert_eq!(queue.stats().dead, 1);
    let letters = queue.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "refused");
    assert_eq!(letters[0].buried_at, now());
    assert_eq!(letters[0].event().unwrap().id.as_str(), "b");
    assert_eq!(queue.redrive(&[second, Position(99)]).await, Ok(1));
    assert_eq!(queue.redrive(&[second]).await, Ok(0));
    assert_eq!(waiting(&queue).await, ["a", "c", "b"]);
    assert_eq!(queue.stats().dead, 0);
}

#[tokio::test]
async fn a_redrive_goes_as_far_as_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(now()));
    let queue = open_with(&directory, 5_000, &clock);
    for id in ["a", "b", "c"] {
        let event = event_of(id, &"x".repeat(2_000));
        queue.append(&event).await.unwrap();
        if id != "c" {
            let waits = positions(&queue).await[0];
            queue.bury(waits, "refused".to_owned()).await.unwrap();
        }
    }
    let letters = queue.dead_letters(None, 10).await.unwrap();
    let places: Vec<_> = letters.iter().map(|letter| letter.position).collect();
    assert_eq!(queue.redrive(&places).await, Ok(1));
    assert_eq!(waiting(&queue).await, ["c", "a"]);
    assert_eq!((queue.stats().depth, queue.stats().dead), (2, 1));
    remove_all(&queue).await;
    assert_eq!(queue.redrive(&places).await, Ok(1));
    assert_eq!(waiting(&queue).await, ["b"]);
}

#[tokio::test]
async fn a_redrive_of_much_is_written_in_groups_that_have_a_bound() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    let mut places = Vec::new();
    for number in 0..20 {
        let event = event_of(&format!("e{number}"), &"x".repeat(900_000));
        queue.append(&event).await.unwrap();
        let waits = positions(&queue).await[0];
        queue.bury(waits, "refused".to_owned()).await.unwrap();
        places.push(waits);
    }
    places.extend(places.clone());
    assert_eq!(queue.redrive(&places).await, Ok(20));
    assert_eq!(waiting(&queue).await.len(), 20);
    assert_eq!(queue.stats().dead, 0);
    queue.close().await;
    let mut largest = 0;
    for entry in std::fs::read_dir(directory.path().join("log")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let number = u64::from_str_radix(name, 16).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let each = |head: &log::group::Head, _: log::group::Entries<'_>| {
            largest = largest.max(head.body);
            Some(())
        };
        log::scan::scan(&bytes, number, each).unwrap();
    }
    assert!((1_000_000..10_000_000).contains(&largest), "{largest}");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_a_dead_letter_and_blocks_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    queue.append(&event("a")).await.unwrap();
    queue.append(&event("b")).await.unwrap();
    let segment = directory.path().join("log/0000000000000001.log");
    let mut bytes = std::fs::read(&segment).unwrap();
    let body = bytes.windows(7).position(|part| part == b"SUBSCRI");
    bytes[body.unwrap()] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    assert_eq!(waiting(&queue).await, ["b"]);
    let letters = queue.dead_letters(None, 10).await.unwrap();
    assert!(letters[0].event().is_none());
    assert!(letters[0].reason.contains("checksum"));
    assert_eq!(queue.stats().depth, 1);
}

#[tokio::test]
async fn a_directory_is_for_one_process() {
    let directory = tempfile::tempdir().unwrap();
    let _queue = open(&directory);
    let options = Options {
        dir: directory.path().to_owned(),
        max_bytes: 1,
        dedup: WEEK,
        segment_bytes: SEGMENT,
    };
    let again = Queue::open(&options, Arc::new(ManualClock::new(now())), &Tasks::new());
    assert!(matches!(again, Err(OpenError::Locked { .. })));
}

#[tokio::test]
async fn stats_tell_depth_size_and_since_when_the_oldest_waits() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(now()));
    let queue = open_with(&directory, 64 << 20, &clock);
    assert_eq!(queue.stats(), Stats::default());
    queue.append(&event("a")).await.unwrap();
    clock.advance(Duration::from_secs(60));
    queue.append(&event("b")).await.unwrap();
    let stats = queue.stats();
    assert_eq!((stats.depth, stats.oldest), (2, Some(now())));
    assert!(stats.bytes > 100);
    queue.remove(&all(&queue).await[..1]).await.unwrap();
    let later = now() + Duration::from_secs(60);
    assert_eq!(queue.stats().oldest, Some(later));
    queue.close().await;
    let queue = open_with(&directory, 64 << 20, &clock);
    assert_eq!(
        (queue.stats().depth, queue.stats().oldest),
        (1, Some(later))
    );
    remove_all(&queue).await;
    let flow = Flow {
        found: 1,
        ..Flow::default()
    };
    let empty = Stats {
        flow,
        ..Stats::default()
    };
    assert_eq!(queue.stats(), empty);
}

#[tokio::test]
async fn whoever_waits_for_events_wakes_when_one_is_appended() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    let changed = queue.changed();
    queue.append(&event("a")).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), changed)
        .await
        .expect("the append woke it");
}

#[tokio::test]
async fn a_caller_who_goes_away_disturbs_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    for number in 0..50 {
        let event = event(&format!("gone{number}"));
        let append = queue.append(&event);
        // Polled once, then dropped.
        let _dropped = futures::FutureExt::now_or_never(append);
        queue
            .append(&event_of(&format!("stays{number}"), ""))
            .await
            .unwrap();
    }
    let waiting = waiting(&queue).await;
    for number in 0..50 {
        assert!(waiting.contains(&format!("stays{number}")));
    }
}
