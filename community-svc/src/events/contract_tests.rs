//! What every event store must do, over each of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use jiff::Timestamp;
use service_kit::clock::{Clock as _, ManualClock};

use super::{Cursor, EventQuery, Format, NewEvent, Outcome, SharedEventStore};

mod only_mongodb;
mod only_sqlite;

/// Runs each function over both stores.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let directory = tempfile::tempdir().unwrap();
                let store = super::only_sqlite::open(directory.path(), super::clock());
                super::$name(std::sync::Arc::new(store)).await;
            })+
        }
        mod real_mongodb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let store = std::sync::Arc::new(super::only_mongodb::open(super::clock()));
                super::$name(store.clone()).await;
                super::only_mongodb::drop_database(&store).await;
            })+
        }
    };
}

contract!(
    an_event_comes_back_as_it_was_ingested,
    times_are_kept_to_the_millisecond,
    what_is_not_known_stays_unknown,
    a_redelivered_event_is_stored_once_and_the_first_copy_stays,
    a_batch_says_for_each_event_in_order_whether_it_was_stored,
    an_empty_batch_is_stored,
    many_at_once_store_one_event_once,
    the_latest_received_comes_first_and_no_two_share_a_place,
    pages_follow_each_other_without_gap_or_overlap,
    a_list_can_be_of_one_type,
    hostile_bodies_are_stored_byte_for_byte,
    a_large_batch_of_large_bodies_is_stored,
    a_page_of_large_bodies_ends_early_and_the_next_goes_on,
    the_store_answers_a_ping,
);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(time("2026-03-04T05:06:08.250Z")))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An event that is all filled in, received at 05:06:07.000 plus `millis`.
fn event(id: &str, millis: u64) -> NewEvent {
    NewEvent {
        event_id: id.to_owned(),
        event_type: "post.published".to_owned(),
        noun: Some("POST".to_owned()),
        verb: Some("PUBLISHED".to_owned()),
        network_id: Some("net1".to_owned()),
        actor_member_id: Some("mem1".to_owned()),
        object_id: Some("post1".to_owned()),
        occurred_at: Some(time("2026-03-04T05:06:06.987Z")),
        received_at: time("2026-03-04T05:06:07Z") + Duration::from_millis(millis),
        format: Format::BetterMode,
        path: "/webhooks/bettermode".to_owned(),
        payload: Bytes::from(format!(
            r#"{{ "type":"SUBSCRIPTION", "data":{{"id":"{id}","n":7,"big":5000000000}} }}"#
        )),
    }
}

fn with_payload(id: &str, payload: impl Into<Bytes>) -> NewEvent {
    NewEvent {
        payload: payload.into(),
        ..event(id, 0)
    }
}

async fn ids(store: &SharedEventStore, query: EventQuery) -> Vec<String> {
    let events = store.list(query).await.unwrap();
    events
        .into_iter()
        .map(|found| found.event.event_id)
        .collect()
}

fn first(limit: usize) -> EventQuery {
    EventQuery {
        limit,
        ..EventQuery::default()
    }
}

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

async fn the_latest_received_comes_first_and_no_two_share_a_place(store: SharedEventStore) {
    let batch = [
        ("a", 5),
        ("c", 5),
        ("B", 5),
        ("é", 5),
        ("z", 4),
        ("0", 1_000),
        ("00", 1_000),
    ];
    let batch = batch.map(|(id, millis)| event(id, millis));
    store.ingest(&batch).await.unwrap();
    let listed = ids(&store, first(10)).await;
    assert_eq!(listed, ["00", "0", "é", "c", "a", "B", "z"]);
}

