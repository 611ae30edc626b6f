//! Writes that were cut, and bits that were flipped.

use proptest::prelude::*;

use super::*;

/// Three groups in one segment, the last of them written when the others were on disk.
fn three_groups() -> (TempDir, PathBuf, u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::open(directory.path(), 1 << 20, |_| {}).unwrap().0;
    append(&mut log, &[b"first", b"second"]);
    append(&mut log, &[b"third"]);
    let last_begins = log.end;
    append(&mut log, &[b"fourth", b"fifth"]);
    let end = log.end;
    drop(log);
    let path = segments(directory.path()).remove(0);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(end).unwrap();
    (directory, path, last_begins)
}

fn open_again(directory: &Path) -> Result<BTreeMap<u64, Vec<u8>>, OpenError> {
    let (log, _) = Log::open(directory, 1 << 20, |_| {})?;
    Ok(waiting(&log))
}

#[test]
fn a_last_write_that_was_cut_anywhere_is_cut_off_and_nothing_else() {
    let (directory, path, last_begins) = three_groups();
    let whole = std::fs::read(&path).unwrap();
    for cut in usize::try_from(last_begins).unwrap()..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(open_again(directory.path()).unwrap().len(), 3, "at {cut}");
        // The rest of the write never came, but room for it was there.
        let mut zeros = whole[..cut].to_vec();
        zeros.resize(whole.len() + 500, 0);
        std::fs::write(&path, &zeros).unwrap();
        assert_eq!(open_again(directory.path()).unwrap().len(), 3, "at {cut}");
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(open_again(directory.path()).unwrap().len(), 5);
}

#[test]
fn after_a_cut_the_log_goes_on_where_it_was_cut() {
    let (directory, path, _) = three_groups();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    for _ in 0..2 {
        let mut log = Log::open(directory.path(), 1 << 20, |_| {}).unwrap().0;
        append(&mut log, &[b"again"]);
    }
    let found = open_again(directory.path()).unwrap();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!((&*found[&4], &*found[&5]), (&b"again"[..], &b"again"[..]));
}

#[test]
fn any_flipped_bit_stops_the_start_or_is_in_the_last_write() {
    let (directory, path, last_begins) = three_groups();
    let whole = std::fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        match open_again(directory.path()) {
            Ok(found) => {
                assert!(bit as u64 / 8 >= last_begins, "bit {bit}");
                assert_eq!(found.len(), 3);
            }
            Err(OpenError::Damaged { file, offset }) => {
                assert_eq!(file, path);
                assert!(offset <= bit as u64 / 8 && offset < last_begins);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn in_a_log_that_was_closed_any_flipped_bit_of_a_record_stops_the_start() {
    let (directory, path, _) = three_groups();
    let mut log = Log::open(directory.path(), 1 << 20, |_| {}).unwrap().0;
    let records_end = log.end;
    log.seal(NOON).unwrap();
    drop(log);
    let whole = std::fs::read(&path).unwrap();
    for bit in 0..usize::try_from(records_end).unwrap() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        let opened = open_again(directory.path());
        assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{bit}");
    }
}

#[test]
fn a_segment_that_is_not_the_last_must_be_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for _ in 0..6 {
        append(&mut log, &[&[7; 900]]);
    }
    drop(log);
    let all = segments(directory.path());
    let first = std::fs::read(&all[0]).unwrap();
    for length in [0, 10, 100, first.len() - 1] {
        std::fs::write(&all[0], &first[..length]).unwrap();
        let opened = Log::open(directory.path(), SEGMENT, |_| {});
        assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{length}");
    }
    std::fs::write(&all[0], &first).unwrap();
    assert_eq!(waiting(&open(directory.path())).len(), 6);
}

#[test]
fn a_segment_that_was_being_made_is_no_loss() {
    for cut in [0, 7, 16, 50, 80] {
        let directory = tempfile::tempdir().unwrap();
        let mut log = open(directory.path());
        append(&mut log, &[&[7; 1500]]);
        log.begin_segment(NOON).unwrap();
        drop(log);
        let last = segments(directory.path()).pop().unwrap();
        let beginning = std::fs::read(&last).unwrap();
        std::fs::write(&last, &beginning[..cut]).unwrap();
        let mut log = open(directory.path());
        assert_eq!(waiting(&log).len(), 1);
        append(&mut log, &[b"next"]);
        assert_eq!(log.last(), 2);
        drop(log);
        let mut log = open(directory.path());
        assert_eq!(log.last(), 2);
        remove(&mut log, &[2]);
        drop(log);
        assert_eq!(open(directory.path()).load().0, 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn bytes_of_any_kind_behind_the_last_group_are_no_events(
        rubbish in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        let (directory, path, _) = three_groups();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(&rubbish);
        std::fs::write(&path, &bytes).unwrap();
        prop_assert_eq!(open_again(directory.path()).unwrap().len(), 5);
    }
}
