//! What every record of writes must do, over each store.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use service_kit::clock::ManualClock;
use service_kit::env::{Env as _, ProcessEnv};

use super::*;
use crate::stores::{MongoLink, SqliteFile};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Runs each function over all stores.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let store = crate::writes::memory::MemoryWrites::default();
                super::$name(std::sync::Arc::new(store)).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let directory = tempfile::tempdir().unwrap();
                let file = crate::stores::SqliteFile::open(directory.path()).unwrap();
                let store = super::SqliteWrites::new(file, super::clock(), super::DAY);
                super::$name(std::sync::Arc::new(store)).await;
            })+
        }
        mod real_mongodb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let link = super::link();
                let store = super::MongoWrites::new(link.clone(), super::DAY);
                super::$name(std::sync::Arc::new(store)).await;
                link.database().await.unwrap().drop().await.unwrap();
            })+
        }
    };
}

contract!(
    an_intent_is_recorded_once_and_then_known,
    a_record_changes_hands_only_from_the_one_who_holds_it,
    an_outcome_is_recorded_once_and_stays,
    no_object_is_the_outcome_of_two_writes,
    outcomes_without_an_object_do_not_meet,
    an_open_record_is_forgotten_by_its_holder_alone,
    equal_writes_are_found_by_what_they_make,
    of_many_at_once_one_begins_and_one_takes_over_and_one_gets_the_object,
);

fn link() -> MongoLink {
    let uri = ProcessEnv
        .get("TEST_MONGODB_URI")
        .expect("TEST_MONGODB_URI is not set: run cargo xtask test, which starts a MongoDB");
    let database = format!("test_{}", uuid::Uuid::new_v4().simple());
    MongoLink::new(&uri.into(), &database).unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(at(0)))
}

fn at(second: u64) -> Timestamp {
    let start: Timestamp = "2026-03-04T05:06:07.089Z".parse().unwrap();
    start + Duration::from_secs(second)
}

fn id(number: u8) -> RequestId {
    RequestId::parse(&format!("6f4d2a0e-0d7e-4a35-9a5b-0000000000{number:02x}")).unwrap()
}

fn open(holder: Holder) -> Open {
    Open {
        holder,
        held_until: at(20),
        settled_from: at(30),
    }
}

fn intent(number: u8, holder: Holder) -> Record {
    Record {
        request_id: id(number),
        method: "SendDirectMessage".to_owned(),
        fingerprint: Fingerprint::of(["crm", "to ada", "hello"]),
        effect: Effect::of(["ada", "<p>hello</p>"]),
        begun_at: at(0),
        changed_at: at(0),
        state: State::Open(open(holder)),
    }
}

fn done(object: Option<&str>) -> Done {
    Done {
        object_id: object.map(str::to_owned),
        answer: Bytes::from_static(b"\x0a\x00answer"),
    }
}

async fn known(store: &SharedWriteStore, number: u8) -> Record {
    let stranger = intent(number, Holder::new());
    store.begin(&stranger).await.unwrap().expect("a record")
}

async fn an_intent_is_recorded_once_and_then_known(store: SharedWriteStore) {
    let mine = intent(1, Holder::new());
    assert_eq!(store.begin(&mine).await.unwrap(), None);
    // As after an answer of the store that was lost.
    assert_eq!(store.begin(&mine).await.unwrap(), None);
    assert_eq!(known(&store, 1).await, mine);
    assert_eq!(store.begin(&intent(2, Holder::new())).await.unwrap(), None);
}

async fn a_record_changes_hands_only_from_the_one_who_holds_it(store: SharedWriteStore) {
    let (first, second) = (Holder::new(), Holder::new());
    store.begin(&intent(1, first)).await.unwrap();
    let to = Open {
        holder: second,
        held_until: at(50),
        settled_from: at(60),
    };
    let hand_over = async |from| store.hand_over(id(1), from, &to, at(40)).await.unwrap();
    assert!(!hand_over(second).await);
    assert!(hand_over(first).await);
    assert!(!hand_over(first).await);
    let record = known(&store, 1).await;
    assert_eq!(record.state, State::Open(to));
    assert_eq!((record.begun_at, record.changed_at), (at(0), at(40)));
    store.finish(id(1), &done(None), at(41)).await.unwrap();
    assert!(!hand_over(second).await);
    let nobody = store.hand_over(id(9), first, &to, at(40)).await;
    assert!(!nobody.unwrap());
}

async fn an_outcome_is_recorded_once_and_stays(store: SharedWriteStore) {
    let nothing = store.finish(id(1), &done(None), at(1)).await.unwrap();
    assert_eq!(nothing, Finished::Gone);
    store.begin(&intent(1, Holder::new())).await.unwrap();
    let first = store.finish(id(1), &done(Some("m1")), at(5)).await;
    assert_eq!(first.unwrap(), Finished::Recorded);
    let record = known(&store, 1).await;
    assert_eq!(record.state, State::Done(done(Some("m1"))));
    assert_eq!((record.begun_at, record.changed_at), (at(0), at(5)));
    for again in [Some("m1"), Some("m2"), None] {
        let again = store.finish(id(1), &done(again), at(6)).await.unwrap();
        assert_eq!(again, Finished::AlreadyDone(done(Some("m1"))));
    }
}

