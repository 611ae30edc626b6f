//! Bodies of every kind: hostile, deep, large.

use bytes::Bytes;

use super::{contract, first, with_payload};
use crate::events::{Outcome, SharedEventStore};

contract!(
    hostile_bodies_are_stored_byte_for_byte,
    a_large_batch_of_large_bodies_is_stored,
    a_page_of_large_bodies_ends_early_and_the_next_goes_on,
);

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
