//! Erasing a member's data, and what is too old.

use std::time::Duration;

use service_kit::clock::Clock as _;

use super::{clock, contract, event, first, ids};
use crate::events::{EventQuery, EventState, NewEvent, Outcome, Projection, SharedEventStore};

contract!(
    the_events_of_a_member_are_emptied_and_never_come_back,
    an_erased_event_is_not_replayed,
    keeping_events_for_ever_deletes_none,
);

fn of(id: &str, member_id: &str) -> NewEvent {
    NewEvent {
        actor_member_id: Some(member_id.to_owned()),
        ..event(id, 0)
    }
}

async fn the_events_of_a_member_are_emptied_and_never_come_back(store: SharedEventStore) {
    let mut events: Vec<_> = (0..1_203).map(|n| of(&format!("a{n:04}"), "ada")).collect();
    events.push(NewEvent {
        noun: Some("MEMBER".to_owned()),
        object_id: Some("ada".to_owned()),
        ..of("about", "bob")
    });
    events.push(of("other", "bob"));
    for batch in events.chunks(500) {
        store.ingest(batch).await.unwrap();
    }
    assert_eq!(store.erase("ada").await.unwrap(), 1_204);
    assert_eq!(store.erase("ada").await.unwrap(), 0);
    for id in ["a0000", "a1202", "about"] {
        let found = store.get(id).await.unwrap().unwrap();
        assert_eq!(found.erased_at, Some(clock().now()));
        assert_eq!(found.state, EventState::Done);
        assert_eq!(found.projections, []);
        assert!(found.event.payload.is_empty());
        assert_eq!(found.event.actor_member_id, None);
        assert_eq!(found.event.object_id, None);
        assert_eq!(found.event.event_type, "post.published");
    }
    let other = store.get("other").await.unwrap().unwrap();
    assert_eq!((other.event, other.erased_at), (of("other", "bob"), None));
    let work = store.claim(clock().now(), 9_999).await.unwrap();
    assert_eq!(work.len(), 1);
    let outcomes = store.ingest(&[of("a0007", "ada")]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Duplicate]);
    let of_ada = EventQuery {
        member_id: Some("ada".to_owned()),
        ..first(10)
    };
    assert_eq!(ids(&store, of_ada).await, [""; 0]);
}

async fn an_erased_event_is_not_replayed(store: SharedEventStore) {
    store.ingest(&[of("one", "ada")]).await.unwrap();
    store.erase("ada").await.unwrap();
    let now = clock().now();
    let one = ["one".to_owned()];
    store.redo(&one, &Projection::ALL, now).await.unwrap();
    assert_eq!(store.claim(now, 9).await.unwrap(), []);
    let outline = store.outlines_of(&one).await.unwrap().remove(0);
    assert!(outline.is_erased);
    assert_eq!(outline.state, EventState::Done);
}

async fn keeping_events_for_ever_deletes_none(store: SharedEventStore) {
    store.ingest(&[event("one", 0)]).await.unwrap();
    for age in [Some(Duration::from_secs(86_400)), None, None] {
        store.retain(age).await.unwrap();
        assert_eq!(ids(&store, first(9)).await, ["one"]);
    }
}
