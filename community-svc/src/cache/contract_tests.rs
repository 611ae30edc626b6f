//! What every cache must do: with memory alone, with Redis alone, with both.

use std::time::Duration;

use jiff::Timestamp;

use super::testing::{ABSENT, Bench, CardKey, FRESH, OLDEST};
use super::{Mode, Options, Source};
use crate::error::Error;
use crate::redis_link::testing;

const MEMORY: u64 = 1 << 20;

/// Runs each function over all three.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() {
                super::$name(super::Bench::new(None, super::MEMORY)).await;
            })+
        }
        mod real_redis {
            $(#[tokio::test] async fn $name() {
                super::$name(super::Bench::new(Some(super::testing::link()), 0)).await;
            })+
        }
        mod memory_over_real_redis {
            $(#[tokio::test] async fn $name() {
                super::$name(super::Bench::new(Some(super::testing::link()), super::MEMORY)).await;
            })+
        }
    };
}

contract!(
    a_value_is_fetched_once_and_served_from_its_copy,
    an_absence_is_believed_for_a_short_time,
    an_invalidation_clears_an_absence,
    an_old_copy_is_served_while_a_newer_one_is_fetched,
    a_very_old_copy_is_served_only_where_the_origin_does_not_answer,
    a_copy_past_its_last_age_is_never_served,
    what_the_origin_says_about_the_value_is_not_hidden_by_an_old_copy,
    a_reader_can_ask_for_a_newer_copy,
    a_reader_can_go_past_every_copy_and_leaves_the_answer_for_others,
    a_reader_can_ask_for_a_copy_alone,
    a_fill_that_began_before_an_invalidation_never_lands,
    who_reads_after_an_invalidation_is_not_told_what_was_asked_before_it,
    a_fill_that_learnt_its_key_late_does_not_land_after_an_invalidation,
    many_readers_of_one_missing_value_cost_one_request,
    a_request_that_nobody_waits_for_is_given_up,
    a_failure_is_not_remembered,
);

fn within(seconds: u64) -> Options {
    Options {
        max_staleness: Some(Duration::from_secs(seconds)),
        ..Options::default()
    }
}

fn mode(mode: Mode) -> Options {
    Options {
        mode,
        ..Options::default()
    }
}

fn away() -> Error {
    Error::UpstreamRateLimited {
        retry_after: Duration::from_secs(3),
    }
}

async fn a_value_is_fetched_once_and_served_from_its_copy(bench: Bench) {
    let key = CardKey::unique();
    let first = bench.read(&key).await;
    assert_eq!(first.source, Source::BetterMode);
    bench.clock.advance(FRESH / 2);
    let second = bench.read(&key).await;
    assert_ne!(second.source, Source::BetterMode);
    assert_eq!(second.value(), first.value());
    assert_eq!(second.fetched_at(), first.fetched_at());
    assert!(!second.stale);
    assert_eq!(bench.cache.copy_from(&key).await, Some(first.fetched_at()));
    assert_eq!(bench.origin.asked(), 1);
}

async fn an_absence_is_believed_for_a_short_time(bench: Bench) {
    let key = CardKey::unique();
    bench.origin.has_none();
    for _ in 0..3 {
        assert_eq!(bench.name(&key).await, None);
    }
    assert_eq!(bench.origin.asked(), 1);
    bench.origin.set("ada");
    bench.clock.advance(ABSENT);
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada"));
}

async fn an_invalidation_clears_an_absence(bench: Bench) {
    let key = CardKey::unique();
    bench.origin.has_none();
    assert_eq!(bench.name(&key).await, None);
    bench.origin.set("ada");
    bench.cache.invalidate(&key).await.unwrap();
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada"));
}

async fn an_old_copy_is_served_while_a_newer_one_is_fetched(bench: Bench) {
    let key = CardKey::unique();
    bench.read(&key).await;
    bench.origin.set("ada lovelace");
    bench.clock.advance(FRESH);
    let old = bench.read(&key).await;
    assert!(old.stale);
    assert_eq!(old.value().unwrap().name, "ada");
    bench.settle().await;
    let new = bench.read(&key).await;
    assert_eq!(new.value().unwrap().name, "ada lovelace");
    assert!(!new.stale);
    assert_eq!(bench.origin.asked(), 2);
}

async fn a_very_old_copy_is_served_only_where_the_origin_does_not_answer(bench: Bench) {
    let key = CardKey::unique();
    bench.read(&key).await;
    bench.clock.advance(FRESH * 2);
    bench.origin.fails_with(away());
    let old = bench.read(&key).await;
    assert!(old.stale);
    assert_eq!(bench.origin.asked(), 2);
    bench.clock.advance(Duration::from_secs(2));
    bench.origin.set("ada lovelace");
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada lovelace"));
}

