//! Projections: given out once, settled apart, given up on with a reason.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use service_kit::clock::Clock as _;

use super::{clock, contract, event, time};
use crate::events::{
    CLAIM, DeadCursor, DeadLetter, DeadLetterQuery, EventState, MAX_REASON, Projection, Settled,
    SharedEventStore, Verdict, Work,
};

contract!(
    work_is_given_out_oldest_first_and_again_when_the_claim_ends,
    claims_at_once_never_share_an_event,
    an_event_is_done_once_each_projection_is,
    a_failed_projection_waits_for_its_time_and_counts_its_attempts,
    what_could_not_be_tried_is_due_later_at_no_cost,
    a_projection_that_is_given_up_on_is_a_dead_letter,
    dead_letters_come_latest_failure_first_in_pages,
    a_verdict_on_what_is_not_due_changes_nothing,
);

fn now() -> Timestamp {
    clock().now()
}

fn settled(event_id: &str, projection: Projection, verdict: Verdict) -> Settled {
    Settled {
        event_id: event_id.to_owned(),
        projection,
        verdict,
    }
}

fn retry(reason: &str, at: Timestamp) -> Verdict {
    let reason = reason.to_owned();
    Verdict::Retry { reason, at }
}

fn dead(reason: &str, at: Timestamp) -> Verdict {
    let reason = reason.to_owned();
    Verdict::Dead { reason, at }
}

fn ids(work: &[Work]) -> Vec<&str> {
    work.iter()
        .map(|work| &work.event.event.event_id[..])
        .collect()
}

fn due(work: &Work) -> Vec<(Projection, u32)> {
    work.due
        .iter()
        .map(|due| (due.projection, due.attempts))
        .collect()
}

async fn state(store: &SharedEventStore, event_id: &str) -> EventState {
    store.get(event_id).await.unwrap().unwrap().state
}

async fn what_could_not_be_tried_is_due_later_at_no_cost(store: SharedEventStore) {
    store.ingest(&[event("e1", 1)]).await.unwrap();
    store.claim(now(), 1).await.unwrap();
    let soon = now() + Duration::from_secs(1);
    let later = Verdict::Later { at: soon };
    let verdicts = Projection::ALL.map(|one| settled("e1", one, later.clone()));
    store.settle(&verdicts).await.unwrap();
    assert_eq!(state(&store, "e1").await, EventState::Pending);
    assert_eq!(store.claim(now(), 1).await.unwrap(), []);
    let again = store.claim(soon, 1).await.unwrap();
    assert_eq!(due(&again[0]), Projection::ALL.map(|one| (one, 0)));
}

async fn work_is_given_out_oldest_first_and_again_when_the_claim_ends(store: SharedEventStore) {
    let batch = [1, 2, 3, 4, 5].map(|number| event(&format!("e{number}"), number));
    store.ingest(&batch).await.unwrap();
    let early = now() - Duration::from_millis(1);
    assert_eq!(store.claim(early, 10).await.unwrap(), []);
    let first = store.claim(now(), 3).await.unwrap();
    assert_eq!(ids(&first), ["e1", "e2", "e3"]);
    assert_eq!(first[0].event.event, batch[0]);
    assert_eq!(due(&first[0]), Projection::ALL.map(|one| (one, 0)));
    let second = store.claim(now(), 3).await.unwrap();
    assert_eq!(ids(&second), ["e4", "e5"]);
    assert_eq!(store.claim(now(), 3).await.unwrap(), []);
    let later = now() + CLAIM;
    let again = store.claim(later, 10).await.unwrap();
    assert_eq!(ids(&again), ["e1", "e2", "e3", "e4", "e5"]);
}

async fn claims_at_once_never_share_an_event(store: SharedEventStore) {
    let batch: Vec<_> = (0..200).map(|n| event(&format!("e{n:03}"), n)).collect();
    store.ingest(&batch).await.unwrap();
    let claims = (0..8).map(|_| {
        let store = store.clone();
        async move {
            let mut taken = Vec::new();
            // An empty claim may only have come second to another.
            let mut empty = 0;
            while empty < 3 {
                let work = store.claim(now(), 7).await.unwrap();
                empty += usize::from(work.is_empty());
                taken.extend(work.into_iter().map(|work| work.event.event.event_id));
            }
            taken
        }
    });
    let taken: Vec<_> = join_all(claims).await.into_iter().flatten().collect();
    assert_eq!(taken.len(), taken.iter().collect::<HashSet<_>>().len());
    assert_eq!(taken.len(), 200);
}

async fn an_event_is_done_once_each_projection_is(store: SharedEventStore) {
    store.ingest(&[event("one", 0)]).await.unwrap();
    store.claim(now(), 1).await.unwrap();
    for projection in Projection::ALL {
        assert_eq!(state(&store, "one").await, EventState::Pending);
        let done = [settled("one", projection, Verdict::Done)];
        store.settle(&done).await.unwrap();
    }
    let found = store.get("one").await.unwrap().unwrap();
    assert_eq!((found.state, found.projections), (EventState::Done, vec![]));
    let later = now() + CLAIM * 10;
    assert_eq!(store.claim(later, 1).await.unwrap(), []);
}

