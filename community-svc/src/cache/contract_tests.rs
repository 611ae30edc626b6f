//! What every cache must do, over each place of its entries.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};
use service_kit::clock::{Clock as _, ManualClock};
use uuid::Uuid;

use super::{Cache, CacheKey, FillToken, Lookup, Store, jittered};
use crate::redis_link::testing;

const TTL: Duration = Duration::from_secs(300);

/// Runs each function over both places.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(super::Bench::memory()).await; })+
        }
        mod real_redis {
            $(#[tokio::test] async fn $name() { super::$name(super::Bench::redis()).await; })+
        }
    };
}

contract!(
    a_filled_entry_is_found_with_its_age,
    an_entry_is_gone_when_its_time_is_over,
    a_fill_that_began_before_an_invalidation_never_lands,
    a_fill_after_an_invalidation_lands_over_the_tombstone,
    an_old_fill_does_not_land_after_a_newer_entry_has_come_and_gone,
    a_fill_that_took_too_long_does_not_land,
    of_many_fills_of_one_miss_one_lands,
    an_entry_that_cannot_be_read_is_a_miss_and_is_replaced,
    an_entry_of_another_schema_is_a_miss_and_is_replaced,
    invalidating_what_is_not_there_shuts_out_fills_too,
    a_fill_without_a_look_up_lands_only_where_nothing_is,
);

/// A cache, a clock to move, and keys that no other test uses.
struct Bench {
    cache: Cache,
    clock: Arc<ManualClock>,
    prefix: Uuid,
}

impl Bench {
    fn new(make: impl FnOnce(Arc<ManualClock>) -> Cache) -> Self {
        let clock = Arc::new(ManualClock::new(now()));
        Self {
            cache: make(clock.clone()),
            clock,
            prefix: Uuid::new_v4(),
        }
    }

    fn memory() -> Self {
        Self::new(|clock| Cache::memory(1 << 20, clock))
    }

    fn redis() -> Self {
        Self::new(|clock| Cache::redis(testing::link(), clock))
    }

    fn key(&self, id: &str) -> CardKey {
        CardKey(format!("bettermode:test:{}:{id}", self.prefix))
    }

    async fn miss(&self, key: &CardKey) -> FillToken {
        match self.cache.lookup(key).await.unwrap() {
            Lookup::Miss(token) => token,
            Lookup::Hit { value, .. } => panic!("expected a miss, found {value:?}"),
        }
    }

    async fn hit(&self, key: &CardKey) -> Card {
        match self.cache.lookup(key).await.unwrap() {
            Lookup::Hit { value, .. } => value,
            Lookup::Miss(token) => panic!("expected a hit, found {token:?}"),
        }
    }

    async fn fill(&self, key: &CardKey, token: FillToken, name: &str) -> bool {
        self.fill_for(key, token, name, TTL).await
    }

    async fn fill_for(&self, key: &CardKey, token: FillToken, name: &str, ttl: Duration) -> bool {
        self.cache
            .fill(key, token, &card(name), now(), ttl)
            .await
            .unwrap()
    }

    async fn put_raw(&self, key: &CardKey, raw: &'static str) {
        match &self.cache.store {
            Store::Redis(store) => {
                let mut set = redis::cmd("SET");
                set.arg(&key.0).arg(raw).arg("EX").arg(60);
                store.link().command::<()>(&set).await.unwrap();
            }
            Store::Memory(store) => store.put_raw(key.0.clone(), Bytes::from(raw)).await,
        }
    }

