//! Taking events in: each once, as it came.

use futures::future::join_all;
use service_kit::clock::Clock as _;

use super::{clock, contract, event, first, ids, time, with_payload};
use crate::events::{
    EventState, Format, NewEvent, Outcome, Projection, SharedEventStore, Standing,
};

contract!(
    an_event_comes_back_as_it_was_ingested,
    times_are_kept_to_the_millisecond,
    what_is_not_known_stays_unknown,
    a_redelivered_event_is_stored_once_and_the_first_copy_stays,
    a_batch_says_for_each_event_in_order_whether_it_was_stored,
    an_empty_batch_is_stored,
    many_at_once_store_one_event_once,
    a_stored_event_waits_for_every_projection,
    an_event_is_found_by_its_id,
    storing_is_signalled,
);

async fn an_event_comes_back_as_it_was_ingested(store: SharedEventStore) {
    let sent = event("one", 0);
    let outcomes = store.ingest(std::slice::from_ref(&sent)).await.unwrap();
    assert_eq!(outcomes, [Outcome::Stored]);
    let found = store.list(first(10)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].event, sent);
    assert_eq!(found[0].stored_at, clock().now());
}

async fn times_are_kept_to_the_millisecond(store: SharedEventStore) {
    let sent = NewEvent {
        occurred_at: Some(time("2026-03-04T05:06:06.987654321Z")),
        received_at: time("2026-03-04T05:06:07.999999999Z"),
        ..event("one", 0)
    };
    store.ingest(&[sent]).await.unwrap();
    let found = store.list(first(1)).await.unwrap().remove(0).event;
    assert_eq!(found.occurred_at, Some(time("2026-03-04T05:06:06.987Z")));
    assert_eq!(found.received_at, time("2026-03-04T05:06:07.999Z"));
}

async fn what_is_not_known_stays_unknown(store: SharedEventStore) {
    let sent = NewEvent {
        noun: None,
        verb: None,
        network_id: None,
        actor_member_id: None,
        object_id: None,
        occurred_at: None,
        format: Format::Flat,
        ..event("one", 0)
    };
    store.ingest(std::slice::from_ref(&sent)).await.unwrap();
    assert_eq!(store.list(first(1)).await.unwrap()[0].event, sent);
}

async fn a_redelivered_event_is_stored_once_and_the_first_copy_stays(store: SharedEventStore) {
    store.ingest(&[event("one", 0)]).await.unwrap();
    let again = with_payload("one", "other");
    let outcomes = store.ingest(&[again]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Duplicate]);
    let found = store.list(first(10)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].event, event("one", 0));
}

async fn a_batch_says_for_each_event_in_order_whether_it_was_stored(store: SharedEventStore) {
    store.ingest(&[event("b", 0), event("d", 0)]).await.unwrap();
    let batch = ["a", "b", "c", "a", "d", "e", "e"].map(|id| event(id, 0));
    let outcomes = store.ingest(&batch).await.unwrap();
    let stored: Vec<bool> = outcomes
        .iter()
        .map(|outcome| *outcome == Outcome::Stored)
        .collect();
    assert_eq!(stored, [true, false, true, false, false, true, false]);
    assert_eq!(ids(&store, first(10)).await, ["e", "d", "c", "b", "a"]);
}

async fn an_empty_batch_is_stored(store: SharedEventStore) {
    assert_eq!(store.ingest(&[]).await.unwrap(), []);
}

async fn many_at_once_store_one_event_once(store: SharedEventStore) {
    let all = (0..40).map(|number| {
        let store = store.clone();
        // Each batch has an event of its own, and the one that all have.
        async move {
            let batch = [event(&format!("own{number}"), number), event("shared", 0)];
            store.ingest(&batch).await.unwrap()
        }
    });
    let outcomes = join_all(all).await;
    let stored = |place: usize| {
        let at = outcomes.iter().map(|batch| batch[place]);
        at.filter(|outcome| *outcome == Outcome::Stored).count()
    };
    assert_eq!(stored(0), 40);
    assert_eq!(stored(1), 1);
    assert_eq!(ids(&store, first(100)).await.len(), 41);
}

#[test]
fn an_event_does_not_show_its_payload_in_the_log() {
    let shown = format!("{:?}", with_payload("one", "ada@example.com"));
    assert!(
        shown.contains("post.published") && !shown.contains("ada"),
        "{shown}"
    );
}

async fn a_stored_event_waits_for_every_projection(store: SharedEventStore) {
    store.ingest(&[event("one", 0)]).await.unwrap();
    let found = store.get("one").await.unwrap().unwrap();
    assert_eq!(found.state, EventState::Pending);
    let waiting: Vec<_> = found
        .projections
        .iter()
        .map(|status| {
            assert_eq!(status.standing, Standing::Due(clock().now()));
            assert_eq!((status.attempts, &status.reason), (0, &None));
            status.projection
        })
        .collect();
    assert_eq!(waiting, Projection::ALL);
}

async fn an_event_is_found_by_its_id(store: SharedEventStore) {
    store
        .ingest(&[event("one", 0), event("two", 1)])
        .await
        .unwrap();
    let found = store.get("two").await.unwrap().unwrap();
    assert_eq!(found.event, event("two", 1));
    assert_eq!(store.get("three").await.unwrap(), None);
}

async fn storing_is_signalled(store: SharedEventStore) {
    let mut signal = store.stored_signal();
    signal.mark_unchanged();
    store.ingest(&[event("one", 0)]).await.unwrap();
    assert!(signal.has_changed().unwrap());
    signal.mark_unchanged();
    let ids = ["one".to_owned()];
    store
        .redo(&ids, &Projection::ALL, clock().now())
        .await
        .unwrap();
    assert!(signal.has_changed().unwrap());
}
