//! What is SQLite's alone: the plans, and that it deletes what is old.

use std::path::Path;
use std::time::Duration;

use bettermode::MemberId;
use rusqlite::Connection;

use super::{activity, clock, first, retention, summary};
use crate::activities::sqlite::statements::{self, list};
use crate::activities::{ActivityStore as _, SharedActivityStore, SqliteActivities};
use crate::stores::SqliteFile;

pub(super) fn open(directory: &Path) -> SqliteActivities {
    SqliteActivities::new(SqliteFile::open(directory).unwrap(), clock(), retention())
}

fn plan(directory: &Path, sql: &str) -> String {
    let file = Connection::open(directory.join("community.sqlite")).unwrap();
    let mut statement = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines: Vec<String> = statement
        .raw_query()
        .mapped(|row| row.get("detail"))
        .collect::<Result<_, _>>()
        .unwrap();
    lines.join("; ")
}

#[tokio::test]
async fn lists_and_counts_search_an_index_and_do_not_sort() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    for (sql, index) in [
        (list(false, false), "activities_by_time (timestamp>? AND"),
        (list(true, false), "activities_by_member (member_id=? AND"),
        (list(false, true), "activities_by_kind (kind=? AND"),
        (
            list(true, true),
            "activities_by_member_and_kind (member_id=? AND kind=? AND",
        ),
        (
            statements::COUNTS.to_owned(),
            "PRIMARY KEY (member_id=? AND level=? AND period=?)",
        ),
        (
            statements::PARTS.to_owned(),
            "PRIMARY KEY (member_id=? AND level=? AND period>?",
        ),
        (
            statements::MOST_ACTIVE.to_owned(),
            "counts_by_count (level=? AND period=?)",
        ),
        (
            statements::OLD_ACTIVITIES.to_owned(),
            "activities_by_time (timestamp<?)",
        ),
        (
            statements::OLD_COUNTS.to_owned(),
            "members_by_time (last_active_at<?)",
        ),
        (
            statements::NOT_BY[0].to_owned(),
            "activities_by_actor (actor_member_id=?)",
        ),
        (
            statements::NOT_BY[1].to_owned(),
            "activities_by_subject (subject_member_id=?)",
        ),
    ] {
        let plan = plan(directory.path(), &sql);
        assert!(plan.contains(index), "{sql}: {plan}");
        assert!(!plan.contains("SCAN"), "{sql}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    }
}

#[tokio::test]
async fn what_has_become_too_old_is_deleted_and_the_counts_of_all_stay() {
    let directory = tempfile::tempdir().unwrap();
    let clock = clock();
    let file = SqliteFile::open(directory.path()).unwrap();
    let store = std::sync::Arc::new(SqliteActivities::new(file, clock.clone(), retention()));
    // More than one slice.
    let many: Vec<_> = (0..2_500)
        .map(|n| activity(&format!("e{n}"), "ada", 0))
        .collect();
    store.put(&many).await.unwrap();
    let later = 86_400;
    store.put(&[activity("later", "bo", later)]).await.unwrap();
    clock.advance(Duration::from_secs(3_600 * (24 * 30 - 6)));
    let store: SharedActivityStore = store;
    assert_eq!(store.prune().await.unwrap(), 2_500);
    assert_eq!(store.prune().await.unwrap(), 0);
    assert_eq!(store.list(first(9)).await.unwrap().len(), 1);
    assert_eq!(summary(&store, Some("ada"), "").await.total, 0);
    assert_eq!(summary(&store, Some("bo"), "").await.total, 1);
    assert_eq!(summary(&store, None, "").await.total, 2_501);
    assert_eq!(store.erase(&MemberId::new("ada")).await.unwrap(), 0);
}
