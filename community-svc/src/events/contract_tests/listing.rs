//! Pages of events, by every filter.

use std::collections::HashSet;
use std::time::Duration;

use super::{contract, event, first, ids, time};
use crate::events::{
    Cursor, EventQuery, EventState, NewEvent, Projection, Settled, SharedEventStore, Verdict,
};

contract!(
    the_latest_received_comes_first_and_no_two_share_a_place,
    pages_follow_each_other_without_gap_or_overlap,
    a_list_can_be_of_one_type,
    every_combination_of_filters_selects_exactly_what_fits,
    a_member_has_the_events_that_it_did_and_that_are_about_it,
    outlines_and_counts_agree_with_the_list,
);

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
    query.before = page.last().map(crate::events::StoredEvent::cursor);
    let shown: Vec<_> = page.iter().map(|found| &found.event.event_id[..]).collect();
    assert_eq!(shown, ["e6", "e3"]);
    assert_eq!(ids(&store, query).await, ["e0"]);
    let other = EventQuery {
        event_type: Some("member".to_owned()),
        ..first(2)
    };
    assert!(ids(&store, other).await.is_empty());
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

/// Many events over two types, three members, and three states.
async fn varied(store: &SharedEventStore) -> Vec<NewEvent> {
    let events: Vec<_> = (0..120)
        .map(|number| NewEvent {
            event_type: ["post.published", "reaction.added"][number % 2].to_owned(),
            actor_member_id: Some(format!("m{}", number % 3)),
            ..event(&format!("e{number:03}"), number as u64 / 2)
        })
        .collect();
    store.ingest(&events).await.unwrap();
    let settled = events.iter().enumerate().flat_map(|(number, event)| {
        Projection::ALL.map(|projection| {
            let verdict = match number % 5 {
                0 => return None,
                1 => Verdict::Dead {
                    reason: "no".to_owned(),
                    at: time("2026-03-04T06:00:00Z"),
                },
                _ => Verdict::Done,
            };
            Some(Settled {
                event_id: event.event_id.clone(),
                projection,
                verdict,
            })
        })
    });
    let settled: Vec<_> = settled.flatten().collect();
    store.settle(&settled).await.unwrap();
    events
}

fn state_of(number: usize) -> EventState {
    match number % 5 {
        0 => EventState::Pending,
        1 => EventState::Dead,
        _ => EventState::Done,
    }
}

/// Every filter on and off, with every other.
fn queries() -> Vec<EventQuery> {
    let at = |millis| time("2026-03-04T05:06:07Z") + Duration::from_millis(millis);
    let mut queries = vec![first(1_000)];
    let mut vary = |change: &dyn Fn(EventQuery) -> EventQuery| {
        let changed: Vec<_> = queries.iter().cloned().map(change).collect();
        queries.extend(changed);
    };
    vary(&|query| EventQuery {
        event_type: Some("reaction.added".to_owned()),
        ..query
    });
    vary(&|query| EventQuery {
        member_id: Some("m1".to_owned()),
        ..query
    });
    vary(&|query| EventQuery {
        received_from: Some(at(4)),
        ..query
    });
    vary(&|query| EventQuery {
        received_until: Some(at(45)),
        ..query
    });
    let any_state = queries.clone();
    for state in [EventState::Pending, EventState::Done, EventState::Dead] {
        queries.extend(any_state.iter().cloned().map(|query| EventQuery {
            state: Some(state),
            ..query
        }));
    }
    queries
}

async fn every_combination_of_filters_selects_exactly_what_fits(store: SharedEventStore) {
    let events = varied(&store).await;
    for query in queries() {
        let fits = |(number, event): &(usize, &NewEvent)| {
            let is = |filter: &Option<String>, value: &str| {
                filter.as_deref().is_none_or(|filter| filter == value)
            };
            is(&query.event_type, &event.event_type)
                && is(&query.member_id, event.actor_member_id.as_deref().unwrap())
                && query
                    .received_from
                    .is_none_or(|from| event.received_at >= from)
                && query
                    .received_until
                    .is_none_or(|until| event.received_at < until)
                && query.state.is_none_or(|state| state_of(*number) == state)
        };
        let expected: Vec<_> = events
            .iter()
            .enumerate()
            .filter(fits)
            .map(|(_, event)| event.event_id.clone())
            .rev()
            .collect();
        assert!(!expected.is_empty(), "{query:?}");
        // In pages of seven.
        let (mut seen, mut page) = (
            Vec::new(),
            EventQuery {
                limit: 7,
                ..query.clone()
            },
        );
        loop {
            let found = store.list(page.clone()).await.unwrap();
            let Some(last) = found.last() else { break };
            page.before = Some(last.cursor());
            seen.extend(found.into_iter().map(|found| found.event.event_id));
        }
        assert_eq!(seen, expected, "{query:?}");
    }
}

async fn a_member_has_the_events_that_it_did_and_that_are_about_it(store: SharedEventStore) {
    let of = |id: &str, actor: Option<&str>, (noun, object): (&str, &str), target: &str| NewEvent {
        actor_member_id: actor.map(str::to_owned),
        noun: Some(noun.to_owned()),
        object_id: Some(object.to_owned()),
        payload: format!(r#"{{"data":{{"target":{{"memberId":{target}}}}}}}"#).into(),
        ..event(id, 0)
    };
    let batch = [
        of("a", Some("ada"), ("POST", "bob"), "null"),
        of("b", Some("bob"), ("MEMBER", "ada"), "7"),
        of("c", Some("bob"), ("POST", "p1"), r#""ada""#),
        of("d", Some("ada"), ("MEMBER", "ada"), r#""ada""#),
        of("e", None, ("POST", "ada"), r#""""#),
    ];
    store.ingest(&batch).await.unwrap();
    for (member_id, expected) in [
        ("ada", &["d", "c", "b", "a"][..]),
        ("bob", &["c", "b"]),
        ("p1", &[]),
        ("", &[]),
    ] {
        let query = EventQuery {
            member_id: Some(member_id.to_owned()),
            ..first(10)
        };
        assert_eq!(ids(&store, query).await, expected, "{member_id}");
    }
}

async fn outlines_and_counts_agree_with_the_list(store: SharedEventStore) {
    varied(&store).await;
    for query in queries() {
        let listed = store.list(query.clone()).await.unwrap();
        let outlines = store.outlines(query.clone()).await.unwrap();
        let found: Vec<_> = outlines
            .iter()
            .map(|one| (&one.event_id, one.state, one.cursor()))
            .collect();
        let expected: Vec<_> = listed
            .iter()
            .map(|one| (&one.event.event_id, one.state, one.cursor()))
            .collect();
        assert_eq!(found, expected, "{query:?}");
        let count = store.count(query.clone()).await.unwrap();
        assert_eq!(count, listed.len() as u64, "{query:?}");
    }
    let asked = ["e007", "nobody", "e039", "e007"].map(str::to_owned);
    let found = store.outlines_of(&asked).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| &one.event_id[..]).collect();
    assert_eq!(found, ["e039", "e007"]);
}