async fn pages_follow_each_other_without_gap_or_overlap(store: SharedEventStore) {
    let batch: Vec<_> = (0..23).map(|n| event(&format!("e{n:02}"), n / 5)).collect();
    store.ingest(&batch).await.unwrap();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let query = EventQuery {
            before: before.clone(),
            ..first(4)
        };
        let page = store.list(query).await.unwrap();
        let Some(last) = page.last() else { break };
        // As the page token carries it.
        before = Cursor::from_bytes(&last.cursor().to_bytes());
        assert!(before.is_some());
        seen.extend(page.into_iter().map(|found| found.event.event_id));
        // What arrives meanwhile belongs before the first page.
        let newer = event(&format!("new{}", seen.len()), 60_000);
        store.ingest(&[newer]).await.unwrap();
    }
    let expected: Vec<_> = (0..23).rev().map(|n| format!("e{n:02}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 23);
}

async fn a_list_can_be_of_one_type(store: SharedEventStore) {
    let batch: Vec<_> = (0..9)
        .map(|n| NewEvent {
            event_type: if n % 3 == 0 {
                "member.verified"
            } else {
                "post.published"
            }
            .to_owned(),
            ..event(&format!("e{n}"), n)
        })
        .collect();
    store.ingest(&batch).await.unwrap();
    let mut query = EventQuery {
        event_type: Some("member.verified".to_owned()),
        ..first(2)
    };
    let page = store.list(query.clone()).await.unwrap();
    query.before = page.last().map(super::StoredEvent::cursor);
    let shown: Vec<_> = page.iter().map(|found| &found.event.event_id[..]).collect();
    assert_eq!(shown, ["e6", "e3"]);
    assert_eq!(ids(&store, query).await, ["e0"]);
    let other = EventQuery {
        event_type: Some("member".to_owned()),
        ..first(2)
    };
    assert!(ids(&store, other).await.is_empty());
}

async fn hostile_bodies_are_stored_byte_for_byte(store: SharedEventStore) {
    let deep = |depth: usize| {
        [
            r#"{"data":{"a":"#,
            &"[".repeat(depth),
            &"]".repeat(depth),
            "}}",
        ]
        .concat()
    };
    let mut bodies: Vec<Bytes> = vec![
        Bytes::new(),
        Bytes::from_static(b"\xff\xfe\0"),
        Bytes::from_static(b"not json"),
        Bytes::from_static(br#"{"data":{"$where":"1","$set":{"a":1}}}"#),
        Bytes::from_static(br#"{"data":{"a":{"$oid":"x"},"b":[{"$ref":"c","$id":1}]}}"#),
        Bytes::from_static(br#"{"data":{"a.b":1,"":2,".":3,"a..b":{"c.d":4}}}"#),
        Bytes::from_static(br#"{"data":{"a\u0000b":1}}"#),
        Bytes::from_static(br#"{"data":{"a":"\u0000","b":"\ud83d\ude00"}}"#),
        Bytes::from_static(br#"{"data":{"a":18446744073709551615,"b":9223372036854775808}}"#),
        Bytes::from_static(br#"{"data":{"a":1e400}}"#),
        Bytes::from_static(br#"{"data":{"a":123456789012345678901234567890.5e-3,"b":-0.0}}"#),
        Bytes::from_static(br#"{"data":{"a":1,"a":2,"_id":{"x":1}}}"#),
        Bytes::from_static(br#"{"data":{"a":"\ud800"}}"#),
    ];
    bodies.extend([60, 78, 79, 80, 98, 99, 120, 200, 5_000].map(|depth| Bytes::from(deep(depth))));
    let batch: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| with_payload(&format!("e{number:02}"), body.clone()))
        .collect();
    let outcomes = store.ingest(&batch).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Stored));
    let mut found = store.list(first(100)).await.unwrap();
    found.reverse();
    assert_eq!(found.len(), bodies.len());
    for (found, body) in found.iter().zip(&bodies) {
        assert_eq!(found.event.payload, body);
    }
}

async fn a_large_batch_of_large_bodies_is_stored(store: SharedEventStore) {
    // BSON makes the most of an array of small numbers: about six times the JSON.
    let zeros = format!(r#"{{"data":{{"a":[{}0]}}}}"#, "0,".repeat(524_000));
    let batch: Vec<_> = (0..10)
        .map(|n| with_payload(&format!("e{n}"), zeros.clone()))
        .collect();
    let outcomes = store.ingest(&batch).await.unwrap();
    assert_eq!(outcomes, [Outcome::Stored; 10]);
    let again = store.ingest(&batch).await.unwrap();
    assert_eq!(again, [Outcome::Duplicate; 10]);
    let found = store.list(first(10)).await.unwrap();
    assert!(found.iter().all(|found| found.event.payload == zeros));
}

async fn a_page_of_large_bodies_ends_early_and_the_next_goes_on(store: SharedEventStore) {
    let body = format!(r#"{{"data":{{"text":"{}"}}}}"#, "x".repeat(1_000_000));
    let batch: Vec<_> = (0..7)
        .map(|n| with_payload(&format!("e{n}"), body.clone()))
        .collect();
    store.ingest(&batch).await.unwrap();
    let (mut query, mut pages, mut ids) = (first(100), Vec::new(), Vec::new());
    while let Some(last) = {
        let page = store.list(query.clone()).await.unwrap();
        pages.push(page.len());
        ids.extend(page.iter().map(|found| found.event.event_id.clone()));
        page.last().map(crate::events::StoredEvent::cursor)
    } {
        query.before = Some(last);
    }
    assert_eq!(pages, [4, 3, 0]);
    ids.dedup();
    assert_eq!(ids, ["e6", "e5", "e4", "e3", "e2", "e1", "e0"]);
}

async fn the_store_answers_a_ping(store: SharedEventStore) {
    store.ping().await.unwrap();
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    for bytes in [
        &b""[..],
        b"1234567",
        b"\x7f\xff\xff\xff\xff\xff\xff\xffid",
        b"12345678\xff",
    ] {
        assert_eq!(Cursor::from_bytes(bytes), None, "{bytes:?}");
    }
}

#[test]
fn an_event_does_not_show_its_payload_in_the_log() {
    let shown = format!("{:?}", with_payload("one", "ada@example.com"));
    assert!(
        shown.contains("post.published") && !shown.contains("ada"),
        "{shown}"
    );
}
