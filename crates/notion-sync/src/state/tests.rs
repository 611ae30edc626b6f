use tempfile::TempDir;

use super::*;
use crate::model::{Activity, Event, MemberId};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + second).unwrap()
}

fn event(id: &str, event_type: &str, second: i64) -> Event {
    Event {
        id: id.to_owned(),
        event_type: event_type.to_owned(),
        object_id: "m1".to_owned(),
        occurred_at: at(second),
        received_at: at(second),
    }
}

fn activity(event: &str) -> Activity {
    Activity {
        event_id: event.to_owned(),
        member_id: MemberId::new("m1"),
        kind: "post.created".to_owned(),
        activity_type: "post".to_owned(),
        post_id: String::new(),
        parent_post_id: String::new(),
        space_id: String::new(),
        reaction: String::new(),
        occurred_at: at(0),
        url: String::new(),
    }
}

fn meaning(event: &Event) -> Meaning {
    Meaning {
        activities: vec![activity(&event.id)],
        events: vec![event.clone()],
        with_rows: true,
    }
}

#[tokio::test]
async fn events_and_the_token_are_there_after_a_new_start() {
    let folder = TempDir::new().unwrap();
    let state = State::open(folder.path()).unwrap();
    let events = vec![event("e1", "post.published", 1)];
    state
        .take_in(events.clone(), "t1".into(), at(2))
        .await
        .unwrap();
    drop(state);
    let state = State::open(folder.path()).unwrap();
    assert_eq!(
        state.meta(meta::TOKEN).await.unwrap().as_deref(),
        Some("t1")
    );
    let inbox = state.inbox(at(2), 10).await.unwrap();
    assert_eq!(inbox[0].event, events[0]);
    assert_eq!(state.inbox(at(1), 10).await.unwrap(), []);
}

#[tokio::test]
async fn an_activity_that_comes_twice_marks_and_counts_once() {
    let folder = TempDir::new().unwrap();
    let state = State::open(folder.path()).unwrap();
    let event = event("e1", "post.published", 1);
    state.understood(meaning(&event), at(3)).await.unwrap();
    let due = state.due_members(at(3), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    state.settled_members(due).await.unwrap();
    state.understood(meaning(&event), at(9)).await.unwrap();
    assert_eq!(state.due_members(at(9), 10).await.unwrap(), []);
    assert_eq!(
        state
            .activities_of(&MemberId::new("m1"))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        state.activities_to_write(10).await.unwrap(),
        [activity("e1")]
    );
    state
        .activities_written(vec![activity("e1")])
        .await
        .unwrap();
    assert_eq!(state.activities_to_write(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_member_that_changed_while_being_written_stays_due() {
    let folder = TempDir::new().unwrap();
    let state = State::open(folder.path()).unwrap();
    let first = event("e1", "member.updated", 1);
    state.understood(meaning(&first), at(1)).await.unwrap();
    let due = state.due_members(at(1), 10).await.unwrap();
    let second = event("e2", "member.updated", 5);
    state.understood(meaning(&second), at(5)).await.unwrap();
    state.settled_members(due).await.unwrap();
    let still = state.due_members(at(5), 10).await.unwrap();
    assert_eq!((still[0].since, still[0].newer_than), (at(1), Some(at(5))));
}

#[tokio::test]
async fn the_file_is_bound_to_one_community_and_its_data_sources() {
    let folder = TempDir::new().unwrap();
    let state = State::open(folder.path()).unwrap();
    let bind = |network: &str, source: &str| {
        vec![
            (meta::NETWORK, network.to_owned()),
            (meta::MEMBERS, source.to_owned()),
        ]
    };
    state.bind(bind("net", "hub")).await.unwrap();
    state.bind(bind("net", "hub")).await.unwrap();
    for (network, source, what) in [("other", "hub", "network"), ("net", "x", "data source")] {
        let error = state.bind(bind(network, source)).await.unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}
