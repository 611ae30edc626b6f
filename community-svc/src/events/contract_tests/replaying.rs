//! Replays: by ids and by range, with and without doing it.

use std::time::Duration;

use service_kit::clock::Clock as _;

use super::{clock, contract, event, time};
use crate::events::replay::{self, DESCRIBED, Range, Selection};
use crate::events::{
    EventState, NewEvent, Projection, Settled, SharedEventStore, Standing, Verdict,
};

contract!(
    a_replay_makes_what_is_done_or_dead_due_again,
    a_dry_run_counts_and_changes_nothing,
    a_range_is_replayed_to_its_last_event,
    ids_that_are_not_there_are_named,
);

async fn done(store: &SharedEventStore, ids: &[String]) {
    let all = ids.iter().flat_map(|id| {
        Projection::ALL.map(|projection| Settled {
            event_id: id.clone(),
            projection,
            verdict: Verdict::Done,
        })
    });
    store.settle(&all.collect::<Vec<_>>()).await.unwrap();
}

fn names(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| format!("e{number:04}")).collect()
}

/// Events that are done, each received a millisecond after the other.
async fn stored(store: &SharedEventStore, count: u64) -> Vec<String> {
    let ids = names(0..count);
    let events: Vec<NewEvent> = (0..).zip(&ids).map(|(at, id)| event(id, at)).collect();
    for batch in events.chunks(500) {
        store.ingest(batch).await.unwrap();
    }
    for batch in ids.chunks(500) {
        done(store, batch).await;
    }
    ids
}

fn range(from: u64, until: u64) -> Range {
    let at = |millis| time("2026-03-04T05:06:07Z") + Duration::from_millis(millis);
    Range {
        from: at(from),
        until: at(until),
        event_type: None,
        state: None,
    }
}

async fn a_replay_makes_what_is_done_or_dead_due_again(store: SharedEventStore) {
    let ids = stored(&store, 3).await;
    let dead = Settled {
        event_id: ids[1].clone(),
        projection: Projection::Members,
        verdict: Verdict::Dead {
            reason: "no".to_owned(),
            at: clock().now(),
        },
    };
    let now = clock().now() + Duration::from_secs(9);
    store
        .redo(&ids[1..2], &[Projection::Members], now)
        .await
        .unwrap();
    store.settle(&[dead]).await.unwrap();
    let selection = Selection::Ids(ids[1..].to_vec());
    let projections = [Projection::Members, Projection::Activities];
    let replayed = replay::run(&*store, &selection, &projections, now)
        .await
        .unwrap();
    let before: Vec<_> = replayed
        .events
        .iter()
        .map(|one| (&one.event_id[..], one.state))
        .collect();
    assert_eq!(
        before,
        [("e0002", EventState::Done), ("e0001", EventState::Dead)]
    );
    for id in &ids[1..] {
        let found = store.get(id).await.unwrap().unwrap();
        assert_eq!(found.state, EventState::Pending);
        let due: Vec<_> = found
            .projections
            .iter()
            .map(|status| (status.projection, status.attempts, status.standing))
            .collect();
        let expected = projections.map(|one| (one, 0, Standing::Due(now)));
        assert_eq!(due, expected);
    }
    let untouched = store.get(&ids[0]).await.unwrap().unwrap();
    assert_eq!(untouched.state, EventState::Done);
    assert_eq!(store.claim(now, 9).await.unwrap().len(), 2);
}

async fn a_dry_run_counts_and_changes_nothing(store: SharedEventStore) {
    let ids = stored(&store, 20).await;
    let selection = Selection::Range(range(5, 15));
    let replayed = replay::preview(&*store, &selection).await.unwrap();
    assert_eq!(replayed.count, 10);
    let described: Vec<_> = replayed.events.iter().map(|one| &one.event_id).collect();
    assert_eq!(described, ids[5..15].iter().rev().collect::<Vec<_>>());
    let later = clock().now() + Duration::from_secs(99);
    assert_eq!(store.claim(later, 99).await.unwrap(), []);
}

async fn a_range_is_replayed_to_its_last_event(store: SharedEventStore) {
    let count = 2_100;
    stored(&store, count).await;
    let selection = Selection::Range(Range {
        state: Some(EventState::Done),
        ..range(50, count)
    });
    let preview = replay::preview(&*store, &selection).await.unwrap();
    let now = clock().now();
    let projections = [Projection::Cache];
    let replayed = replay::run(&*store, &selection, &projections, now)
        .await
        .unwrap();
    assert_eq!(replayed, preview);
    assert_eq!(replayed.count, count - 50);
    assert_eq!(replayed.events.len(), DESCRIBED);
    let work = store.claim(now, 9_999).await.unwrap();
    assert_eq!(work.len() as u64, count - 50);
}

async fn ids_that_are_not_there_are_named(store: SharedEventStore) {
    stored(&store, 2).await;
    let asked = ["x", "e0001", "y"].map(str::to_owned).to_vec();
    let selection = Selection::Ids(asked);
    let now = clock().now();
    for replayed in [
        replay::preview(&*store, &selection).await.unwrap(),
        replay::run(&*store, &selection, &Projection::ALL, now)
            .await
            .unwrap(),
    ] {
        assert_eq!(replayed.unknown, ["x", "y"]);
        assert_eq!(replayed.count, 1);
    }
}
