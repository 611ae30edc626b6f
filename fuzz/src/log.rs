//! Segments of the queue's log: bytes as a disk may give them back.

use webhook_edge::queue::log::group::{Builder, Entries, Entry, Frame, SEGMENT_HEAD};
use webhook_edge::queue::log::scan::{Damaged, scan};

const SEGMENT: u64 = 1;

/// A group's records; those of removed positions are none.
type Group = Vec<Vec<u8>>;

/// What was cut or damaged is what was written, or less by the last group, or refused;
/// nothing panics.
///
/// # Panics
/// When that does not hold.
pub fn run(data: &[u8]) {
    let _any = read(data);
    let _any = read(&[SEGMENT_HEAD, data].concat());
    // The first four bytes say what to damage, the rest is what to write.
    let Some((damage, rest)) = data.split_first_chunk::<4>() else {
        return;
    };
    let (bytes, groups, last_begins) = write(rest);
    assert_eq!(read(&bytes).as_ref(), Ok(&groups));
    let at = usize::from(u16::from_be_bytes([damage[0], damage[1]])) % bytes.len();
    let all_but_last = &groups[..groups.len() - 1];

    let cut = read(&bytes[..at]);
    if at >= last_begins {
        assert_eq!(cut.as_deref(), Ok(all_but_last), "cut at {at}");
    }
    if let Ok(found) = cut {
        assert!(groups.starts_with(&found), "cut at {at}");
    }
    if damage[2] != 0 {
        let mut changed = bytes.clone();
        changed[at] ^= damage[2];
        match read(&changed) {
            // As if a write had been cut, which has to be behind all that was on disk.
            Ok(found) => {
                assert_eq!(changed[at], 0, "changed at {at}");
                assert_eq!(found, all_but_last, "changed at {at}");
            }
            Err(damaged) => assert!(damaged.offset <= at, "changed at {at}"),
        }
    }
    let behind = [&bytes[..], rest].concat();
    if let Ok(found) = read(&behind) {
        assert!(found.starts_with(&groups));
    }
}

/// The groups that are in a segment.
fn read(bytes: &[u8]) -> Result<Vec<Group>, Damaged> {
    let mut groups = Vec::new();
    scan(bytes, SEGMENT, |_, entries| {
        groups.push(records(entries)?);
        Some(())
    })?;
    Ok(groups)
}

fn records(entries: Entries<'_>) -> Option<Group> {
    let mut records = Vec::new();
    for entry in entries {
        match entry.ok()? {
            Entry::Event(record) | Entry::Again(record) => records.push(record.to_vec()),
            Entry::Removed(_) | Entry::Continued => {}
        }
    }
    Some(records)
}

/// Groups of pieces of `rest`, each written when those before it were on disk.
fn write(rest: &[u8]) -> (Vec<u8>, Vec<Group>, usize) {
    let (mut bytes, mut groups, mut last_begins) = (SEGMENT_HEAD.to_vec(), Vec::new(), 0);
    for piece in rest.chunks(40).chain([&b"the last"[..]]) {
        last_begins = bytes.len();
        let mut builder = Builder::default();
        let group: Group = piece.chunks(11).map(<[u8]>::to_vec).collect();
        for record in &group {
            builder.event(record, record.len() % 2 == 0);
        }
        builder.removed(&[3..9, 11..12]);
        let frame = Frame {
            segment: SEGMENT,
            offset: last_begins as u64,
            synced: last_begins as u64,
            first: 1,
            age: 2,
            wall: 3,
        };
        bytes.extend_from_slice(builder.finish(&frame));
        groups.push(group);
    }
    (bytes, groups, last_begins)
}
