//! The log on a real disk: what was committed is there again, whatever happened to
//! what was not; and what was acknowledged is never lost without a word.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::queue::ReadError;
use crate::queue::disk::SystemDisk;

mod damage;
mod missing;
mod model;
mod spare_file;

/// Small, so that a few groups fill it.
const SEGMENT: u64 = 2048;
const NOON: Moment = Moment {
    age: 1_000,
    wall: 1_700_000_000_000,
};
const ALL: Wanted = Wanted {
    events: usize::MAX,
    bytes: usize::MAX,
};

impl Log {
    /// From now on it writes there.
    pub(in crate::queue) fn write_to(&mut self, path: &str) {
        self.file = Box::new(File::options().write(true).open(path).unwrap());
    }
}

fn open(directory: &Path) -> Log {
    Log::open(&Ground::default(), directory, SEGMENT, u64::MAX, |_| {})
        .unwrap()
        .0
}

fn append(log: &mut Log, records: &[&[u8]]) {
    for record in records {
        log.push(record, true);
    }
    log.commit(NOON, true).unwrap();
}

fn remove(log: &mut Log, positions: &[u64]) {
    let waiting = waiting(log);
    let sizes = positions.iter().map(|position| {
        let size = waiting.get(position).map_or(7, Vec::len);
        (*position, size as u64)
    });
    log.remove(sizes);
    if !log.is_idle() {
        log.commit(NOON, false).unwrap();
    }
}

fn waiting(log: &Log) -> BTreeMap<u64, Vec<u8>> {
    let read = log.reader().read(0, ALL).unwrap();
    let pair = |waiting: Waiting| (waiting.position.0, waiting.record.to_vec());
    read.into_iter().map(pair).collect()
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let numbers = segment::numbers(&SystemDisk, directory).unwrap();
    numbers
        .into_iter()
        .map(|number| segment::path(directory, number))
        .collect()
}

#[test]
fn what_was_committed_is_there_again_with_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    append(&mut log, &[b"one", b"two"]);
    append(&mut log, &[b"three"]);
    remove(&mut log, &[2]);
    drop(log);
    let mut found = Vec::new();
    let opened = Log::open(
        &Ground::default(),
        directory.path(),
        SEGMENT,
        u64::MAX,
        |event| {
            found.push((event.position, event.record.to_vec(), event.age));
        },
    );
    let (mut log, last) = opened.unwrap();
    assert_eq!(
        waiting(&log),
        [(1, b"one".to_vec()), (3, b"three".to_vec())].into()
    );
    assert_eq!(log.load(), (2, 8));
    assert_eq!(last.map(|last| last.wall), Some(NOON.wall));
    assert_eq!(found.len(), 3);
    assert_eq!(found[1], (2, b"two".to_vec(), NOON.age));
    append(&mut log, &[b"four"]);
    assert_eq!(log.last(), 4);
}

#[test]
fn a_segment_goes_when_nothing_in_it_waits_and_its_ids_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for _ in 0..9 {
        append(&mut log, &[&[7; 800]]);
    }
    assert_eq!(segments(directory.path()).len(), 4);
    remove(&mut log, &[1, 2, 4, 5, 6]);
    log.clean_up(5).unwrap();
    // Of the first two segments one event waits, or an id is not kept.
    assert_eq!(segments(directory.path()).len(), 4);
    log.clean_up(9).unwrap();
    assert_eq!(segments(directory.path()).len(), 3);
    let left: Vec<_> = waiting(&log).into_keys().collect();
    drop(log);
    // What has left stays away, the segment that said so being gone or not.
    let log = open(directory.path());
    assert_eq!(waiting(&log).into_keys().collect::<Vec<_>>(), left);
    assert_eq!(left, [3, 7, 8, 9]);
}

#[test]
fn positions_go_on_when_all_has_left_and_only_the_newest_segment_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for _ in 0..3 {
        append(&mut log, &[&[7; 800]]);
    }
    remove(&mut log, &[1, 2, 3]);
    log.clean_up(3).unwrap();
    assert_eq!(segments(directory.path()).len(), 1);
    drop(log);
    let mut log = open(directory.path());
    assert_eq!((log.last(), log.load()), (3, (0, 0)));
    append(&mut log, &[b"next"]);
    assert_eq!(waiting(&log), [(4, b"next".to_vec())].into());
}

#[test]
fn a_read_takes_as_much_as_is_asked_for_and_goes_on_from_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for number in 0..40_u8 {
        append(&mut log, &[&[number; 100], &[number; 50]]);
    }
    let reader = log.reader();
    let (mut from, mut seen) = (0, Vec::new());
    loop {
        let wanted = Wanted {
            events: 7,
            bytes: 450,
        };
        let read = reader.read(from, wanted).unwrap();
        let Some(last) = read.last() else { break };
        assert!(read.len() <= 7);
        assert!(read.iter().map(|one| one.record.len()).sum::<usize>() <= 450);
        from = last.position.0 + 1;
        seen.extend(read.iter().map(|one| one.position.0));
    }
    assert_eq!(seen, (1..=80).collect::<Vec<_>>());
    assert_eq!(reader.get(80).unwrap().unwrap().len(), 50);
    assert!(reader.get(81).unwrap().is_none());
}

#[test]
fn the_oldest_is_as_old_as_the_first_that_waits() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    let at = |second: i64| Moment {
        wall: NOON.wall + second * 1_000,
        ..NOON
    };
    assert_eq!(log.oldest(), None);
    for second in 0..3 {
        log.push(b"record", true);
        log.commit(at(second), true).unwrap();
    }
    remove(&mut log, &[1]);
    assert_eq!(log.oldest(), Some(at(1).wall));
    drop(log);
    let mut log = open(directory.path());
    assert_eq!(log.oldest(), Some(at(1).wall));
    remove(&mut log, &[2, 3]);
    assert_eq!(log.oldest(), None);
}

#[test]
fn with_no_room_for_another_segment_the_last_one_grows() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    // No disk has room for this.
    log.segment_bytes = 1 << 60;
    log.end = log.end.max(1);
    append(&mut log, &[b"one"]);
    log.begin_segment(NOON).unwrap();
    append(&mut log, &[b"two"]);
    assert_eq!(segments(directory.path()).len(), 1);
    drop(log);
    assert_eq!(waiting(&open(directory.path())).len(), 2);
}
