//! No statement scans a table or sorts: the plans of all of them.

use rusqlite::Connection;

use super::{lists, work};
use crate::events::{Cursor, DeadLetterQuery, EventQuery, EventState, Projection};
use crate::stores::SqliteFile;

/// The steps of the plan; values that are missing count as null.
fn plan(file: &Connection, sql: &str) -> Vec<String> {
    let mut statement = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    steps
}

/// Each table by an index, the first down to the place where the page begins.
fn keeps_to_indexes(steps: &[String], bound: &str) {
    for step in steps {
        assert!(step.starts_with("SEARCH"), "{steps:?}");
        assert!(step.contains("USING"), "{steps:?}");
    }
    assert!(steps[0].contains(bound), "{steps:?}");
}

fn file() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    drop(SqliteFile::open(directory.path()).unwrap());
    let file = Connection::open(directory.path().join("community.sqlite")).unwrap();
    (directory, file)
}

#[test]
fn each_combination_of_filters_begins_in_its_index_where_the_page_begins() {
    let (_directory, file) = file();
    for number in 0..64 {
        let on = |bit: u32| number >> bit & 1 == 1;
        let text = || Some("x".to_owned());
        let states = [
            None,
            Some(EventState::Pending),
            Some(EventState::Done),
            Some(EventState::Dead),
        ];
        let query = EventQuery {
            event_type: text().filter(|_| on(0)),
            member_id: text().filter(|_| on(1)),
            received_from: Some(jiff::Timestamp::UNIX_EPOCH).filter(|_| on(2)),
            received_until: Some(jiff::Timestamp::MAX).filter(|_| on(3)),
            state: states[number >> 4],
            before: Cursor::from_bytes(b"\0\0\0\0\0\0\0\0id"),
            limit: 50,
        };
        let select = lists::Select::page("e.payload", &query, lists::Lead::Filter);
        let steps = plan(&file, &select.sql);
        keeps_to_indexes(&steps, "(received_at,event_id)<(?,?)");
        for (is_set, key) in [(on(0), "event_type=?"), (on(1), "member_id=?")] {
            // Of pending and dead events of one type there are few.
            let few = matches!(query.state, Some(EventState::Pending | EventState::Dead));
            let in_key = is_set && !(few && key == "event_type=?" && !on(1));
            assert_eq!(steps[0].contains(key), in_key, "{query:?}: {steps:?}");
        }
    }
}

#[test]
fn a_members_few_dead_events_are_found_by_their_state() {
    let (_directory, file) = file();
    for event_type in [None, Some("x".to_owned())] {
        let query = EventQuery {
            event_type,
            member_id: Some("m".to_owned()),
            state: Some(EventState::Dead),
            limit: 50,
            ..EventQuery::default()
        };
        let select = lists::Select::page("e.payload", &query, lists::Lead::State);
        let steps = plan(&file, &select.sql);
        assert!(steps[0].contains("by_state (state=?"), "{steps:?}");
        let member = steps.iter().find(|step| step.starts_with("SEARCH m"));
        let by_its_key = |step: &String| {
            let key = ["member_id=?", "received_at=?", "event_id=?"];
            step.contains("INDEX") && key.iter().all(|part| step.contains(part))
        };
        assert!(member.is_some_and(by_its_key), "{steps:?}");
    }
}

#[test]
fn dead_letters_and_due_work_are_read_in_order() {
    let (_directory, file) = file();
    for projection in [None, Some(Projection::Members)] {
        let query = DeadLetterQuery {
            projection,
            before: None,
            limit: 50,
        };
        let steps = plan(&file, &lists::dead_sql(&query));
        keeps_to_indexes(&steps, "(failed_at,event_id");
    }
    keeps_to_indexes(&plan(&file, work::DUE), "next_attempt_at<?");
}
