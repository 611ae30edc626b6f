//! How long an id is remembered.

use super::*;

const ALMOST_A_WEEK: Duration = Duration::from_secs(7 * 24 * 3600 - 60);

async fn is_known(queue: &Queue, id: &str) -> bool {
    let outcome = queue.append(&event(id)).await.unwrap();
    outcome == Accepted::Duplicate
}

/// Lets time pass for the queue, and lets it look and finish.
async fn pass(
    queue: Queue,
    directory: &TempDir,
    clock: &Arc<ManualClock>,
    time: Duration,
) -> Queue {
    tokio::time::pause();
    tokio::time::advance(time).await;
    let id = format!("look{}", queue.stats().depth);
    queue.append(&event(&id)).await.unwrap();
    tokio::time::resume();
    queue.close().await;
    open_with(directory, 64 << 20, clock)
}

#[tokio::test]
async fn an_id_is_remembered_for_the_time_that_was_asked_for_and_forgotten_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(now()));
    let queue = open_with(&directory, 64 << 20, &clock);
    queue.append(&event("one")).await.unwrap();
    let queue = pass(queue, &directory, &clock, ALMOST_A_WEEK).await;
    assert!(is_known(&queue, "one").await);
    let queue = pass(queue, &directory, &clock, Duration::from_secs(120)).await;
    assert!(!is_known(&queue, "one").await);
    // Taken anew, it is remembered anew.
    let queue = pass(queue, &directory, &clock, ALMOST_A_WEEK).await;
    assert!(is_known(&queue, "one").await);
}

#[tokio::test]
async fn steps_of_the_wall_clock_do_not_make_it_forget() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(now()));
    let mut queue = open_with(&directory, 64 << 20, &clock);
    queue.append(&event("one")).await.unwrap();
    for step in ["2036-01-01T00:00:00Z", "2001-01-01T00:00:00Z"] {
        clock.set(step.parse().unwrap());
        queue = pass(queue, &directory, &clock, Duration::from_secs(10)).await;
        assert!(is_known(&queue, "one").await);
    }
    queue.close().await;
    // A day at most for each start, whatever the clock shows.
    clock.set("2036-01-01T00:00:00Z".parse().unwrap());
    let queue = open_with(&directory, 64 << 20, &clock);
    let queue = pass(queue, &directory, &clock, Duration::from_secs(10)).await;
    assert!(is_known(&queue, "one").await);
}

#[tokio::test]
async fn many_ids_are_forgotten_until_none_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let queue = open(&directory);
    let events: Vec<_> = (0..1_500)
        .map(|number| event(&format!("old{number}")))
        .collect();
    append_all(&queue, &events).await;
    remove_all(&queue).await;
    let clock = Arc::new(ManualClock::new(now()));
    let queue = pass(queue, &directory, &clock, WEEK + Duration::from_secs(60)).await;
    assert_eq!(queue.store.count_ids(), (1, 1));
}
