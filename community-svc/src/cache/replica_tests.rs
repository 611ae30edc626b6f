//! Two replicas over one Redis.

use std::time::Duration;

use super::testing::{Bench, CardKey, FRESH, Origin};
use super::{Options, Source};
use crate::redis_link::testing;

/// Long enough for a machine that does something else as well.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two replicas that hear each other.
async fn replicas() -> [Bench; 2] {
    let origin = Origin::with("ada");
    let both = [(); 2].map(|()| Bench::before(origin.clone(), Some(testing::link()), 1 << 20));
    for bench in &both {
        bench
            .tasks
            .spawn_detached("listening", bench.cache.clone().listen());
        until(|| bench.cache.0.link.is_up()).await;
    }
    both
}

/// Polls; ends the test when it takes too long.
async fn until(mut holds: impl FnMut() -> bool) {
    let polling = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, polling).await.unwrap();
}

/// Has both read it, and waits until the second has heard all that the first said of it.
async fn read_by_both([a, b]: [&Bench; 2], key: &CardKey) {
    a.read(key).await;
    a.settle().await;
    let marker = CardKey::unique();
    let fetch = Origin::with("marker").fetch();
    let read = b.cache.read(&marker, &Options::default(), fetch).await;
    assert!(read.is_ok() && is_in_memory(b, &marker));
    a.cache.invalidate(&marker).await.unwrap();
    until(|| !is_in_memory(b, &marker)).await;
    b.read(key).await;
    assert!(is_in_memory(b, key));
}

fn is_in_memory(bench: &Bench, key: &CardKey) -> bool {
    bench.cache.peek(key, &Options::default()).is_some()
}

#[tokio::test]
async fn one_replica_fetches_and_the_other_finds_it_in_redis() {
    let [a, b] = replicas().await;
    let key = CardKey::unique();
    assert_eq!(a.read(&key).await.source, Source::BetterMode);
    assert_eq!(b.read(&key).await.source, Source::Redis);
    assert_ne!(b.read(&key).await.source, Source::BetterMode);
    assert_eq!(a.origin.asked(), 1);
}

#[tokio::test]
async fn an_invalidation_reaches_the_other_replicas_memory() {
    let [a, b] = replicas().await;
    let key = CardKey::unique();
    read_by_both([&a, &b], &key).await;
    a.origin.set("ada lovelace");
    a.cache.invalidate(&key).await.unwrap();
    until(|| !is_in_memory(&b, &key)).await;
    assert_eq!(b.name(&key).await.as_deref(), Some("ada lovelace"));
    assert_eq!(a.name(&key).await.as_deref(), Some("ada lovelace"));
    assert_eq!(a.origin.asked(), 2);
}

#[tokio::test]
async fn who_reads_after_an_invalidation_is_not_told_what_another_replica_asked_before_it() {
    let [a, b] = replicas().await;
    let key = CardKey::unique();
    a.origin.hold();
    let mut before = Box::pin(a.read(&key));
    let asked = std::pin::pin!(a.origin.is_asked());
    futures::future::select(&mut before, asked).await;
    a.origin.set("ada lovelace");
    b.cache.invalidate(&key).await.unwrap();
    let after = b.name(&key);
    let opening = async {
        tokio::task::yield_now().await;
        a.origin.release();
    };
    let (before, after, ()) = tokio::join!(before, after, opening);
    assert_eq!(before.value().unwrap().name, "ada");
    assert_eq!(after.as_deref(), Some("ada lovelace"));
    assert_eq!(a.origin.asked(), 2);
}

#[tokio::test]
async fn many_readers_of_both_replicas_cost_one_request() {
    let [a, b] = replicas().await;
    let key = CardKey::unique();
    a.origin.hold();
    let readers = (0..400).map(|n| {
        if n % 2 == 0 {
            a.name(&key)
        } else {
            b.name(&key)
        }
    });
    let readers = futures::future::join_all(readers);
    let opening = async {
        a.origin.is_asked().await;
        a.origin.release();
    };
    let (names, ()) = tokio::join!(readers, opening);
    assert_eq!(names, vec![Some("ada".to_owned()); 400]);
    assert_eq!(a.origin.asked(), 1);
}

#[tokio::test]
async fn when_the_one_who_fetches_is_given_up_another_replica_takes_over() {
    let [a, b] = replicas().await;
    let key = CardKey::unique();
    a.origin.hold();
    let waiting = {
        let first = std::pin::pin!(a.read(&key));
        let asked = std::pin::pin!(a.origin.is_asked());
        futures::future::select(first, asked).await;
        let waiting = Box::pin(b.read(&key));
        // The first reader leaves here; its lease goes back.
        waiting
    };
    a.origin.release();
    let read = tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    assert_eq!(read.value().unwrap().name, "ada");
    assert_eq!(a.origin.asked(), 2);
}

#[tokio::test]
async fn a_renewed_copy_replaces_the_old_one_everywhere() {
    let [a, b] = replicas().await;
    let key = CardKey::unique();
    read_by_both([&a, &b], &key).await;
    a.origin.set("ada lovelace");
    a.clock.advance(FRESH);
    assert!(a.read(&key).await.stale);
    let renewed = async {
        while b.name(&key).await.as_deref() != Some("ada lovelace") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, renewed).await.unwrap();
    assert_eq!(a.origin.asked(), 2);
}

#[tokio::test]
async fn a_copy_that_is_as_new_as_what_another_replica_brought_stays() {
    let [a, b] = replicas().await;
    let key = CardKey::unique();
    // Given back only after both have read.
    a.read(&key).await;
    b.read(&key).await;
    read_by_both([&a, &b], &CardKey::unique()).await;
    assert!(is_in_memory(&b, &key));
    assert_eq!(a.origin.asked(), 2);
}

#[tokio::test]
async fn copies_from_before_a_loss_are_confirmed_before_they_are_served() {
    let [a, b] = replicas().await;
    let (changed, same) = (CardKey::unique(), CardKey::unique());
    for key in [&changed, &same] {
        read_by_both([&a, &b], key).await;
    }
    // The replica hears nothing for a while.
    b.cache.0.link.set(false);
    assert!(is_in_memory(&b, &changed));
    a.origin.set("ada lovelace");
    a.cache.0.memory.invalidate(&changed.0);
    let shared = a.cache.0.shared.as_ref().unwrap();
    shared.bury_in_silence(&changed.0).await;
    assert_eq!(b.name(&changed).await.as_deref(), Some("ada"));
    b.cache.0.link.set(true);
    assert_eq!(b.name(&changed).await.as_deref(), Some("ada lovelace"));
    let confirmed = b.read(&same).await;
    assert_eq!(confirmed.source, Source::Redis);
    assert_eq!(b.read(&same).await.source, Source::Memory);
    assert_eq!(a.origin.asked(), 3);
}

#[tokio::test]
async fn a_redis_that_came_back_empty_costs_no_reader_an_error() {
    let [a, _] = replicas().await;
    let key = CardKey::unique();
    a.read(&key).await;
    a.cache.0.link.set(false);
    let link = testing::link();
    link.command::<()>(redis::cmd("DEL").arg(&key.0))
        .await
        .unwrap();
    a.cache.0.link.set(true);
    a.origin.set("ada lovelace");
    let kept = a.read(&key).await;
    assert!(kept.stale);
    assert_eq!(kept.value().unwrap().name, "ada");
    a.settle().await;
    assert_eq!(a.name(&key).await.as_deref(), Some("ada lovelace"));
}
