//! Killed at any moment and started again: no row twice, none missing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fake_notion::{Fault, Setting};
use jiff::civil::Time;
use notion_sync::health::Health;
use notion_sync::worker::Worker;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use service_kit::shutdown::Shutdown;
use tokio::sync::Notify;

use crate::bench::{Bench, column};

const MEMBERS: usize = 60;
const EVENTS: usize = 150;
const KILLS: usize = 200;

fn worker(bench: &Bench, engine: notion_sync::engine::Engine) -> Arc<Worker> {
    Arc::new(Worker {
        engine: Arc::new(engine),
        health: Arc::new(Health::default()),
        compare_at: Time::constant(3, 0, 0, 0),
        clock: Arc::clone(&bench.clock),
        shutdown: Shutdown::new(),
        begun: Arc::new(Notify::new()),
    })
}

/// Runs a worker for so long, then drops it where it is.
async fn run_for(bench: &Bench, time: Duration) {
    let work = async {
        let worker = worker(bench, bench.engine().await);
        tokio::join!(Arc::clone(&worker).follow(), worker.write());
    };
    let _killed = tokio::time::timeout(time, work).await;
}

#[tokio::test(start_paused = true)]
async fn killed_200_times_and_resumed_there_is_no_row_twice_and_none_missing() {
    let bench = Bench::new().await;
    bench.community.add_members(MEMBERS);
    let mut random = StdRng::seed_from_u64(6);
    // Answers come late at random, so that kills fall between a row and the news of it.
    let late = Setting {
        count: None,
        value: Some(900),
        operation: Some("create_page".to_owned()),
    };
    bench.fake.fault(Fault::LateAnswerMs, late);
    for _ in 0..KILLS {
        for _ in 0..EVENTS.div_ceil(KILLS) {
            let now = bench.now();
            let number = random.random_range(0..MEMBERS);
            bench.community.happens(number, "post.created", now, now);
        }
        let time = Duration::from_millis(random.random_range(500..9_000));
        run_for(&bench, time).await;
    }
    run_for(&bench, Duration::from_secs(3_600)).await;

    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    for row in bench
        .members()
        .await
        .iter()
        .chain(&bench.activity_rows().await)
    {
        let key = column(row, "External ID").as_str().unwrap().to_owned();
        *keys.entry(key).or_default() += 1;
    }
    let looked_up = bench.count("query").await;
    assert!(
        looked_up > 20,
        "kills met rows that were being made: {looked_up}"
    );
    let twice: Vec<_> = keys.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let events = bench.community.world().events.len();
    assert_eq!(keys.len(), MEMBERS + events);
    let posts: f64 = {
        let rows = bench.members().await;
        rows.iter()
            .map(|row| column(row, "Posts").as_f64().unwrap())
            .sum()
    };
    let wanted = f64::from(u32::try_from(events).unwrap());
    assert!(
        (posts - wanted).abs() < 0.5,
        "{posts} of {wanted} events count"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_because_the_token_expired_is_made_up_for_by_a_comparison() {
    let bench = Bench::new().await;
    bench.community.add_members(5);
    run_for(&bench, Duration::from_secs(120)).await;
    for number in 0..5 {
        let now = bench.now();
        bench.community.happens(number, "post.created", now, now);
        bench
            .community
            .change(number, |member| member.role = "Admin".to_owned());
    }
    bench.community.world().oldest_token = 5;
    run_for(&bench, Duration::from_secs(300)).await;
    assert_eq!(bench.activity_rows().await.len(), 5);
    assert_eq!(column(&bench.row_of(3).await, "Role"), "Admin");
}

#[tokio::test(start_paused = true)]
async fn an_away_community_is_waited_for() {
    let bench = Bench::new().await;
    bench.community.add_members(5);
    bench.community.world().is_away = true;
    run_for(&bench, Duration::from_secs(60)).await;
    assert_eq!(bench.members().await.len(), 0);
    bench.community.world().is_away = false;
    run_for(&bench, Duration::from_secs(120)).await;
    assert_eq!(bench.members().await.len(), 5);
}
