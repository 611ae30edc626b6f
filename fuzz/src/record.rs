//! Records of the queue: bytes as a disk may give them back.

use webhook_edge::queue::record::{decode, encode};

use crate::envelope;
use crate::verifier::now;

/// What was written is read back, what was changed is refused, nothing panics.
///
/// # Panics
/// When that does not hold.
pub fn run(data: &[u8]) {
    read_again(data);
    // With the right head, so that the fields are looked at too.
    let checksum = crc32fast::hash(data).to_le_bytes();
    read_again(&[&[1], &checksum[..], data].concat());
    // The first three bytes say what to damage, the rest is a body.
    let Some((damage, body)) = data.split_first_chunk::<3>() else {
        return;
    };
    let Some(event) = envelope::read(body) else {
        return;
    };
    let mut record = encode(&event, now());
    let (read, queued_at) = decode(&record).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(queued_at, now());
    assert_eq!(encode(&read, queued_at), record);
    assert_eq!(read.body, event.body);
    let at = usize::from(u16::from_be_bytes([damage[0], damage[1]])) % record.len();
    assert!(decode(&record[..at]).is_err(), "cut at {at}");
    if damage[2] != 0 {
        record[at] ^= damage[2];
        assert!(decode(&record).is_err(), "changed at {at}");
    }
}

/// What can be read is written and read again without a change.
fn read_again(record: &[u8]) {
    if let Ok((event, queued_at)) = decode(record) {
        let again = encode(&event, queued_at);
        let same = decode(&again).map(|(event, at)| encode(&event, at));
        assert_eq!(same.as_deref(), Ok(&again[..]));
    }
}