async fn a_copy_past_its_last_age_is_never_served(bench: Bench) {
    let key = CardKey::unique();
    bench.read(&key).await;
    bench.clock.advance(OLDEST);
    bench.origin.fails_with(away());
    let outcome = bench.read_with(&key, Options::default()).await;
    assert_eq!(outcome.unwrap_err(), away());
}

async fn what_the_origin_says_about_the_value_is_not_hidden_by_an_old_copy(bench: Bench) {
    let key = CardKey::unique();
    bench.read(&key).await;
    bench.clock.advance(FRESH * 2);
    bench.origin.has_none();
    assert_eq!(bench.name(&key).await, None);
    bench.clock.advance(ABSENT);
    let refused = Error::UpstreamPermissionDenied {
        attempted: "reading",
        field: None,
    };
    bench.origin.fails_with(refused.clone());
    let outcome = bench.read_with(&key, Options::default()).await;
    assert_eq!(outcome.unwrap_err(), refused);
}

async fn a_reader_can_ask_for_a_newer_copy(bench: Bench) {
    let key = CardKey::unique();
    bench.read(&key).await;
    bench.clock.advance(Duration::from_secs(60));
    assert_ne!(
        bench.read_with(&key, within(60)).await.unwrap().source,
        Source::BetterMode
    );
    bench.origin.set("ada lovelace");
    let newer = bench.read_with(&key, within(59)).await.unwrap();
    assert_eq!(newer.value().unwrap().name, "ada lovelace");
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada lovelace"));
    bench.clock.advance(Duration::from_secs(60));
    bench.origin.fails_with(away());
    let outcome = bench.read_with(&key, within(59)).await;
    assert_eq!(outcome.unwrap_err(), away());
}

async fn a_reader_can_go_past_every_copy_and_leaves_the_answer_for_others(bench: Bench) {
    let key = CardKey::unique();
    bench.read(&key).await;
    bench.origin.set("ada lovelace");
    let past = bench.read_with(&key, mode(Mode::Bypass)).await.unwrap();
    assert_eq!(past.source, Source::BetterMode);
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada lovelace"));
    assert_eq!(bench.origin.asked(), 2);
}

async fn a_reader_can_ask_for_a_copy_alone(bench: Bench) {
    let key = CardKey::unique();
    let nothing = bench.read_with(&key, mode(Mode::Only)).await;
    assert_eq!(nothing.unwrap_err(), Error::NotCached);
    bench.read(&key).await;
    bench.clock.advance(FRESH * 2);
    let old = bench.read_with(&key, mode(Mode::Only)).await.unwrap();
    assert!(old.stale);
    assert_eq!(bench.origin.asked(), 1);
}

async fn a_fill_that_began_before_an_invalidation_never_lands(bench: Bench) {
    let key = CardKey::unique();
    bench.origin.hold();
    let reading = bench.read(&key);
    let changing = async {
        bench.origin.is_asked().await;
        bench.origin.set("ada lovelace");
        bench.cache.invalidate(&key).await.unwrap();
        bench.origin.release();
    };
    let (old, ()) = tokio::join!(reading, changing);
    assert_eq!(old.value().unwrap().name, "ada");
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada lovelace"));
}

async fn who_reads_after_an_invalidation_is_not_told_what_was_asked_before_it(bench: Bench) {
    for mode in [Mode::Default, Mode::Bypass].map(mode) {
        let key = CardKey::unique();
        bench.origin.set("ada");
        bench.origin.hold();
        let mut before = Box::pin(bench.read_with(&key, mode));
        let asked = std::pin::pin!(bench.origin.is_asked());
        assert!(matches!(
            futures::future::select(&mut before, asked).await,
            futures::future::Either::Right(_)
        ));
        bench.origin.set("ada lovelace");
        bench.cache.invalidate(&key).await.unwrap();
        let after = bench.read_with(&key, mode);
        let opening = async {
            tokio::task::yield_now().await;
            bench.origin.release();
        };
        let (before, after, ()) = tokio::join!(before, after, opening);
        assert_eq!(before.unwrap().value().unwrap().name, "ada");
        assert_eq!(after.unwrap().value().unwrap().name, "ada lovelace");
        // The second question, so that the next round waits for its own first one.
        bench.origin.is_asked().await;
    }
}