async fn no_object_is_the_outcome_of_two_writes(store: SharedWriteStore) {
    for number in [1, 2] {
        store.begin(&intent(number, Holder::new())).await.unwrap();
    }
    let finish = async |number, object| {
        let outcome = store.finish(id(number), &done(Some(object)), at(5)).await;
        outcome.unwrap()
    };
    assert_eq!(finish(1, "m1").await, Finished::Recorded);
    assert_eq!(finish(2, "m1").await, Finished::Claimed);
    assert!(known(&store, 2).await.open().is_some());
    assert_eq!(finish(2, "m2").await, Finished::Recorded);
}

async fn outcomes_without_an_object_do_not_meet(store: SharedWriteStore) {
    for number in [1, 2] {
        store.begin(&intent(number, Holder::new())).await.unwrap();
        let outcome = store.finish(id(number), &done(None), at(5)).await;
        assert_eq!(outcome.unwrap(), Finished::Recorded);
    }
}

async fn an_open_record_is_forgotten_by_its_holder_alone(store: SharedWriteStore) {
    let (mine, other) = (Holder::new(), Holder::new());
    store.begin(&intent(1, mine)).await.unwrap();
    store.forget(id(1), other).await.unwrap();
    assert_eq!(known(&store, 1).await, intent(1, mine));
    store.forget(id(1), mine).await.unwrap();
    assert_eq!(store.begin(&intent(1, other)).await.unwrap(), None);
    store.finish(id(1), &done(None), at(5)).await.unwrap();
    store.forget(id(1), other).await.unwrap();
    assert!(known(&store, 1).await.open().is_none());
}

async fn equal_writes_are_found_by_what_they_make(store: SharedWriteStore) {
    let effect = intent(1, Holder::new()).effect;
    let other = Record {
        effect: Effect::of(["bob", "<p>hello</p>"]),
        ..intent(4, Holder::new())
    };
    for number in [1, 2, 3] {
        store.begin(&intent(number, Holder::new())).await.unwrap();
    }
    store.begin(&other).await.unwrap();
    store
        .finish(id(2), &done(Some("m2")), at(70))
        .await
        .unwrap();
    store.finish(id(3), &done(None), at(80)).await.unwrap();
    let equals = async |since| {
        let mut equal = store.equals(&effect, since).await.unwrap();
        equal.sort_by_key(|equal| equal.request_id);
        equal
    };
    let equal = |number, settled_from, object: Option<&str>| Equal {
        request_id: id(number),
        settled_from,
        object_id: object.map(str::to_owned),
    };
    let (first, rest) = (
        equal(1, Some(at(30)), None),
        [equal(2, None, Some("m2")), equal(3, None, None)],
    );
    assert_eq!(equals(at(0)).await, [&[first][..], &rest].concat());
    assert_eq!(equals(at(70)).await, rest);
    assert_eq!(equals(at(81)).await, []);
}

async fn of_many_at_once_one_begins_and_one_takes_over_and_one_gets_the_object(
    store: SharedWriteStore,
) {
    let first = Holder::new();
    let everybody = || (2_u8..18).map(|number| (number, Arc::clone(&store)));
    let begun = everybody().map(|(_, store)| async move {
        let mine = intent(1, Holder::new());
        store.begin(&mine).await.unwrap().is_none()
    });
    assert_eq!(winners(begun).await, 1);
    let State::Open(held) = known(&store, 1).await.state else {
        panic!("nobody finished it");
    };
    let taken = everybody().map(|(_, store)| async move {
        let to = open(Holder::new());
        store
            .hand_over(id(1), held.holder, &to, at(40))
            .await
            .unwrap()
    });
    assert_eq!(winners(taken).await, 1);
    for (number, store) in everybody() {
        store.begin(&intent(number, first)).await.unwrap();
    }
    let finished = everybody().map(|(number, store)| async move {
        let outcome = store.finish(id(number), &done(Some("m1")), at(50)).await;
        outcome.unwrap() == Finished::Recorded
    });
    assert_eq!(winners(finished).await, 1);
}

async fn winners(all: impl Iterator<Item = impl Future<Output = bool>>) -> usize {
    let all = futures::future::join_all(all).await;
    all.into_iter().filter(|won| *won).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_a_write_for_its_window_and_an_hour() {
    let directory = tempfile::tempdir().unwrap();
    let file = SqliteFile::open(directory.path()).unwrap();
    let clock = clock();
    let store = SqliteWrites::new(file, clock.clone(), DAY);
    for number in [1, 2] {
        store.begin(&intent(number, Holder::new())).await.unwrap();
    }
    store.finish(id(2), &done(None), at(5)).await.unwrap();
    clock.advance(DAY + LONGER);
    assert_eq!(store.prune().await.unwrap(), 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.prune().await.unwrap(), 2);
    assert_eq!(store.begin(&intent(1, Holder::new())).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn mongodb_is_told_to_delete_after_the_window_and_an_hour_and_told_anew() {
    let link = link();
    let database = link.database().await.unwrap();
    for days in [1, 3] {
        let store = MongoWrites::new(link.clone(), days * DAY);
        store.begin(&intent(1, Holder::new())).await.unwrap();
        assert_eq!(store.prune().await.unwrap(), 0);
        let indexes = database
            .run_command(mongodb::bson::doc! { "listIndexes": "bettermode_writes" })
            .await
            .unwrap();
        let expected = format!(
            "\"expireAfterSeconds\": {}",
            (days * DAY + LONGER).as_secs()
        );
        assert!(indexes.to_string().contains(&expected), "{indexes}");
    }
    database.drop().await.unwrap();
}
