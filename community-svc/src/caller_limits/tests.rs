use tokio::time::advance;

use super::*;
use crate::redis_link::testing;

fn limits(at_once: usize, in_a_second: u32, redis: Option<RedisLink>) -> CallerLimits {
    let settings = Settings {
        at_once,
        in_a_second,
    };
    CallerLimits::new(settings, redis).expect("there is a limit")
}

/// How many of so many calls are let in.
async fn admitted(limits: &CallerLimits, name: &str, calls: usize) -> usize {
    let mut count = 0;
    for _ in 0..calls {
        count += usize::from(limits.admit(name).await.is_ok());
    }
    count
}

#[test]
fn without_limits_nobody_is_counted() {
    assert!(CallerLimits::new(Settings::default(), None).is_none());
}

#[tokio::test]
async fn calls_at_once_are_counted_for_each_caller_and_given_back() {
    let limits = limits(2, 0, None);
    let first = limits.admit("crm").await.unwrap();
    let _second = limits.admit("crm").await.unwrap();
    let third = limits.admit("crm").await.unwrap_err();
    assert!(matches!(
        third,
        Error::CallerLimited {
            limit: "calls at once",
            ..
        }
    ));
    assert!(limits.admit("hr").await.is_ok());
    drop(first);
    assert!(limits.admit("crm").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn calls_in_a_second_run_out_and_come_back_with_the_next_second() {
    let limits = limits(0, 5, None);
    assert_eq!(admitted(&limits, "crm", 8).await, 5);
    assert_eq!(admitted(&limits, "hr", 8).await, 5);
    advance(Duration::from_millis(400)).await;
    let refused = limits.admit("crm").await.unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::from_millis(600)));
    advance(Duration::from_millis(601)).await;
    assert_eq!(admitted(&limits, "crm", 8).await, 5);
}

#[tokio::test]
async fn while_redis_is_away_each_replica_gives_a_quarter() {
    let limits = limits(0, 40, Some(testing::dead_link()));
    assert_eq!(admitted(&limits, "crm", 30).await, 10);
}

#[tokio::test]
async fn replicas_share_a_second_over_redis() {
    let name = uuid::Uuid::new_v4().to_string();
    let replicas = [0, 1].map(|_| limits(0, 100, Some(testing::link())));
    // The second of the clock may end in between, and begins anew then.
    for _ in 0..10 {
        let mut all = 0;
        for replica in &replicas {
            all += admitted(replica, &name, 150).await;
        }
        if all == 100 {
            return;
        }
        assert!(all > 100, "{all} of 100 were let in");
    }
    panic!("no second was long enough");
}
