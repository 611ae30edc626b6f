//! The file that becomes the next segment.

use std::time::{Duration, Instant};

use super::*;

/// A log whose spare file is whole.
fn with_spare(directory: &Path) -> Log {
    let mut log = open(directory);
    append(&mut log, &[&[7; 800]]);
    wait_for_spare(&log);
    log
}

fn wait_for_spare(log: &Log) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !log.spare.is_ready() {
        assert!(Instant::now() < limit, "the file is not made");
        std::thread::yield_now();
    }
    assert!(spare::path(&log.directory).exists());
}

#[test]
fn the_next_segment_is_made_of_the_spare_file_and_another_one_follows() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = with_spare(directory.path());
    append(&mut log, &[&[8; 1_400]]);
    assert_eq!(segments(directory.path()).len(), 2);
    assert!(!spare::path(directory.path()).exists());
    append(&mut log, &[&[9; 800]]);
    wait_for_spare(&log);
    drop(log);
    let log = open(directory.path());
    assert_eq!(waiting(&log).into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    assert!(!spare::path(directory.path()).exists());
}

#[test]
fn a_segment_is_begun_without_a_spare_file_too() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    append(&mut log, &[&[7; 3_000]]);
    append(&mut log, &[b"next"]);
    assert_eq!(segments(directory.path()).len(), 2);
    drop(log);
    assert_eq!(waiting(&open(directory.path())).len(), 2);
}

#[test]
fn a_spare_file_that_was_about_to_be_a_segment_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let log = with_spare(directory.path());
    drop(log);
    let first = std::fs::read(&segments(directory.path())[0]).unwrap();
    std::fs::write(spare::path(directory.path()), first).unwrap();
    let mut log = open(directory.path());
    assert_eq!(waiting(&log).len(), 1);
    append(&mut log, &[&[8; 3_000]]);
    drop(log);
    assert_eq!(waiting(&open(directory.path())).len(), 2);
}
