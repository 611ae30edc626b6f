//! A whole community at simulated time: writes for each event, how long each waits at 2.5
//! requests a second, and nothing at all when nothing changed.
//!
//! The usual size is small. `NOTION_SYNC_TEST_MEMBERS=10000 NOTION_SYNC_TEST_EVENTS=100000`
//! is the full one, see docs/notion.md.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use jiff::civil::Time;
use notion_sync::health::Health;
use notion_sync::worker::Worker;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value as Json, json};
use service_kit::shutdown::Shutdown;
use tokio::sync::Notify;

use crate::bench::{Bench, column, control, fill, text};

/// A number from the environment, or the usual one.
#[expect(
    clippy::disallowed_methods,
    reason = "more than usual, for those who ask for it"
)]
fn size(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a whole number"))
}

fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a count of a test"))
}

#[expect(clippy::print_stderr, reason = "what cargo shows with --nocapture")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// What came of events.
struct Outcome {
    writes: usize,
    took: Duration,
    member_lags: Vec<f64>,
    activity_lags: Vec<f64>,
}

#[tokio::test(start_paused = true)]
async fn every_event_is_written_soon_and_a_change_of_nothing_costs_nothing() {
    let members = size("NOTION_SYNC_TEST_MEMBERS", 300);
    let events = size("NOTION_SYNC_TEST_EVENTS", 2_000);
    for with_rows in [true, false] {
        let mut bench = Bench::new().await;
        if !with_rows {
            bench.activities = None;
        }
        bench.community.add_members(members);
        let begin = bench.now();
        fill(&bench.engine().await).await;
        let filled = bench.now().duration_since(begin);
        let of_people = edit_by_hand(&bench).await;
        bench.sent.lock().unwrap().clear();
        // A community of this size: one event in a second.
        let outcome = follow(&bench, members, events, Duration::from_secs(1)).await;
        report(members, events, with_rows, filled.as_secs_f64(), &outcome);

        let rows = bench.members().await;
        assert_eq!(rows.len(), members);
        let posts: f64 = rows
            .iter()
            .map(|row| column(row, "Posts").as_f64().unwrap())
            .sum();
        assert!(
            (posts - real(events)).abs() < 0.5,
            "{posts} of {events} events count"
        );
        let edited = rows.iter().find(|row| row["id"] == of_people);
        assert_eq!(column(edited.unwrap(), "Notes"), "met in Berlin");
        assert_eq!(
            bench.activity_rows().await.len(),
            if with_rows { events } else { 0 }
        );
        let per_event = real(outcome.writes) / real(events);
        assert!(
            per_event < if with_rows { 2.0 } else { 1.0 },
            "{per_event} writes an event"
        );

        // Nothing changed: an event that says nothing new, and a comparison.
        let engine = bench.engine().await;
        let nothing = bench.community.announces("member.updated", 0, bench.now());
        let before = bench.requests().await;
        bench.arrive(&engine, vec![nothing]).await;
        bench.settle(&engine).await;
        fill(&engine).await;
        assert_eq!(
            bench.requests().await,
            before,
            "a change of nothing: zero calls"
        );
    }
}

/// People write into a column of their own.
async fn edit_by_hand(bench: &Bench) -> Json {
    let id = bench.row_of(0).await["id"].clone();
    let path = format!("/pages/{}", id.as_str().unwrap());
    let edit = json!({ "properties": { "Notes": { "rich_text": text("met in Berlin") } } });
    control(&bench.fake, "PATCH", &path, edit).await;
    id
}

/// Runs a worker while events happen, until all of them are written.
async fn follow(bench: &Bench, members: usize, events: usize, pace: Duration) -> Outcome {
    let shutdown = Shutdown::new();
    let worker = Arc::new(Worker {
        engine: Arc::new(bench.engine().await),
        health: Arc::new(Health::default()),
        compare_at: Time::constant(3, 0, 0, 0),
        clock: Arc::clone(&bench.clock),
        shutdown: shutdown.clone(),
        begun: Arc::new(Notify::new()),
    });
    let begin = bench.now();
    let mut random = StdRng::seed_from_u64(7);
    let mut happened: Vec<(usize, String, Timestamp)> = Vec::new();
    let happening = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        for _ in 0..events {
            tokio::time::sleep(pace).await;
            let now = bench.now();
            // A few do most of it, as everywhere.
            let draws = [(); 3].map(|()| random.random_range(0..members));
            let number = draws.into_iter().min().unwrap();
            let event = bench.community.happens(number, "post.created", now, now);
            happened.push((number, event.id, now));
        }
        // Until all is written.
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let backlog = worker.engine.state().backlog().await.unwrap();
            if backlog.events + backlog.members + backlog.activities == 0 {
                break;
            }
        }
        shutdown.drain();
    };
    tokio::join!(
        Arc::clone(&worker).follow(),
        Arc::clone(&worker).write(),
        happening
    );
    let took = Duration::try_from(bench.now().duration_since(begin)).unwrap();
    measure(bench, &happened, took)
}

/// When the rows that an event concerns were sent.
fn measure(bench: &Bench, happened: &[(usize, String, Timestamp)], took: Duration) -> Outcome {
    let sent = bench.sent.lock().unwrap();
    let mut members: HashMap<String, Vec<Timestamp>> = HashMap::new();
    let mut activities: HashMap<String, Timestamp> = HashMap::new();
    for (at, method, body) in sent.iter() {
        let body = std::str::from_utf8(body).unwrap();
        if *method == Method::POST
            && let Some(event) = between(body, ":activity:", ':')
        {
            activities.entry(event).or_insert(*at);
        } else if let Some(member) = between(body, ":member:", '"') {
            members.entry(member).or_default().push(*at);
        }
    }
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    let member_lags = happened.iter().filter_map(|(number, _, at)| {
        let writes = members.get(&format!("m{number}"))?;
        let after = writes.partition_point(|write| write < at);
        writes.get(after).map(|write| seconds(*at, *write))
    });
    let activity_lags = happened
        .iter()
        .filter_map(|(_, event, at)| activities.get(event).map(|write| seconds(*at, *write)));
    Outcome {
        writes: sent.len(),
        took,
        member_lags: member_lags.collect(),
        activity_lags: activity_lags.collect(),
    }
}

fn between(text: &str, begin: &str, end: char) -> Option<String> {
    let (_, rest) = text.split_once(begin)?;
    rest.split_once(end).map(|(found, _)| found.to_owned())
}

fn report(members: usize, events: usize, with_rows: bool, filled: f64, outcome: &Outcome) {
    let rows = if with_rows { "with" } else { "without" };
    say(&format!(
        "{members} members, {events} events, {rows} rows of activities: first fill {filled:.0} s, \
         events {:.0} s, {} writes, {:.3} writes an event; lag in s: members {}; activities {}",
        outcome.took.as_secs_f64(),
        outcome.writes,
        real(outcome.writes) / real(events),
        quantiles(&outcome.member_lags),
        quantiles(&outcome.activity_lags),
    ));
}

fn quantiles(lags: &[f64]) -> String {
    let mut lags = lags.to_vec();
    lags.sort_by(f64::total_cmp);
    let at = |share: usize| lags.get((lags.len() * share / 100).min(lags.len().saturating_sub(1)));
    match (at(50), at(99), lags.last()) {
        (Some(middle), Some(high), Some(most)) => {
            format!(
                "p50 {middle:.1}, p99 {high:.1}, most {most:.1} ({})",
                lags.len()
            )
        }
        _ => "none".to_owned(),
    }
}
