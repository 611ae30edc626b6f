//! What every record of members must do, over each store.

use std::sync::Arc;

use bettermode::MemberId;
use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use service_kit::clock::ManualClock;
use service_kit::env::{Env as _, ProcessEnv};

use super::*;
use crate::events::Format;
use crate::stores::{MongoLink, SqliteFile};

mod links;

use links::{
    a_link_makes_a_record_where_there_is_none_and_events_fill_it,
    a_link_to_circle_is_kept_and_changes_nothing_else,
    an_id_of_circle_belongs_to_one_member_and_a_member_has_one,
    many_writers_link_the_same_people_at_once,
};

/// Runs each function over both stores.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let directory = tempfile::tempdir().unwrap();
                let file = crate::stores::SqliteFile::open(directory.path()).unwrap();
                super::$name(super::in_sqlite(file)).await;
            })+
        }
        mod real_mongodb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (store, link) = super::in_mongodb();
                super::$name(store).await;
                link.database().await.unwrap().drop().await.unwrap();
            })+
        }
    };
}

contract!(
    a_record_says_what_the_events_said,
    a_late_event_moves_nothing_back,
    events_of_one_time_are_settled_by_their_ids,
    what_an_event_does_not_say_stays,
    an_event_that_comes_again_changes_nothing,
    any_order_and_repetition_ends_in_the_same_record,
    the_differences_are_what_applying_does,
    an_erased_member_has_no_record,
    many_writers_at_once_end_in_one_record,
    a_link_to_circle_is_kept_and_changes_nothing_else,
    a_link_makes_a_record_where_there_is_none_and_events_fill_it,
    an_id_of_circle_belongs_to_one_member_and_a_member_has_one,
    many_writers_link_the_same_people_at_once,
);

fn in_sqlite(file: SqliteFile) -> SharedMemberStore {
    Arc::new(SqliteCommunityMembers::new(file, clock()))
}

fn in_mongodb() -> (SharedMemberStore, MongoLink) {
    let uri = ProcessEnv
        .get("TEST_MONGODB_URI")
        .expect("TEST_MONGODB_URI is not set: run cargo xtask test, which starts a MongoDB");
    let database = format!("test_{}", uuid::Uuid::new_v4().simple());
    let link = MongoLink::new(&uri.into(), &database).unwrap();
    (
        Arc::new(MongoCommunityMembers::new(link.clone(), clock())),
        link,
    )
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(time("2026-03-04T12:00:00Z")))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ada() -> MemberId {
    MemberId::new("ada")
}

/// An event about ada at this second.
fn event(id: &str, verb: &str, second: u8, object: &Value) -> MemberChange {
    let mut object = object.clone();
    object["id"] = "ada".into();
    let body = json!({ "type": "SUBSCRIPTION", "data": { "object": object } });
    MemberChange::read(&NewEvent {
        event_id: id.to_owned(),
        event_type: format!("member.{verb}"),
        noun: None,
        verb: None,
        network_id: None,
        actor_member_id: None,
        object_id: None,
        occurred_at: Some(time(&format!("2026-03-04T05:06:{second:02}Z"))),
        received_at: time("2026-03-04T06:00:00Z"),
        format: Format::BetterMode,
        path: String::new(),
        payload: Bytes::from(body.to_string()),
        trace_parent: None,
    })
    .unwrap()
}

async fn record(store: &SharedMemberStore) -> MemberRecord {
    store.get(&ada()).await.unwrap().unwrap()
}

fn status(record: &MemberRecord) -> &str {
    &record.status.as_ref().unwrap().value
}