async fn a_failed_projection_waits_for_its_time_and_counts_its_attempts(store: SharedEventStore) {
    store.ingest(&[event("one", 0)]).await.unwrap();
    store.claim(now(), 1).await.unwrap();
    let at = now() + Duration::from_secs(5);
    let verdicts = [
        settled("one", Projection::Cache, Verdict::Done),
        settled("one", Projection::Members, retry("no answer", at)),
        settled("one", Projection::Activities, Verdict::Done),
    ];
    store.settle(&verdicts).await.unwrap();
    let found = store.get("one").await.unwrap().unwrap();
    assert_eq!(found.state, EventState::Pending);
    assert_eq!(found.projections.len(), 1);
    assert_eq!(found.projections[0].reason.as_deref(), Some("no answer"));
    let early = at - Duration::from_millis(1);
    assert_eq!(store.claim(early, 1).await.unwrap(), []);
    let work = store.claim(at, 1).await.unwrap();
    assert_eq!(due(&work[0]), [(Projection::Members, 1)]);
}

async fn a_projection_that_is_given_up_on_is_a_dead_letter(store: SharedEventStore) {
    store.ingest(&[event("one", 3)]).await.unwrap();
    store.claim(now(), 1).await.unwrap();
    let at = now() + Duration::from_secs(1);
    let long = "ü".repeat(MAX_REASON + 1);
    let verdicts = [
        settled("one", Projection::Cache, Verdict::Done),
        settled("one", Projection::Members, retry("first", at)),
        settled("one", Projection::Activities, retry("$first", at)),
    ];
    store.settle(&verdicts).await.unwrap();
    let verdicts = [settled("one", Projection::Members, dead(&long, at))];
    store.settle(&verdicts).await.unwrap();
    // The other is still tried.
    assert_eq!(state(&store, "one").await, EventState::Pending);
    let verdicts = [settled("one", Projection::Activities, Verdict::Done)];
    store.settle(&verdicts).await.unwrap();
    assert_eq!(state(&store, "one").await, EventState::Dead);
    let found = store.dead_letters(letters(None, 10)).await.unwrap();
    let expected = DeadLetter {
        event_id: "one".to_owned(),
        event_type: "post.published".to_owned(),
        received_at: event("one", 3).received_at,
        projection: Projection::Members,
        reason: "ü".repeat(MAX_REASON),
        attempts: 2,
        failed_at: at,
    };
    assert_eq!(found, [expected]);
    let later = at + CLAIM * 10;
    assert_eq!(store.claim(later, 1).await.unwrap(), []);
}

fn letters(projection: Option<Projection>, limit: usize) -> DeadLetterQuery {
    DeadLetterQuery {
        projection,
        before: None,
        limit,
    }
}

async fn dead_letters_come_latest_failure_first_in_pages(store: SharedEventStore) {
    let mut expected = Vec::new();
    for (number, spared) in (0..9).zip(Projection::ALL.into_iter().cycle()) {
        let id = format!("e{number}");
        store.ingest(&[event(&id, 9 - number)]).await.unwrap();
        let at = time("2026-03-04T07:00:00Z") + Duration::from_secs(number / 2);
        for projection in Projection::ALL {
            // Two of three are dead, not always the same two.
            let verdict = if projection == spared {
                Verdict::Done
            } else {
                expected.push((at, id.clone(), projection.name()));
                dead("why", at)
            };
            let verdicts = [settled(&id, projection, verdict)];
            store.settle(&verdicts).await.unwrap();
        }
    }
    expected.sort();
    expected.reverse();
    for wanted in [None, Some(Projection::Members)] {
        let (mut query, mut seen) = (letters(wanted, 4), Vec::new());
        loop {
            let page = store.dead_letters(query.clone()).await.unwrap();
            let Some(last) = page.last() else { break };
            // As the page token carries it.
            query.before = DeadCursor::from_bytes(&last.cursor().to_bytes());
            assert!(query.before.is_some());
            let places = page
                .into_iter()
                .map(|one| (one.failed_at, one.event_id, one.projection.name()));
            seen.extend(places);
        }
        let mut expected = expected.clone();
        expected.retain(|one| wanted.is_none_or(|wanted| one.2 == wanted.name()));
        assert_eq!(seen, expected, "{wanted:?}");
    }
}

async fn a_verdict_on_what_is_not_due_changes_nothing(store: SharedEventStore) {
    store.ingest(&[event("one", 0)]).await.unwrap();
    let done: Vec<_> = Projection::ALL
        .map(|projection| settled("one", projection, Verdict::Done))
        .into();
    store.settle(&done).await.unwrap();
    let at = now() + Duration::from_secs(1);
    let late = [
        settled("one", Projection::Cache, retry("late", at)),
        settled("one", Projection::Members, dead("late", at)),
        settled("nobody", Projection::Members, dead("late", at)),
    ];
    store.settle(&late).await.unwrap();
    let found = store.get("one").await.unwrap().unwrap();
    assert_eq!((found.state, found.projections), (EventState::Done, vec![]));
    assert_eq!(store.get("nobody").await.unwrap(), None);
    // What was given up on stays so, whatever a slow process says.
    store.ingest(&[event("two", 0)]).await.unwrap();
    let given_up = [settled("two", Projection::Cache, dead("first", at))];
    store.settle(&given_up).await.unwrap();
    let late = [settled("two", Projection::Cache, Verdict::Done)];
    store.settle(&late).await.unwrap();
    assert_eq!(store.dead_letters(letters(None, 9)).await.unwrap().len(), 1);
}
