//! The bytes of the log: a segment begins with a head, then come groups. Pure.
//!
//! A group is what one write puts on disk: its own head, entries, and a trailer. It
//! counts as a whole or not at all, so half a write is none. Its head names the segment
//! and the place in it, so that bytes left over from elsewhere are never taken for a
//! group, and says how much of the segment was on disk before it was written. That and
//! the trailer, which has no zeros, are how recovery tells a write that was cut from
//! damage to what was acknowledged.

use std::ops::Range;

/// What a segment begins with: a name and the version of the layout.
pub const SEGMENT_HEAD: &[u8; 16] = b"webhook-edge\x00\x00\x00\x01";
/// The length of a group's head.
pub const GROUP_HEAD: usize = 64;
/// What a group's head begins with; the search after damage looks for it.
pub const MAGIC: [u8; 4] = *b"WqGr";
/// What a group ends with.
pub const TRAILER: [u8; 4] = *b"rGqW";
/// Kind and length of an entry.
const ENTRY_HEAD: usize = 5;

const EVENT: u8 = 1;
const AGAIN: u8 = 2;
const REMOVED: u8 = 3;
const CONTINUED: u8 = 4;

/// What a group's head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The number of the segment.
    pub segment: u64,
    /// Where in the segment the group begins.
    pub offset: u64,
    /// So much of the segment was on disk when the group was written.
    pub synced: u64,
    /// The position of its first event; of the next one when it has none.
    pub first: u64,
    /// The age of the queue, in milliseconds.
    pub age: u64,
    /// The wall clock, in milliseconds.
    pub wall: i64,
}

/// What a group says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The record of a new event; its position is the next one.
    Event(&'a [u8]),
    /// The record of a dead letter that waits again; its position is the next one.
    Again(&'a [u8]),
    /// Positions that left the queue.
    Removed(Vec<Range<u64>>),
    /// The next segment is on disk; nothing more is written to this one.
    Continued,
}

/// Puts a group together.
#[derive(Debug)]
pub struct Builder {
    bytes: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            bytes: vec![0; GROUP_HEAD],
        }
    }
}

impl Builder {
    /// An event, new or again.
    pub fn event(&mut self, record: &[u8], is_new: bool) {
        self.entry(if is_new { EVENT } else { AGAIN }, record.len());
        self.bytes.extend_from_slice(record);
    }

    /// Positions that left the queue.
    pub fn removed(&mut self, ranges: &[Range<u64>]) {
        self.entry(REMOVED, ranges.len() * 16);
        for range in ranges {
            self.bytes.extend_from_slice(&range.start.to_le_bytes());
            self.bytes.extend_from_slice(&range.end.to_le_bytes());
        }
    }

    /// That the next segment is on disk.
    pub fn continued(&mut self) {
        self.entry(CONTINUED, 0);
    }

    fn entry(&mut self, kind: u8, length: usize) {
        // A group has a bound far below 4 GiB.
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&length.to_le_bytes());
    }

    /// How long the group is so far.
    #[must_use]
    pub fn length(&self) -> usize {
        self.bytes.len() + TRAILER.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == GROUP_HEAD
    }

    /// The whole group; to be cleared before it takes anything more.
    pub fn finish(&mut self, frame: &Frame) -> &[u8] {
        if let Some((head, body)) = self.bytes.split_at_mut_checked(GROUP_HEAD) {
            head.copy_from_slice(&head_of(frame, body));
        }
        self.bytes.extend_from_slice(&TRAILER);
        &self.bytes
    }

    /// Empties it; keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.truncate(GROUP_HEAD);
    }
}

fn head_of(frame: &Frame, body: &[u8]) -> [u8; GROUP_HEAD] {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut fields = [0; GROUP_HEAD - 8];
    let parts: [&[u8]; 8] = [
        &crc32fast::hash(body).to_le_bytes(),
        &length.to_le_bytes(),
        &frame.segment.to_le_bytes(),
        &frame.offset.to_le_bytes(),
        &frame.synced.to_le_bytes(),
        &frame.first.to_le_bytes(),
        &frame.age.to_le_bytes(),
        &frame.wall.to_le_bytes(),
    ];
    let all = parts.into_iter().flatten();
    for (to, from) in fields.iter_mut().zip(all) {
        *to = *from;
    }
    let mut head = [0; GROUP_HEAD];
    head[..4].copy_from_slice(&MAGIC);
    head[4..8].copy_from_slice(&crc32fast::hash(&fields).to_le_bytes());
    head[8..].copy_from_slice(&fields);
    head
}

/// The head of a group whose body need not be there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// What it says.
    pub frame: Frame,
    /// The length of the entries behind it.
    pub body: usize,
    checksum: u32,
}

