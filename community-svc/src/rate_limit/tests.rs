//! The limiter as its callers see it: learning, sharing, falling back.

use std::time::Duration;

use bettermode::{Budget as _, Class, Cost, Quota, QuotaKind};
use uuid::Uuid;

use super::{Limiter, Limits, Settings};
use crate::redis_link::testing;

const BURST: Option<Duration> = Some(Duration::from_secs(10));
const DAY: Option<Duration> = Some(Duration::from_secs(86_400));

const ONE: Cost = points(1);
const PERSON: Class = Class::Interactive;

const fn points(complexity: u32) -> Cost {
    Cost { complexity }
}

/// How many of a person's `tries` pass.
async fn passes(limiter: &Limiter, tries: usize) -> usize {
    passes_as(limiter, PERSON, tries).await
}

async fn passes_as(limiter: &Limiter, class: Class, tries: usize) -> usize {
    let mut passed = 0;
    for _ in 0..tries {
        passed += usize::from(limiter.acquire(ONE, class).await.is_ok());
    }
    passed
}

fn requests(window: Option<Duration>, limit: Option<u32>, remaining: Option<u32>) -> Quota {
    Quota {
        kind: QuotaKind::Requests,
        window,
        limit,
        remaining,
    }
}

fn configured(requests: u32) -> Settings {
    Settings {
        requests: Some(requests),
        complexity: None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_smallest_plan_holds_until_something_else_is_known() {
    let limiter = Limiter::memory(Settings::default());
    assert_eq!(passes(&limiter, 30).await, 20);
    let snapshot = limiter.snapshot().await;
    assert_eq!(
        snapshot.limits,
        Limits {
            requests: 20,
            complexity: 2_000
        }
    );
    assert_eq!(
        (snapshot.requests_left, snapshot.complexity_left),
        (0, 1_980)
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_to_wait_is_true_to_the_millisecond() {
    let limiter = Limiter::memory(configured(2));
    assert!(limiter.acquire(ONE, PERSON).await.is_ok());
    tokio::time::advance(Duration::from_millis(1_234)).await;
    assert!(limiter.acquire(ONE, PERSON).await.is_ok());
    let wait = limiter.acquire(ONE, PERSON).await.unwrap_err().retry_after;
    assert_eq!(wait, Duration::from_millis(10_001 - 1_234));
    let just_before = wait.saturating_sub(Duration::from_millis(1));
    tokio::time::advance(just_before).await;
    assert!(limiter.acquire(ONE, PERSON).await.is_err());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(limiter.acquire(ONE, PERSON).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn background_work_stops_before_the_window_is_full() {
    let limiter = Limiter::memory(Settings::default());
    assert_eq!(passes_as(&limiter, Class::Backfill, 30).await, 10);
    assert_eq!(passes_as(&limiter, Class::Refresh, 30).await, 5);
    assert_eq!(passes(&limiter, 30).await, 5);
}

#[tokio::test(start_paused = true)]
async fn the_limit_that_bettermode_names_is_adopted() {
    let limiter = Limiter::memory(Settings::default());
    limiter.observe(requests(BURST, Some(100), None));
    assert_eq!(passes(&limiter, 200).await, 100);
}

#[tokio::test(start_paused = true)]
async fn a_configured_limit_wins_over_the_one_that_bettermode_names() {
    let limiter = Limiter::memory(configured(7));
    limiter.observe(requests(BURST, Some(100), None));
    assert_eq!(passes(&limiter, 20).await, 7);
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_the_day_is_not_taken_for_that_of_the_burst() {
    let limiter = Limiter::memory(Settings::default());
    limiter.observe(requests(DAY, Some(50_000), Some(3)));
    limiter.observe(requests(None, Some(50_000), None));
    assert_eq!(passes(&limiter, 30).await, 20);
}

#[tokio::test(start_paused = true)]
async fn what_others_use_of_the_network_is_left_to_them_until_their_window_ends() {
    let limiter = Limiter::memory(Settings::default());
    assert_eq!(passes(&limiter, 1).await, 1);
    limiter.observe(requests(BURST, Some(20), Some(5)));
    limiter.observe(requests(BURST, Some(20), Some(9)));
    assert_eq!(passes(&limiter, 30).await, 5);
    tokio::time::advance(Duration::from_millis(10_001)).await;
    assert_eq!(passes(&limiter, 30).await, 20);
}

#[tokio::test(start_paused = true)]
async fn points_that_others_use_count_too() {
    let limiter = Limiter::memory(Settings::default());
    limiter.observe(Quota {
        kind: QuotaKind::Complexity,
        window: BURST,
        limit: Some(2_000),
        remaining: Some(10),
    });
    assert!(limiter.acquire(points(11), PERSON).await.is_err());
    assert!(limiter.acquire(points(10), PERSON).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_was_charged_above_the_prediction_counts_and_what_was_charged_less_stays_taken() {
    let limiter = Limiter::memory(Settings::default());
    assert!(limiter.acquire(points(100), PERSON).await.is_ok());
    tokio::time::advance(Duration::from_millis(700)).await;
    let ago = Duration::from_millis(700);
    limiter.settle(points(100), points(40), ago);
    assert_eq!(limiter.snapshot().await.complexity_left, 1_900);
    limiter.settle(points(100), points(1_000), ago);
    // The vendor's own count has it in already.
    limiter.observe(Quota {
        kind: QuotaKind::Complexity,
        window: BURST,
        limit: Some(2_000),
        remaining: Some(1_000),
    });
    let wait = limiter.acquire(points(1_001), PERSON).await.unwrap_err();
    assert_eq!(wait.retry_after, Duration::from_millis(10_001 - 700));
    assert!(limiter.acquire(points(1_000), PERSON).await.is_ok());
}

#[tokio::test]
async fn without_redis_each_replica_keeps_to_a_quarter() {
    let limiter = Limiter::redis(Settings::default(), testing::dead_link(), "graphql");
    assert_eq!(passes(&limiter, 30).await, 5);
    let snapshot = limiter.snapshot().await;
    assert_eq!((snapshot.limits.requests, snapshot.requests_left), (5, 0));
}

#[tokio::test]
async fn background_work_keeps_to_its_part_of_the_quarter() {
    let limiter = Limiter::redis(configured(32), testing::dead_link(), "graphql");
    assert_eq!(passes_as(&limiter, Class::Backfill, 30).await, 4);
    assert_eq!(passes_as(&limiter, Class::Refresh, 30).await, 2);
    assert_eq!(passes(&limiter, 30).await, 2);
}

#[tokio::test]
async fn a_quarter_is_never_less_than_one_request() {
    let limiter = Limiter::redis(configured(2), testing::dead_link(), "graphql");
    assert_eq!(passes(&limiter, 5).await, 1);
}

mod real_redis {
    use super::*;

    /// An endpoint that no other test uses.
    fn endpoint() -> String {
        format!("test:{}", Uuid::new_v4())
    }

    #[tokio::test]
    async fn two_replicas_share_one_budget() {
        let endpoint = endpoint();
        let [first, second] =
            [0, 1].map(|_| Limiter::redis(Settings::default(), testing::link(), &endpoint));
        let (one, two) = tokio::join!(passes(&first, 15), passes(&second, 15));
        assert_eq!(one + two, 20);
        let wait = first.acquire(ONE, PERSON).await.unwrap_err().retry_after;
        assert!(wait <= Duration::from_millis(10_001), "{wait:?}");
        assert_eq!(second.snapshot().await.requests_left, 0);
        assert_eq!(second.snapshot().await.complexity_left, 1_980);
    }

    #[tokio::test]
    async fn background_work_of_all_replicas_has_one_room_together() {
        let endpoint = endpoint();
        let [first, second] =
            [0, 1].map(|_| Limiter::redis(Settings::default(), testing::link(), &endpoint));
        assert_eq!(passes_as(&first, Class::Backfill, 6).await, 6);
        assert_eq!(passes_as(&second, Class::Backfill, 9).await, 4);
        assert_eq!(passes_as(&first, Class::Refresh, 9).await, 5);
        assert_eq!(passes(&second, 9).await, 5);
    }

    #[tokio::test]
    async fn what_one_replica_hears_about_others_binds_all() {
        let endpoint = endpoint();
        let [first, second] =
            [0, 1].map(|_| Limiter::redis(Settings::default(), testing::link(), &endpoint));
        first.observe(requests(BURST, Some(20), Some(3)));
        assert_eq!(passes(&first, 1).await, 1);
        assert_eq!(passes(&second, 10).await, 2);
    }

    #[tokio::test]
    async fn what_one_replica_was_charged_counts_once_for_all() {
        let endpoint = endpoint();
        let [first, second] =
            [0, 1].map(|_| Limiter::redis(Settings::default(), testing::link(), &endpoint));
        assert_eq!(passes(&first, 1).await, 1);
        first.settle(ONE, points(1_001), Duration::ZERO);
        assert_eq!(passes(&first, 3).await, 3);
        assert_eq!(second.snapshot().await.complexity_left, 2_000 - 1_004);
        assert_eq!(passes(&second, 3).await, 3);
        assert_eq!(first.snapshot().await.complexity_left, 2_000 - 1_007);
    }

    #[tokio::test]
    async fn a_redis_that_lost_the_count_learns_it_from_the_replica() {
        let endpoint = endpoint();
        let limiter = Limiter::redis(Settings::default(), testing::link(), &endpoint);
        assert_eq!(passes(&limiter, 15).await, 15);
        let key = format!("bettermode:ratelimit:{endpoint}");
        testing::link()
            .command::<()>(redis::cmd("DEL").arg(&key))
            .await
            .unwrap();
        assert_eq!(passes(&limiter, 15).await, 5);
    }

    #[tokio::test]
    async fn a_count_that_cannot_be_read_is_replaced_and_expires() {
        let endpoint = endpoint();
        let key = format!("bettermode:ratelimit:{endpoint}");
        let link = testing::link();
        for raw in [
            "rubbish",
            r#"{"log":[7]}"#,
            r#"{"log":[[1,"x",{}]]}"#,
            "5",
            "null",
        ] {
            let limiter = Limiter::redis(Settings::default(), link.clone(), &endpoint);
            link.command::<()>(redis::cmd("SET").arg(&key).arg(raw))
                .await
                .unwrap();
            assert_eq!(passes(&limiter, 1).await, 1, "{raw}");
            assert_eq!(limiter.snapshot().await.requests_left, 19, "{raw}");
        }
        let limiter = Limiter::redis(Settings::default(), link.clone(), &endpoint);
        link.command::<()>(redis::cmd("DEL").arg(&key))
            .await
            .unwrap();
        link.command::<()>(redis::cmd("RPUSH").arg(&key).arg("x"))
            .await
            .unwrap();
        assert_eq!(passes(&limiter, 1).await, 1);
        let ttl: u64 = link.command(redis::cmd("PTTL").arg(&key)).await.unwrap();
        assert!((10_001..=21_000).contains(&ttl), "{ttl}");
    }
}