async fn a_record_says_what_the_events_said(store: SharedMemberStore) {
    assert_eq!(store.get(&ada()).await.unwrap(), None);
    let row = json!({
        "name": "$Ada", "username": "ada.l", "email": "ada@example.com", "status": "UNVERIFIED",
    });
    store
        .apply(&[event("e1", "created", 1, &row)])
        .await
        .unwrap();
    let found = record(&store).await;
    assert_eq!(found.primary_platform, "BetterMode");
    assert_eq!(found.circle_member_id, None);
    assert_eq!(found.name.as_ref().unwrap().value, "$Ada");
    assert_eq!(found.username.as_ref().unwrap().value, "ada.l");
    assert_eq!((status(&found), found.joined_at), ("UNVERIFIED", None));
    assert_eq!(found.last_event_at, Some(time("2026-03-04T05:06:01Z")));
    assert_eq!(found.updated_at, time("2026-03-04T12:00:00Z"));
    assert!(!format!("{found:?}").contains('@'), "{found:?}");
    for (id, verb, second, expected) in [
        ("e2", "verified", 2, "VERIFIED"),
        ("e3", "suspended", 3, "SUSPENDED"),
        ("e4", "unsuspended", 4, "VERIFIED"),
        ("e5", "deleted", 5, "DELETED"),
    ] {
        let change = event(id, verb, second, &json!({ "status": "SUSPENDED" }));
        store.apply(&[change]).await.unwrap();
        assert_eq!(status(&record(&store).await), expected);
    }
    let joined = record(&store).await.joined_at;
    assert_eq!(joined, Some(time("2026-03-04T05:06:02Z")));
}

async fn a_late_event_moves_nothing_back(store: SharedMemberStore) {
    let (new, old) = (
        json!({ "name": "New" }),
        json!({ "name": "Old", "status": "VERIFIED" }),
    );
    store
        .apply(&[event("e2", "suspended", 9, &new)])
        .await
        .unwrap();
    let before = record(&store).await;
    store
        .apply(&[event("e1", "verified", 3, &old)])
        .await
        .unwrap();
    let after = record(&store).await;
    // But what only the late event knows is taken from it.
    assert_eq!(after.joined_at, Some(time("2026-03-04T05:06:03Z")));
    assert_eq!(
        MemberRecord {
            joined_at: None,
            ..after
        },
        before
    );
}

async fn events_of_one_time_are_settled_by_their_ids(store: SharedMemberStore) {
    for (id, name) in [("e2", "Two"), ("e1", "One")] {
        let change = event(id, "updated", 1, &json!({ "name": name }));
        store.apply(&[change]).await.unwrap();
    }
    assert_eq!(record(&store).await.name.unwrap().value, "Two");
}

async fn what_an_event_does_not_say_stays(store: SharedMemberStore) {
    let changes = [
        event(
            "e1",
            "updated",
            1,
            &json!({ "name": "Ada", "status": "VERIFIED" }),
        ),
        event(
            "e2",
            "updated",
            2,
            &json!({ "username": "ada.l", "name": null }),
        ),
    ];
    store.apply(&changes).await.unwrap();
    let found = record(&store).await;
    assert_eq!(found.name.as_ref().unwrap().value, "Ada");
    assert_eq!(status(&found), "VERIFIED");
}

async fn an_event_that_comes_again_changes_nothing(store: SharedMemberStore) {
    let changes = [
        event("e1", "created", 1, &json!({ "name": "Ada" })),
        event("e2", "verified", 2, &json!({ "name": "Ada L" })),
    ];
    store.apply(&changes).await.unwrap();
    let before = record(&store).await;
    for _ in 0..2 {
        store.apply(&changes).await.unwrap();
        assert_eq!(record(&store).await, before);
    }
}

/// Up to six events, each saying some of it, at few different times.
fn changes() -> impl Strategy<Value = Vec<MemberChange>> {
    let verb = prop::sample::select(vec![
        "created",
        "verified",
        "updated",
        "suspended",
        "unsuspended",
        "deleted",
    ]);
    let name = prop::option::of(prop::sample::select(vec!["A", "B"]));
    let status = prop::option::of(prop::sample::select(vec!["VERIFIED", "SUSPENDED"]));
    let one = (verb, 0_u8..4, name.clone(), name, status);
    prop::collection::vec(one, 1..6).prop_map(|all| {
        let change = |(n, (verb, second, name, username, status))| {
            let object = json!({ "name": name, "username": username, "status": status });
            event(&format!("e{n}"), verb, second, &object)
        };
        all.into_iter().enumerate().map(change).collect()
    })
}