impl Head {
    /// The head at the beginning of `bytes`, if one is there.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (magic, bytes) = bytes.split_first_chunk::<4>()?;
        let (checksum, bytes) = bytes.split_first_chunk::<4>()?;
        let fields = bytes.get(..GROUP_HEAD - 8)?;
        if *magic != MAGIC || crc32fast::hash(fields) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let (small, large) = fields.split_at_checked(8)?;
        let ([checksum, length], []) = small.as_chunks::<4>() else {
            return None;
        };
        let (large, []) = large.as_chunks::<8>() else {
            return None;
        };
        let [segment, offset, synced, first, age, wall] = large.try_into().ok()?;
        let number = u64::from_le_bytes;
        Some(Self {
            frame: Frame {
                segment: number(segment),
                offset: number(offset),
                synced: number(synced),
                first: number(first),
                age: number(age),
                wall: i64::from_le_bytes(wall),
            },
            body: usize::try_from(u32::from_le_bytes(*length)).ok()?,
            checksum: u32::from_le_bytes(*checksum),
        })
    }

    /// The length of the group.
    #[must_use]
    pub fn length(&self) -> usize {
        GROUP_HEAD + self.body + TRAILER.len()
    }

    /// The entries, if `bytes`, which begin with the head, hold all of them as they
    /// were written.
    #[must_use]
    pub fn whole<'a>(&self, bytes: &'a [u8]) -> Option<Entries<'a>> {
        let (body, trailer) = self.split(bytes)?;
        let is_whole = trailer == TRAILER && crc32fast::hash(body) == self.checksum;
        is_whole.then_some(Entries(body))
    }

    /// The entries without a look at their checksum: records have their own.
    #[must_use]
    pub fn entries<'a>(&self, bytes: &'a [u8]) -> Option<Entries<'a>> {
        self.split(bytes).map(|(body, _)| Entries(body))
    }

    fn split<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let group = bytes.get(GROUP_HEAD..self.length())?;
        group.split_at_checked(self.body)
    }
}

/// The entries of a group, in their order.
#[derive(Debug, Clone)]
pub struct Entries<'a>(&'a [u8]);

/// Entries that make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Senseless;

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Senseless>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let entry = self.split();
        if entry.is_none() {
            self.0 = &[];
        }
        Some(entry.ok_or(Senseless))
    }
}

impl<'a> Entries<'a> {
    fn split(&mut self) -> Option<Entry<'a>> {
        let (head, rest) = self.0.split_first_chunk::<ENTRY_HEAD>()?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (payload, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        match *kind {
            EVENT => Some(Entry::Event(payload)),
            AGAIN => Some(Entry::Again(payload)),
            REMOVED => ranges(payload).map(Entry::Removed),
            CONTINUED if payload.is_empty() => Some(Entry::Continued),
            _ => None,
        }
    }
}

fn ranges(payload: &[u8]) -> Option<Vec<Range<u64>>> {
    let (numbers, []) = payload.as_chunks::<8>() else {
        return None;
    };
    let (pairs, []) = numbers.as_chunks::<2>() else {
        return None;
    };
    let range = |[start, end]: &[[u8; 8]; 2]| {
        let range = u64::from_le_bytes(*start)..u64::from_le_bytes(*end);
        (range.start < range.end).then_some(range)
    };
    pairs.iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame {
        segment: 3,
        offset: 16,
        synced: 16,
        first: 70,
        age: 5,
        wall: -6,
    };

    #[test]
    fn a_group_is_read_as_it_was_written() {
        let mut builder = Builder::default();
        assert!(builder.is_empty());
        builder.event(b"one", true);
        builder.removed(&[1..4, 9..10]);
        builder.event(b"", false);
        builder.continued();
        assert_eq!(builder.length(), GROUP_HEAD + 8 + 37 + 5 + 5 + 4);
        let bytes = builder.finish(&FRAME).to_vec();
        let head = Head::read(&bytes).unwrap();
        assert_eq!((head.frame, head.length()), (FRAME, bytes.len()));
        let entries: Result<Vec<_>, _> = head.whole(&bytes).unwrap().collect();
        let removed = Entry::Removed(vec![1..4, 9..10]);
        let written = vec![
            Entry::Event(b"one"),
            removed,
            Entry::Again(b""),
            Entry::Continued,
        ];
        assert_eq!(entries, Ok(written));
        builder.clear();
        assert!(builder.is_empty());
    }

    #[test]
    fn any_bit_that_is_flipped_is_noticed() {
        let mut builder = Builder::default();
        builder.event(b"a record", true);
        let bytes = builder.finish(&FRAME).to_vec();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let read = Head::read(&bytes).and_then(|head| head.whole(&bytes));
            assert!(read.is_none(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            assert!(Head::read(cut).and_then(|head| head.whole(cut)).is_none());
        }
    }

    #[test]
    fn entries_that_make_no_sense_end_the_group() {
        fn all(body: &[u8]) -> Vec<Result<Entry<'_>, Senseless>> {
            Entries(body).collect()
        }
        assert_eq!(all(&[9, 0, 0, 0, 0]), [Err(Senseless)]);
        assert_eq!(all(&[EVENT, 5, 0, 0, 0, 1]), [Err(Senseless)]);
        assert_eq!(all(&[REMOVED, 1, 0, 0, 0, 1]), [Err(Senseless)]);
        assert_eq!(all(&[CONTINUED, 1, 0, 0, 0, 1]), [Err(Senseless)]);
        assert_eq!(all(&[EVENT]), [Err(Senseless)]);
    }
}
