//! Writes that were cut, and bits that were flipped.

use proptest::prelude::*;

use super::*;

const EMPTY_GROUP: u64 = 68;
/// A group that says that another segment follows.
const CONTINUED: usize = 73;

/// Three groups in one segment, the last of them written when the others were on disk.
/// The file ends with them.
fn three_groups() -> (TempDir, PathBuf, u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::open(
        &Ground::default(),
        directory.path(),
        1 << 20,
        u64::MAX,
        |_| {},
    )
    .unwrap()
    .0;
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
    let (log, _) = Log::open(&Ground::default(), directory, 1 << 20, u64::MAX, |_| {})?;
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
        let mut log = Log::open(
            &Ground::default(),
            directory.path(),
            1 << 20,
            u64::MAX,
            |_| {},
        )
        .unwrap()
        .0;
        append(&mut log, &[b"again"]);
    }
    let found = open_again(directory.path()).unwrap();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!((&*found[&4], &*found[&5]), (&b"again"[..], &b"again"[..]));
}

#[test]
fn a_last_write_of_which_a_sector_never_came_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::open(
        &Ground::default(),
        directory.path(),
        1 << 20,
        u64::MAX,
        |_| {},
    )
    .unwrap()
    .0;
    append(&mut log, &[b"first"]);
    let begins = usize::try_from(log.end).unwrap();
    append(&mut log, &[&[7; 900], &[8; 900], &[9; 900]]);
    let end = usize::try_from(log.end).unwrap();
    drop(log);
    let path = segments(directory.path()).remove(0);
    let whole = std::fs::read(&path).unwrap();
    for sector in begins / 512..end.div_ceil(512) {
        let mut bytes = whole.clone();
        bytes[(sector * 512).max(begins)..(sector + 1) * 512].fill(0);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(open_again(directory.path()).unwrap().len(), 1, "{sector}");
    }
}

/// Flips every bit of a segment: none may be taken for a write that was cut.
fn assert_every_flip_is_damage(whole: &[u8], last_begins: u64) {
    let scan = |bytes: &[u8]| scan::scan(bytes, 1, |_, _| Some(()));
    assert!(scan(whole).is_ok());
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let damaged = scan(&bytes).expect_err("a flipped bit");
        assert!(damaged.offset <= bit / 8, "{bit}");
        assert!(damaged.offset as u64 <= last_begins, "{bit}");
    }
}

#[test]
fn any_flipped_bit_is_damage_in_the_last_write_too() {
    let (directory, path, last_begins) = three_groups();
    let mut bytes = std::fs::read(&path).unwrap();
    assert_every_flip_is_damage(&bytes, last_begins);
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let opened = open_again(directory.path());
    assert!(matches!(opened, Err(OpenError::Damaged { file, .. }) if file == path));
}

#[test]
fn damage_before_the_last_write_stops_the_start_though_that_need_not_have_been_on_disk() {
    let (directory, path, _) = three_groups();
    let mut log = Log::open(
        &Ground::default(),
        directory.path(),
        1 << 20,
        u64::MAX,
        |_| {},
    )
    .unwrap()
    .0;
    let begins = usize::try_from(log.end).unwrap();
    // The disk is not waited for, so the next group does not say that this one was there.
    remove(&mut log, &[1]);
    append(&mut log, &[b"sixth"]);
    drop(log);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[begins + 70] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let opened = open_again(directory.path());
    assert!(matches!(opened, Err(OpenError::Damaged { offset, .. }) if offset == begins as u64));
}

#[test]
fn any_flipped_bit_is_damage_in_a_log_that_was_closed() {
    let (directory, path, _) = three_groups();
    let mut log = Log::open(
        &Ground::default(),
        directory.path(),
        1 << 20,
        u64::MAX,
        |_| {},
    )
    .unwrap()
    .0;
    let seal_begins = log.end;
    log.seal(NOON).unwrap();
    let end = usize::try_from(log.end).unwrap();
    drop(log);
    let bytes = std::fs::read(&path).unwrap();
    assert_every_flip_is_damage(&bytes[..end], seal_begins);
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
    for length in [0, 10, 100, first.len() - CONTINUED - 1] {
        std::fs::write(&all[0], &first[..length]).unwrap();
        let opened = Log::open(
            &Ground::default(),
            directory.path(),
            SEGMENT,
            u64::MAX,
            |_| {},
        );
        assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{length}");
    }
    std::fs::write(&all[0], &first).unwrap();
    assert_eq!(waiting(&open(directory.path())).len(), 6);
}

#[test]
fn the_word_that_another_segment_follows_may_be_cut_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for _ in 0..6 {
        append(&mut log, &[&[7; 900]]);
    }
    drop(log);
    let all = segments(directory.path());
    assert!(all.len() > 1);
    let first = std::fs::read(&all[0]).unwrap();
    for missing in 0..=CONTINUED {
        // The power went when so much of it was on disk, and room for the rest.
        let mut bytes = first.clone();
        let end = bytes.len();
        bytes[end - missing..].fill(0);
        std::fs::write(&all[0], &bytes).unwrap();
        assert_eq!(waiting(&open(directory.path())).len(), 6, "{missing}");
    }
}

#[test]
fn a_segment_that_was_being_made_is_no_loss() {
    for cut in [0, 7, 16, 50, 80] {
        let directory = tempfile::tempdir().unwrap();
        let mut log = open(directory.path());
        append(&mut log, &[&[7; 1500]]);
        let end = log.end;
        log.begin_segment(NOON).unwrap();
        drop(log);
        let last = segments(directory.path()).pop().unwrap();
        // The first one was sealed, and does not say yet that another follows.
        let first = File::options()
            .write(true)
            .open(&segments(directory.path())[0]);
        first.unwrap().set_len(end + EMPTY_GROUP).unwrap();
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
        match open_again(directory.path()) {
            Ok(found) => prop_assert_eq!(found.len(), 5),
            Err(error) => prop_assert!(matches!(error, OpenError::Damaged { .. }), "{}", error),
        }
    }
}
