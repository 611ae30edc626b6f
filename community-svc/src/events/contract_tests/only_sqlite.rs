//! What is SQLite's alone: the file, its tables, its versions.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use rusqlite::Connection;
use service_kit::clock::SharedClock;

use super::{clock, event, first, ids, with_payload};
use crate::events::{
    Error, EventState, EventStore as _, FollowError, Outcome, Projection, Settled,
    SharedEventStore, SqliteStore, Verdict, WatchFilter,
};
use crate::stores::SqliteFile;

pub(super) fn open(directory: &Path, clock: SharedClock) -> SqliteStore {
    SqliteStore::new(SqliteFile::open(directory).unwrap(), clock)
}

fn inspect(directory: &Path) -> Connection {
    Connection::open(directory.join("community.sqlite")).unwrap()
}

#[tokio::test]
async fn events_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("made/on/the/way");
    let store = open(&inner, clock());
    store.ingest(&[event("one", 0)]).await.unwrap();
    drop(store);
    let store = open(&inner, clock());
    assert_eq!(
        store.list(first(9)).await.unwrap()[0].event,
        event("one", 0)
    );
    let outcomes = store.ingest(&[event("one", 0)]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Duplicate]);
}

#[tokio::test]
async fn a_row_reads_as_the_guide_says() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), clock());
    let deep = format!(
        r#"{{"data":{{"a":{}{}}}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    let batch = [event("one", 0), with_payload("two", deep)];
    store.ingest(&batch).await.unwrap();
    let read = |sql: &str| -> String {
        inspect(directory.path())
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    };
    let table = "FROM bettermode_webhook_events";
    let sql = format!("SELECT timestamp {table} WHERE event_id = 'one'");
    assert_eq!(read(&sql), "2026-03-04T05:06:06.987Z");
    let sql = format!(
        "SELECT data ->> '$.id' {table} WHERE event_type = 'post.published' AND data IS NOT NULL"
    );
    assert_eq!(read(&sql), "one");
    let sql = format!("SELECT data_omitted {table} WHERE event_id = 'two'");
    assert_eq!(read(&sql), "nested too deep");
}

#[test]
fn a_member_has_bettermode_as_its_platform_unless_said_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path(), clock()));
    let file = inspect(directory.path());
    let insert = "INSERT INTO community_members (bettermode_member_id) VALUES ('m1')";
    assert_eq!(file.execute(insert, []).unwrap(), 1);
    let platform: String = file
        .query_row(
            "SELECT primary_platform FROM community_members",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(platform, "BetterMode");
    let of_nobody = "INSERT INTO community_members (primary_platform) VALUES ('Circle.so')";
    assert!(file.execute(of_nobody, []).is_err());
}

#[test]
fn the_file_of_a_newer_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    inspect(directory.path())
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = SqliteFile::open(directory.path()).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named_by_its_setting() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = SqliteFile::open(&file.path().join("below")).unwrap_err();
    assert!(error.to_string().contains("DATA_DIR"), "{error}");
}

#[tokio::test]
async fn a_file_of_the_first_version_keeps_its_events() {
    let directory = tempfile::tempdir().unwrap();
    let file = inspect(directory.path());
    file.execute_batch(include_str!("../../stores/sqlite/steps/0001_first.sql"))
        .unwrap();
    file.execute_batch(
        "INSERT INTO bettermode_webhook_events (event_id, event_type, timestamp, received_at,
             stored_at, format, path, actor_member_id, payload)
         VALUES ('old', 'x', '2026', '2026-03-04T05:06:07.000Z', '2026-03-04T05:06:07.000Z',
                 'flat', '/', 'ada', x'7b7d');
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(file);
    let store: SharedEventStore = Arc::new(open(directory.path(), clock()));
    let found = store.get("old").await.unwrap().unwrap();
    assert_eq!(found.state, EventState::Done);
    assert_eq!(&found.event.payload[..], b"{}");
    let mut of_ada = first(9);
    of_ada.member_id = Some("ada".to_owned());
    assert_eq!(ids(&store, of_ada).await, ["old"]);
    let outcomes = store.ingest(&[event("old", 0)]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Duplicate]);
}

/// Stores events, and says of those that are named that they are done.
async fn stored(store: &SqliteStore, events: &[(&str, u64)], done: &[&str]) {
    let batch: Vec<_> = events.iter().map(|(id, at)| event(id, *at)).collect();
    store.ingest(&batch).await.unwrap();
    let settled = done.iter().flat_map(|id| {
        Projection::ALL.map(|projection| Settled {
            event_id: (*id).to_owned(),
            projection,
            verdict: Verdict::Done,
        })
    });
    store.settle(&settled.collect::<Vec<_>>()).await.unwrap();
}

#[tokio::test]
async fn old_events_that_are_done_are_deleted_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let time = clock();
    let store = open(directory.path(), time.clone());
    let events = [("old", 0), ("pending", 1), ("new", 5_000)];
    stored(&store, &events, &["old", "new"]).await;
    time.set(event("", 5_000).received_at);
    let age = Some(Duration::from_millis(4_990));
    assert_eq!(store.retain(age).await.unwrap(), 1);
    assert_eq!(store.retain(age).await.unwrap(), 0);
    let store: SharedEventStore = Arc::new(store);
    assert_eq!(ids(&store, first(9)).await, ["new", "pending"]);
    let file = inspect(directory.path());
    let left: i64 = file
        .query_row(
            "SELECT count(*) FROM bettermode_webhook_event_members",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 2, "nothing of a deleted event is left");
}

#[tokio::test]
async fn a_watcher_learns_that_events_after_its_token_were_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let time = clock();
    let store = open(directory.path(), time.clone());
    let follow = async |after| store.follow(after, WatchFilter::default()).await;
    let mut steps = follow(None).await.unwrap();
    let before = steps.next().await.unwrap().unwrap().token;
    stored(&store, &[("a", 0), ("b", 1)], &["a", "b"]).await;
    let after_a = steps.next().await.unwrap().unwrap().token;
    let after_b = steps.next().await.unwrap().unwrap().token;
    // Somebody else, who has not read on since.
    let mut slow = follow(Some(before.clone())).await.unwrap();
    slow.next().await.unwrap().unwrap();
    time.advance(Duration::from_secs(3_600));
    assert_eq!(
        store.retain(Some(Duration::from_secs(60))).await.unwrap(),
        2
    );
    for gone in [before, after_a] {
        let refused = follow(Some(gone)).await.err().unwrap();
        assert!(matches!(refused, FollowError::ExpiredToken), "{refused}");
    }
    let refused = slow.next().await.unwrap().unwrap_err();
    assert!(matches!(refused, FollowError::ExpiredToken), "{refused}");
    assert!(slow.next().await.is_none());
    // A new event never gets the number of one that is gone.
    let mut steps = follow(Some(after_b)).await.unwrap();
    steps.next().await.unwrap().unwrap();
    stored(&store, &[("c", 2)], &[]).await;
    let seen = steps.next().await.unwrap().unwrap().event.unwrap();
    assert_eq!(seen.event.event_id, "c");
}

#[tokio::test]
async fn a_token_of_another_file_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = open(one.path(), clock());
    let other = open(other.path(), clock());
    let mut steps = one.follow(None, WatchFilter::default()).await.unwrap();
    let token = steps.next().await.unwrap().unwrap().token;
    let refused = other.follow(Some(token), WatchFilter::default()).await;
    assert!(matches!(refused.err(), Some(FollowError::InvalidToken)));
}
