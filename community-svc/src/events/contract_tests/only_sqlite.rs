//! What is SQLite's alone: the file, its tables, its versions.

use std::path::Path;

use rusqlite::Connection;
use service_kit::clock::SharedClock;

use super::{clock, event, first, with_payload};
use crate::events::{Error, EventStore as _, Outcome, SqliteStore};

pub(super) fn open(directory: &Path, clock: SharedClock) -> SqliteStore {
    SqliteStore::open(directory, clock).unwrap()
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

#[tokio::test]
async fn each_list_keeps_to_its_index() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path(), clock()));
    for (condition, index) in [
        ("", "bettermode_webhook_events_by_receipt"),
        ("event_type = 'x' AND", "bettermode_webhook_events_by_type"),
    ] {
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT event_id, payload FROM bettermode_webhook_events
             WHERE {condition} (received_at, event_id) < ('2026', 'x')
             ORDER BY received_at DESC, event_id DESC LIMIT 5"
        );
        let file = inspect(directory.path());
        let mut statement = file.prepare(&sql).unwrap();
        let plan: Vec<String> = statement
            .query_map([], |row| row.get("detail"))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(plan.len(), 1, "{plan:?}");
        assert!(plan[0].contains(index), "{plan:?}");
    }
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
    let error = SqliteStore::open(directory.path(), clock()).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named_by_its_setting() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = SqliteStore::open(&file.path().join("below"), clock()).unwrap_err();
    assert!(error.to_string().contains("DATA_DIR"), "{error}");
}
