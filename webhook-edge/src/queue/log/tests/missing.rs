//! Segments that are not there.

use super::*;

/// Nine events in four segments: two, two, two and three of them.
fn four_segments(directory: &Path) -> Log {
    let mut log = open(directory);
    for _ in 0..9 {
        append(&mut log, &[&[7; 800]]);
    }
    assert_eq!(segments(directory).len(), 4);
    log
}

fn open_knowing(directory: &Path, known: u64) -> Result<Log, OpenError> {
    Log::open(&Ground::default(), directory, SEGMENT, known, |_| {}).map(|(log, _)| log)
}

#[test]
fn any_segment_that_is_gone_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    drop(four_segments(directory.path()));
    for path in segments(directory.path()) {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let opened = open_knowing(directory.path(), u64::MAX);
        assert!(matches!(opened, Err(OpenError::Missing { .. })), "{path:?}");
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(waiting(&open(directory.path())).len(), 9);
}

#[test]
fn a_segment_may_be_gone_when_all_in_it_has_left_and_its_ids_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = four_segments(directory.path());
    remove(&mut log, &[4, 5, 6]);
    let last = log.last();
    drop(log);
    std::fs::remove_file(&segments(directory.path())[1]).unwrap();
    let opened = open_knowing(directory.path(), 5);
    assert!(matches!(opened, Err(OpenError::Missing { .. })));
    let log = open_knowing(directory.path(), 6).unwrap();
    assert_eq!((log.load().0, log.last()), (6, last));
}

#[test]
fn a_segment_goes_only_when_the_disk_knows_that_all_in_it_has_left() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = four_segments(directory.path());
    remove(&mut log, &[1, 2, 3]);
    assert!(log.synced < log.end);
    log.clean_up(2).unwrap();
    assert_eq!(segments(directory.path()).len(), 4);
    assert!(log.synced < log.end);
    log.clean_up(3).unwrap();
    assert_eq!(segments(directory.path()).len(), 3);
    assert_eq!(log.synced, log.end);
}

#[test]
fn a_segment_that_disappears_in_use_is_an_error_and_not_the_end_of_the_queue() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = four_segments(directory.path());
    let paths = segments(directory.path());
    let reader = log.reader();
    std::fs::remove_file(&paths[0]).unwrap();
    let read = reader.read(0, ALL);
    assert!(matches!(read, Err(ReadError::Missing { segment: 1 })));
    // One that is gone because all has left is none.
    log.remove([(1, 800), (2, 800), (3, 800)]);
    assert_eq!(reader.read(0, ALL).unwrap().len(), 6);
}