    /// Waits for `ttl` to pass: by the clock, or by Redis's own.
    async fn wait_until_gone(&self, key: &CardKey, ttl: Duration) {
        self.clock.advance(ttl);
        if let Store::Redis(store) = &self.cache.store {
            for _ in 0..1_000_000 {
                let exists: bool = store
                    .link()
                    .command(redis::cmd("EXISTS").arg(&key.0))
                    .await
                    .unwrap();
                if !exists {
                    return;
                }
            }
            panic!("redis still has {} after {ttl:?}", key.0);
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    name: String,
}

#[derive(Debug)]
struct CardKey(String);

impl CacheKey for CardKey {
    type Value = Card;
    const SCHEMA: u32 = 3;

    fn key(&self) -> String {
        self.0.clone()
    }
}

fn card(name: &str) -> Card {
    Card {
        name: name.to_owned(),
    }
}

fn now() -> Timestamp {
    "2026-03-04T05:06:07Z".parse().unwrap()
}

async fn a_filled_entry_is_found_with_its_age(bench: Bench) {
    let key = bench.key("a");
    let token = bench.miss(&key).await;
    let fetched_at = bench.clock.now();
    bench.clock.advance(Duration::from_secs(2));
    let landed = bench
        .cache
        .fill(&key, token, &card("Ada"), fetched_at, TTL)
        .await;
    assert!(landed.unwrap());
    match bench.cache.lookup(&key).await.unwrap() {
        Lookup::Hit {
            value,
            fetched_at: found,
        } => {
            assert_eq!(value, card("Ada"));
            assert_eq!(found, fetched_at);
        }
        Lookup::Miss(token) => panic!("missed: {token:?}"),
    }
    bench.miss(&bench.key("b")).await;
}

async fn an_entry_is_gone_when_its_time_is_over(bench: Bench) {
    let key = bench.key("a");
    let ttl = Duration::from_millis(500);
    let token = bench.miss(&key).await;
    assert!(bench.fill_for(&key, token, "Ada", ttl).await);
    assert_eq!(bench.hit(&key).await, card("Ada"));
    bench.wait_until_gone(&key, ttl).await;
    let token = bench.miss(&key).await;
    assert!(bench.fill(&key, token, "Grace").await);
}

async fn a_fill_that_began_before_an_invalidation_never_lands(bench: Bench) {
    let key = bench.key("a");
    let absent = bench.miss(&key).await;
    bench.cache.invalidate(&key).await.unwrap();
    assert!(!bench.fill(&key, absent.clone(), "old").await);

    let tombstone = bench.miss(&key).await;
    bench.cache.invalidate(&key).await.unwrap();
    assert!(!bench.fill(&key, tombstone.clone(), "old").await);

    let newest = bench.miss(&key).await;
    assert!(bench.fill(&key, newest, "new").await);
    assert!(!bench.fill(&key, absent, "old").await);
    assert!(!bench.fill(&key, tombstone, "old").await);
    assert_eq!(bench.hit(&key).await, card("new"));
}

async fn a_fill_after_an_invalidation_lands_over_the_tombstone(bench: Bench) {
    let key = bench.key("a");
    let token = bench.miss(&key).await;
    assert!(bench.fill(&key, token, "old").await);
    bench.cache.invalidate(&key).await.unwrap();
    let token = bench.miss(&key).await;
    assert!(bench.fill(&key, token, "new").await);
    assert_eq!(bench.hit(&key).await, card("new"));
}

async fn an_old_fill_does_not_land_after_a_newer_entry_has_come_and_gone(bench: Bench) {
    let key = bench.key("a");
    let ttl = Duration::from_millis(500);
    let old = bench.miss(&key).await;
    bench.cache.invalidate(&key).await.unwrap();
    let new = bench.miss(&key).await;
    assert!(bench.fill_for(&key, new, "new", ttl).await);
    bench.wait_until_gone(&key, ttl).await;
    assert!(!bench.fill_for(&key, old, "old", ttl).await);
}

async fn a_fill_that_took_too_long_does_not_land(bench: Bench) {
    let key = bench.key("a");
    let slow = bench.miss(&key).await;
    bench.clock.advance(super::FILL_WINDOW);
    assert!(!bench.fill(&key, slow, "old").await);

    let confused = bench.miss(&key).await;
    bench.clock.set(now() - Duration::from_secs(1));
    assert!(!bench.fill(&key, confused, "old").await);
}

async fn of_many_fills_of_one_miss_one_lands(bench: Bench) {
    let key = bench.key("a");
    for round in ["absent", "tombstone"] {
        let token = bench.miss(&key).await;
        let fills = (0..20).map(|_| bench.fill(&key, token.clone(), round));
        let landed = futures::future::join_all(fills).await;
        assert_eq!(landed.into_iter().filter(|landed| *landed).count(), 1);
        assert_eq!(bench.hit(&key).await, card(round));
        bench.cache.invalidate(&key).await.unwrap();
    }
}

async fn an_entry_that_cannot_be_read_is_a_miss_and_is_replaced(bench: Bench) {
    let broken = [
        "",
        "{",
        "null",
        r#"{"schema":3}"#,
        r#"{"schema":3,"fetched_at":"yesterday","value":{"name":"x"}}"#,
        r#"{"schema":3,"fetched_at":"2026-01-01T00:00:00Z","value":{"name":7}}"#,
    ];
    for (number, raw) in broken.into_iter().enumerate() {
        let key = bench.key(&number.to_string());
        bench.put_raw(&key, raw).await;
        let stale = bench.miss(&key).await;
        let token = bench.miss(&key).await;
        assert!(bench.fill(&key, token, "good").await, "{raw}");
        assert!(!bench.fill(&key, stale, "late").await, "{raw}");
        assert_eq!(bench.hit(&key).await, card("good"), "{raw}");
    }
}

async fn an_entry_of_another_schema_is_a_miss_and_is_replaced(bench: Bench) {
    let key = bench.key("a");
    let other = r#"{"schema":2,"fetched_at":"2026-01-01T00:00:00Z","value":{"name":"old"}}"#;
    bench.put_raw(&key, other).await;
    let token = bench.miss(&key).await;
    assert!(bench.fill(&key, token, "new").await);
    assert_eq!(bench.hit(&key).await, card("new"));
}

async fn invalidating_what_is_not_there_shuts_out_fills_too(bench: Bench) {
    let key = bench.key("a");
    let other = bench.key("b");
    let token = bench.miss(&key).await;
    let other_token = bench.miss(&other).await;
    bench.cache.invalidate(&key).await.unwrap();
    assert!(!bench.fill(&key, token, "old").await);
    assert!(bench.fill(&other, other_token, "untouched").await);
}

async fn a_fill_without_a_look_up_lands_only_where_nothing_is(bench: Bench) {
    let [free, full, buried] = ["free", "full", "buried"].map(|id| bench.key(id));
    let token = bench.miss(&full).await;
    let begun = bench.cache.begin();
    assert!(bench.fill(&full, token, "first").await);
    bench.cache.invalidate(&buried).await.unwrap();
    assert!(bench.fill(&free, begun.clone(), "begun").await);
    assert!(!bench.fill(&full, begun.clone(), "begun").await);
    assert!(!bench.fill(&buried, begun, "begun").await);
}

#[test]
fn jitter_moves_a_ttl_by_a_tenth_at_most() {
    let mut rng = SmallRng::seed_from_u64(7);
    let all: Vec<_> = (0..1_000).map(|_| jittered(TTL, &mut rng)).collect();
    assert!(all.iter().all(|ttl| ttl.abs_diff(TTL) <= TTL / 10));
    assert!(all.iter().any(|ttl| *ttl < TTL) && all.iter().any(|ttl| *ttl > TTL));
}

#[tokio::test]
async fn a_cache_whose_redis_is_away_says_so_and_nothing_worse() {
    let clock = Arc::new(ManualClock::new(now()));
    let cache = Cache::redis(testing::dead_link(), clock);
    let key = CardKey("bettermode:test:unreachable".to_owned());
    let error = cache.lookup(&key).await.unwrap_err();
    assert!(error.to_string().contains("REDIS_URL"), "{error}");
    assert!(cache.invalidate(&key).await.is_err());
    assert!(cache.ping().await.is_err());
}

mod only_in_memory {
    use super::*;

    #[tokio::test]
    async fn the_bound_in_bytes_holds() {
        let clock = Arc::new(ManualClock::new(now()));
        let cache = Cache::memory(20_000, clock);
        for number in 0..500 {
            let key = CardKey(format!("bettermode:test:{number}"));
            if let Lookup::Miss(token) = cache.lookup(&key).await.unwrap() {
                let value = card(&"x".repeat(200));
                cache.fill(&key, token, &value, now(), TTL).await.unwrap();
            }
        }
        let Store::Memory(store) = &cache.store else {
            panic!("not in memory")
        };
        let weight = store.weight().await;
        assert!((10_000..=20_000).contains(&weight), "{weight}");
    }

    #[tokio::test]
    async fn tombstones_outlive_their_minute_by_no_more_than_one_invalidation() {
        let bench = Bench::memory();
        for number in 0..100 {
            let key = bench.key(&number.to_string());
            bench.cache.invalidate(&key).await.unwrap();
        }
        bench.clock.advance(super::super::TOMBSTONE_TTL);
        bench.cache.invalidate(&bench.key("last")).await.unwrap();
        let Store::Memory(store) = &bench.cache.store else {
            panic!("not in memory")
        };
        assert_eq!(store.tombstone_count(), 1);
    }
}

mod real_redis_entries {
    use super::*;

    #[tokio::test]
    async fn are_readable_json_that_expires() {
        let bench = Bench::redis();
        let key = bench.key("a");
        let link = testing::link();
        let token = bench.miss(&key).await;
        assert!(bench.fill(&key, token, "Ada").await);
        let raw: String = link.command(redis::cmd("GET").arg(&key.0)).await.unwrap();
        let expected = r#"{"schema":3,"fetched_at":"2026-03-04T05:06:07Z","value":{"name":"Ada"}}"#;
        assert_eq!(raw, expected);
        let ttl: u64 = link.command(redis::cmd("TTL").arg(&key.0)).await.unwrap();
        assert!((295..=300).contains(&ttl), "{ttl}");

        bench.cache.invalidate(&key).await.unwrap();
        let raw: String = link.command(redis::cmd("GET").arg(&key.0)).await.unwrap();
        assert!(raw.starts_with(r#"{"invalidated":""#), "{raw}");
        let ttl: u64 = link.command(redis::cmd("TTL").arg(&key.0)).await.unwrap();
        assert!((55..=60).contains(&ttl), "{ttl}");
    }

    #[tokio::test]
    async fn of_a_foreign_type_are_removed() {
        let bench = Bench::redis();
        let key = bench.key("a");
        testing::link()
            .command::<()>(redis::cmd("RPUSH").arg(&key.0).arg("x"))
            .await
            .unwrap();
        let token = bench.miss(&key).await;
        assert!(bench.fill(&key, token, "Ada").await);
        assert_eq!(bench.hit(&key).await, card("Ada"));
    }
}