async fn a_fill_that_learnt_its_key_late_does_not_land_after_an_invalidation(bench: Bench) {
    let (key, other) = (CardKey::unique(), CardKey::unique());
    let card = |name: &str| super::testing::Card {
        name: name.to_owned(),
    };
    let begun = bench.cache.begin();
    bench.cache.invalidate(&key).await.unwrap();
    bench.cache.put(&key, begun, card("old")).await;
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada"));
    let begun = bench.cache.begin();
    bench.cache.put(&other, begun, card("bob")).await;
    assert_eq!(bench.name(&other).await.as_deref(), Some("bob"));
    assert_eq!(bench.origin.asked(), 1);
}

async fn many_readers_of_one_missing_value_cost_one_request(bench: Bench) {
    let key = CardKey::unique();
    bench.origin.hold();
    let readers = futures::future::join_all((0..500).map(|_| bench.name(&key)));
    let opening = async {
        bench.origin.is_asked().await;
        bench.origin.release();
    };
    let (names, ()) = tokio::join!(readers, opening);
    assert_eq!(names, vec![Some("ada".to_owned()); 500]);
    assert_eq!(bench.origin.asked(), 1);
}

async fn a_request_that_nobody_waits_for_is_given_up(bench: Bench) {
    let key = CardKey::unique();
    bench.origin.hold();
    {
        let reading = std::pin::pin!(bench.read(&key));
        let asked = std::pin::pin!(bench.origin.is_asked());
        futures::future::select(reading, asked).await;
    }
    bench.origin.release();
    bench.settle().await;
    assert_eq!(bench.cache.copy_from(&key).await, None::<Timestamp>);
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada"));
    assert_eq!(bench.origin.asked(), 2);
}

async fn a_failure_is_not_remembered(bench: Bench) {
    let key = CardKey::unique();
    bench.origin.fails_with(away());
    let outcome = bench.read_with(&key, Options::default()).await;
    assert_eq!(outcome.unwrap_err(), away());
    bench.origin.set("ada");
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada"));
}

#[tokio::test]
async fn memory_keeps_to_its_bound() {
    let bench = Bench::new(None, 100_000);
    for _ in 0..1000 {
        bench.read(&CardKey::unique()).await;
    }
    let (copies, bytes) = bench.cache.memory_size();
    assert!(
        copies > 50 && bytes <= 100_000,
        "{copies} copies, {bytes} bytes"
    );
}

#[tokio::test]
async fn a_copy_in_memory_costs_no_await() {
    let bench = Bench::new(None, MEMORY);
    let key = CardKey::unique();
    let options = Options::default();
    assert!(bench.cache.peek(&key, &options).is_none());
    bench.read(&key).await;
    assert_eq!(
        bench.cache.peek(&key, &options).unwrap().source,
        Source::Memory
    );
    bench.clock.advance(FRESH);
    assert!(bench.cache.peek(&key, &options).is_none());
}

#[tokio::test]
async fn what_cannot_be_read_in_redis_is_a_miss_and_is_replaced() {
    let link = testing::link();
    let bench = Bench::new(Some(link.clone()), 0);
    for raw in [
        "rubbish",
        r#"{"schema":2,"fetched_at":"2026-03-04T06:00:00Z","value":{}}"#,
    ] {
        let key = CardKey::unique();
        let mut set = redis::cmd("SET");
        link.command::<()>(set.arg(&key.0).arg(raw).arg("EX").arg(60))
            .await
            .unwrap();
        assert_eq!(bench.name(&key).await.as_deref(), Some("ada"));
        assert_eq!(bench.read(&key).await.source, Source::Redis);
    }
    let foreign = CardKey::unique();
    let mut push = redis::cmd("RPUSH");
    link.command::<()>(push.arg(&foreign.0).arg("x"))
        .await
        .unwrap();
    bench.read(&foreign).await;
    assert_eq!(bench.read(&foreign).await.source, Source::Redis);
}

#[tokio::test]
async fn redis_shows_a_copy_as_json() {
    let link = testing::link();
    let bench = Bench::new(Some(link.clone()), 0);
    let key = CardKey::unique();
    bench.read(&key).await;
    let raw: String = link.command(redis::cmd("GET").arg(&key.0)).await.unwrap();
    assert_eq!(
        raw,
        r#"{"schema":3,"fetched_at":"2026-03-04T06:00:00Z","value":{"name":"ada"}}"#
    );
}

#[tokio::test]
async fn a_redis_that_is_away_is_no_error_of_a_read() {
    let bench = Bench::new(Some(testing::dead_link()), MEMORY);
    let key = CardKey::unique();
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada"));
    assert_eq!(bench.read(&key).await.source, Source::Memory);
    assert!(bench.cache.invalidate(&key).await.is_err());
    bench.origin.set("ada lovelace");
    assert_eq!(bench.name(&key).await.as_deref(), Some("ada lovelace"));
}
