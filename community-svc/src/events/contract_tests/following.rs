//! Watchers: every event once, in the order in which they were stored.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::time::timeout;

use super::{contract, event};
use crate::events::{
    FollowError, NewEvent, ResumeToken, SharedEventStore, Step, Steps, WatchFilter,
};

contract!(
    a_watcher_sees_what_is_stored_from_its_first_step_on,
    a_watcher_goes_on_after_its_token,
    duplicates_and_replays_are_no_news,
    a_watcher_sees_only_what_fits,
    a_watcher_that_never_reads_holds_nobody_up,
    a_token_that_is_none_is_refused,
);

/// Longer than any step takes; a bound for tests that fail.
const PATIENCE: Duration = Duration::from_secs(30);

async fn follow(store: &SharedEventStore, after: Option<ResumeToken>) -> Steps {
    let filter = WatchFilter::default();
    store.follow(after, filter).await.unwrap()
}

async fn step(steps: &mut Steps) -> Step {
    let step = timeout(PATIENCE, steps.next()).await;
    step.expect("in time").expect("goes on").unwrap()
}

/// The next events, whatever progress comes between.
async fn events(steps: &mut Steps, count: usize) -> Vec<(String, ResumeToken)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let step = step(steps).await;
        if let Some(stored) = step.event {
            seen.push((stored.event.event_id, step.token));
        }
    }
    seen
}

fn names(seen: &[(String, ResumeToken)]) -> Vec<&str> {
    seen.iter().map(|(id, _)| &id[..]).collect()
}

async fn a_watcher_sees_what_is_stored_from_its_first_step_on(store: SharedEventStore) {
    store.ingest(&[event("before", 0)]).await.unwrap();
    let mut steps = follow(&store, None).await;
    assert_eq!(step(&mut steps).await.event, None);
    // In the order of storing, whatever the time of receipt.
    store.ingest(&[event("z", 9), event("a", 1)]).await.unwrap();
    store.ingest(&[event("m", 5)]).await.unwrap();
    let seen = events(&mut steps, 3).await;
    assert_eq!(names(&seen), ["z", "a", "m"]);
    let mut again = follow(&store, Some(seen[0].1.clone())).await;
    step(&mut again).await;
    let stored = step(&mut again).await.event.unwrap();
    assert_eq!(stored.event, event("a", 1));
}

async fn a_watcher_goes_on_after_its_token(store: SharedEventStore) {
    let mut steps = follow(&store, None).await;
    let mut token = step(&mut steps).await.token;
    drop(steps);
    let mut seen = Vec::new();
    for round in 0..20 {
        let batch = [0, 1, 2].map(|n| event(&format!("e{round:02}{n}"), n));
        store.ingest(&batch).await.unwrap();
        let mut steps = follow(&store, Some(token.clone())).await;
        let first = step(&mut steps).await;
        assert_eq!(first.event, None);
        // Not all of them each time; the rest comes with the next watch.
        let more = events(&mut steps, 1 + round % 3).await;
        token = more.last().unwrap().1.clone();
        seen.extend(more.into_iter().map(|(id, _)| id));
    }
    let mut steps = follow(&store, Some(token)).await;
    let rest = events(&mut steps, 60 - seen.len()).await;
    seen.extend(rest.into_iter().map(|(id, _)| id));
    let expected: Vec<_> = (0..20)
        .flat_map(|round| [0, 1, 2].map(|n| format!("e{round:02}{n}")))
        .collect();
    assert_eq!(seen, expected);
}

async fn duplicates_and_replays_are_no_news(store: SharedEventStore) {
    let mut steps = follow(&store, None).await;
    step(&mut steps).await;
    store.ingest(&[event("one", 0)]).await.unwrap();
    store.ingest(&[event("one", 0)]).await.unwrap();
    let now = event("one", 0).received_at;
    let projections = crate::events::Projection::ALL;
    store
        .redo(&["one".to_owned()], &projections, now)
        .await
        .unwrap();
    store.erase("mem1").await.unwrap();
    store.ingest(&[event("two", 0)]).await.unwrap();
    assert_eq!(names(&events(&mut steps, 2).await), ["one", "two"]);
}

async fn a_watcher_sees_only_what_fits(store: SharedEventStore) {
    let of = |id: &str, event_type: &str, member_id: &str| NewEvent {
        event_type: event_type.to_owned(),
        actor_member_id: Some(member_id.to_owned()),
        ..event(id, 0)
    };
    let mut watchers = Vec::new();
    for (event_type, member_id, expected) in [
        (Some("x"), None, &["a", "c"][..]),
        (None, Some("ada"), &["a", "b"]),
        (Some("x"), Some("ada"), &["a"]),
    ] {
        let filter = WatchFilter {
            event_type: event_type.map(str::to_owned),
            member_id: member_id.map(str::to_owned),
        };
        let mut steps = store.follow(None, filter).await.unwrap();
        step(&mut steps).await;
        watchers.push((steps, expected));
    }
    let batch = [
        of("a", "x", "ada"),
        of("b", "y", "ada"),
        of("c", "x", "bob"),
    ];
    store.ingest(&batch).await.unwrap();
    // Fits all, so that a wrong event would come before it.
    let last = of("last", "x", "ada");
    store.ingest(&[last]).await.unwrap();
    for (mut steps, expected) in watchers {
        let seen = events(&mut steps, expected.len() + 1).await;
        assert_eq!(names(&seen), [expected, &["last"]].concat());
    }
}

async fn a_watcher_that_never_reads_holds_nobody_up(store: SharedEventStore) {
    let mut slow = follow(&store, None).await;
    let mut quick = follow(&store, None).await;
    for steps in [&mut slow, &mut quick] {
        step(steps).await;
    }
    let large = "x".repeat(1_000_000);
    for number in 0..12 {
        let batch = [super::with_payload(&format!("e{number:02}"), large.clone())];
        store.ingest(&batch).await.unwrap();
    }
    let all = events(&mut quick, 12).await;
    assert_eq!(names(&events(&mut slow, 12).await), names(&all));
}

async fn a_token_that_is_none_is_refused(store: SharedEventStore) {
    for token in ["", "x", "sqlite x 0", "mongodb x ", "mongodb x \u{5}"] {
        let token = Some(ResumeToken(token.as_bytes().to_vec()));
        let refused = store.follow(token.clone(), WatchFilter::default()).await;
        let refused = refused.err().expect("refused");
        assert!(matches!(refused, FollowError::InvalidToken), "{token:?}");
    }
}