async fn any_order_and_repetition_ends_in_the_same_record(store: SharedMemberStore) {
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Handle::current();
    let orders = changes().prop_flat_map(|all| {
        let twice = [all.clone(), all.clone()].concat();
        (Just(all), Just(twice).prop_shuffle(), 1_usize..4)
    });
    let ends_the_same = tokio::task::spawn_blocking(move || {
        TestRunner::new(config).run(&orders, |(all, shuffled, batch)| {
            runtime.block_on(async {
                let mut ends = Vec::new();
                for (order, batch) in [(&all, all.len()), (&shuffled, batch)] {
                    store.erase(&ada()).await.unwrap();
                    for some in order.chunks(batch) {
                        store.apply(some).await.unwrap();
                    }
                    ends.push(record(&store).await);
                }
                prop_assert_eq!(&ends[0], &ends[1]);
                Ok(())
            })
        })
    });
    ends_the_same.await.unwrap().unwrap();
}

async fn the_differences_are_what_applying_does(store: SharedMemberStore) {
    let first = event(
        "e1",
        "verified",
        5,
        &json!({ "name": "Ada", "status": "VERIFIED" }),
    );
    let late = event("e0", "updated", 1, &json!({ "name": "Old" }));
    let next = event("e2", "suspended", 7, &json!({ "name": "Ada" }));
    assert_eq!(
        MemberRecord::differences(None, &first),
        ["would add a record of member ada"]
    );
    store.apply(std::slice::from_ref(&first)).await.unwrap();
    let known = record(&store).await;
    for taken in [&first, &late] {
        assert_eq!(MemberRecord::differences(Some(&known), taken), [""; 0]);
    }
    assert_eq!(
        MemberRecord::differences(Some(&known), &next),
        [
            "would set status of member ada to suspended",
            "would say that the last event of member ada was at 2026-03-04T05:06:07Z",
        ]
    );
    store.apply(std::slice::from_ref(&next)).await.unwrap();
    let known = record(&store).await;
    assert_eq!(MemberRecord::differences(Some(&known), &next), [""; 0]);
}

async fn an_erased_member_has_no_record(store: SharedMemberStore) {
    assert!(!store.erase(&ada()).await.unwrap());
    store
        .apply(&[event("e1", "created", 1, &json!({}))])
        .await
        .unwrap();
    assert!(store.erase(&ada()).await.unwrap());
    assert_eq!(store.get(&ada()).await.unwrap(), None);
}

async fn many_writers_at_once_end_in_one_record(store: SharedMemberStore) {
    let writers = (0..16_u8).map(|n| {
        let store = Arc::clone(&store);
        let change = event(
            &format!("e{n}"),
            "updated",
            n,
            &json!({ "name": format!("N{n}") }),
        );
        async move { store.apply(&[change]).await.unwrap() }
    });
    futures::future::join_all(writers).await;
    assert_eq!(record(&store).await.name.unwrap().value, "N15");
}

#[test]
fn only_an_event_about_a_member_is_a_change() {
    let mut other = NewEvent {
        event_id: "e1".to_owned(),
        event_type: "member_invitation.created".to_owned(),
        noun: None,
        verb: None,
        network_id: None,
        actor_member_id: None,
        object_id: None,
        occurred_at: None,
        received_at: time("2026-03-04T06:00:00Z"),
        format: Format::BetterMode,
        path: String::new(),
        payload: Bytes::from(r#"{"type":"SUBSCRIPTION","data":{"object":{"id":"i1"}}}"#),
        trace_parent: None,
    };
    assert_eq!(MemberChange::read(&other), None);
    other.event_type = "member.updated".to_owned();
    assert!(MemberChange::read(&other).is_some());
    other.payload = Bytes::from("{");
    assert_eq!(MemberChange::read(&other), None);
}
