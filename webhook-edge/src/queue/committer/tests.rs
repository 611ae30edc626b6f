//! Disks that fail.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http::HeaderMap;
use service_kit::blocking::Blocking;
use service_kit::clock::{ManualClock, SharedClock};
use service_kit::tasks::Tasks;
use tempfile::TempDir;

use super::*;
use crate::payload::{Event, Payload};
use crate::queue::{Queue, answers};
use crate::signature::Delivery;

fn clock() -> SharedClock {
    Arc::new(ManualClock::new("2026-05-06T07:08:09Z".parse().unwrap()))
}

fn event(id: &str) -> Event {
    let body = format!(
        r#"{{"networkId":"N","type":"SUBSCRIPTION","data":{{"id":"{id}","name":"post.updated"}}}}"#
    );
    let delivery = Delivery::new("/webhooks/bettermode", HeaderMap::new(), Bytes::from(body))
        .trust_unsigned(clock().now());
    match Payload::read(&delivery, None).unwrap() {
        Payload::Event(event) => *event,
        Payload::Challenge { .. } => panic!("not an event"),
    }
}

/// A queue whose log is written to `file` from now on.
fn open_over(directory: &TempDir, file: Option<&str>) -> Queue {
    let options = Options {
        dir: directory.path().to_owned(),
        max_bytes: 64 << 20,
        dedup: Duration::from_secs(7 * 24 * 3600),
        segment_bytes: 64 * 1024,
    };
    let lock = directory::take(&options.dir).unwrap();
    let shared = Arc::new(Shared {
        clock: clock(),
        stats: Mutex::default(),
        poisoned: AtomicBool::new(false),
        appended: Arc::default(),
    });
    let (answers, groups) = mpsc::unbounded_channel();
    let tasks = Tasks::new();
    tasks.spawn_detached("queue answers", answers::give(groups));
    let mut committer = Committer::open(&options, &Ground::default(), &shared, answers).unwrap();
    if let Some(file) = file {
        committer.log.write_to(file);
    }
    let blocking = Blocking::Pool;
    Queue::over(committer, shared, Some(lock), (&blocking, &tasks)).unwrap()
}

async fn waiting(queue: &Queue) -> Vec<String> {
    let all = queue.read(None, 100, usize::MAX).await.unwrap();
    all.iter().map(|one| one.event.id.to_string()).collect()
}

/// The first file takes no write; the second takes writes, and refuses to keep them.
#[tokio::test]
async fn after_a_write_or_an_fsync_that_failed_nothing_is_taken_until_a_restart() {
    for file in ["/dev/full", "/dev/null"] {
        let directory = tempfile::tempdir().unwrap();
        let queue = open_over(&directory, None);
        assert_eq!(queue.append(&event("one")).await, Ok(Accepted::Stored));
        queue.close().await;

        let queue = open_over(&directory, Some(file));
        assert!(!queue.stats().poisoned);
        for id in ["two", "three", "two"] {
            let refused = Err(AppendError::Poisoned);
            assert_eq!(queue.append(&event(id)).await, refused, "{file}");
        }
        assert!(queue.stats().poisoned);
        // What was taken before is read, and cannot be lost.
        assert_eq!(waiting(&queue).await, ["one"]);
        let read = queue.read(None, 1, 0).await.unwrap();
        assert_eq!(queue.remove(&read).await, Err(WriteError::Poisoned));
        queue.close().await;

        let queue = open_over(&directory, None);
        assert_eq!(waiting(&queue).await, ["one"]);
        assert_eq!(queue.append(&event("two")).await, Ok(Accepted::Stored));
        assert_eq!(queue.append(&event("one")).await, Ok(Accepted::Duplicate));
        assert_eq!(waiting(&queue).await, ["one", "two"]);
    }
}

#[tokio::test]
async fn those_who_sent_in_the_group_that_failed_hear_so_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open_over(&directory, Some("/dev/null"));
    let events: Vec<_> = (0..40)
        .map(|number| event(&format!("e{}", number % 7)))
        .collect();
    let all = events.iter().map(|event| queue.append(event));
    let outcomes = futures::future::join_all(all).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == Err(AppendError::Poisoned))
    );
}
