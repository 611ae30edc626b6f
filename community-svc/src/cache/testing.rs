//! An origin that counts and can be held up, and caches over it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bettermode::Class;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use service_kit::clock::ManualClock;
use service_kit::tasks::Tasks;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{Cache, CacheKey, LeaseCheck, Options, Policy, Read};
use crate::error::Error;
use crate::redis_link::RedisLink;

pub(super) const FRESH: Duration = Duration::from_secs(300);
pub(super) const OLDEST: Duration = Duration::from_secs(3600);
pub(super) const ABSENT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Card {
    pub(super) name: String,
}

/// A key that no other test uses.
#[derive(Debug, Clone)]
pub(super) struct CardKey(pub(super) String);

impl CardKey {
    pub(super) fn unique() -> Self {
        Self(format!("bettermode:test:{}", Uuid::new_v4()))
    }
}

impl CacheKey for CardKey {
    type Value = Card;
    const SCHEMA: u32 = 3;

    fn name(&self) -> String {
        self.0.clone()
    }
}

/// Where the values come from.
#[derive(Debug, Clone)]
pub(super) struct Origin(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    answer: Mutex<Result<Option<Card>, Error>>,
    asked: AtomicU32,
    /// One permit for each answer; closed gates hold answers up.
    gate: Semaphore,
    arrived: Semaphore,
}

impl Origin {
    /// That answers at once with this name.
    pub(super) fn with(name: &str) -> Self {
        let origin = Self(Arc::new(Inside {
            answer: Mutex::new(Ok(None)),
            asked: AtomicU32::new(0),
            gate: Semaphore::new(1_000_000),
            arrived: Semaphore::new(0),
        }));
        origin.set(name);
        origin
    }

    pub(super) fn set(&self, name: &str) {
        let name = name.to_owned();
        *self.0.answer.lock().unwrap() = Ok(Some(Card { name }));
    }

    pub(super) fn has_none(&self) {
        *self.0.answer.lock().unwrap() = Ok(None);
    }

    pub(super) fn fails_with(&self, error: Error) {
        *self.0.answer.lock().unwrap() = Err(error);
    }

    pub(super) fn asked(&self) -> u32 {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// From now on answers wait for [`release`](Self::release). What they say is decided
    /// when they are asked for.
    pub(super) fn hold(&self) {
        let _ = self.0.gate.forget_permits(1_000_000);
    }

    pub(super) fn release(&self) {
        self.0.gate.add_permits(1_000_000);
    }

    /// Waits until somebody asks.
    pub(super) async fn is_asked(&self) {
        self.0.arrived.acquire().await.unwrap().forget();
    }

    pub(super) fn fetch(
        &self,
    ) -> impl Fn(Class) -> BoxFuture<'static, Result<Option<Card>, Error>> + Clone + use<> {
        let inside = Arc::clone(&self.0);
        move |_| {
            let inside = Arc::clone(&inside);
            async move {
                inside.asked.fetch_add(1, Ordering::SeqCst);
                let answer = inside.answer.lock().unwrap().clone();
                inside.arrived.add_permits(1);
                inside.gate.acquire().await.unwrap().forget();
                answer
            }
            .boxed()
        }
    }
}

/// A cache before an origin, with a clock to move.
#[derive(Debug, Clone)]
pub(super) struct Bench {
    pub(super) cache: Cache,
    pub(super) origin: Origin,
    pub(super) clock: Arc<ManualClock>,
    pub(super) tasks: Tasks,
}

impl Bench {
    pub(super) fn new(redis: Option<RedisLink>, max_bytes: u64) -> Self {
        Self::before(Origin::with("ada"), redis, max_bytes)
    }

    pub(super) fn before(origin: Origin, redis: Option<RedisLink>, max_bytes: u64) -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-04T06:00:00Z".parse().unwrap()));
        let tasks = Tasks::new();
        let policy = Policy {
            lease_check: LeaseCheck::On,
            fresh_for: FRESH,
            serve_for: OLDEST,
            not_found_for: ABSENT,
            jitter: Arc::new(|| 1.0),
        };
        Self {
            cache: Cache::new(redis, max_bytes, policy, clock.clone(), tasks.clone()),
            origin,
            clock,
            tasks,
        }
    }

    pub(super) async fn read_with(
        &self,
        key: &CardKey,
        options: Options,
    ) -> Result<Read<Card>, Error> {
        self.cache.read(key, &options, self.origin.fetch()).await
    }

    pub(super) async fn read(&self, key: &CardKey) -> Read<Card> {
        self.read_with(key, Options::default()).await.unwrap()
    }

    pub(super) async fn name(&self, key: &CardKey) -> Option<String> {
        self.read(key).await.value().map(|card| card.name.clone())
    }

    /// Waits for what goes on behind the readers' backs.
    pub(super) async fn settle(&self) {
        assert!(self.tasks.finished(Duration::from_secs(10)).await);
    }
}
