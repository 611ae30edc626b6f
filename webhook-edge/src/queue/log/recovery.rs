//! What an earlier process left in the log.
//!
//! Every segment is read once, with every checksum. What a write that was cut left at
//! the end of the last segment was never acknowledged and is cut off. Anything else that
//! is not as it was written, or is not there, stops the start: it may have been
//! acknowledged.

use std::io;
use std::path::{Path, PathBuf};

use super::group::{Builder, Entries, Entry, Frame, Head, SEGMENT_HEAD};
use super::index::{Index, Written};
use super::removed::Removed;
use super::scan::{self, Ending, Scanned};
use super::{segment, spare};
use crate::queue::OpenError;
use crate::queue::disk::{Disk, DiskFile};

/// An event that was found.
pub(in crate::queue) struct FoundEvent<'a> {
    pub(in crate::queue) position: u64,
    pub(in crate::queue) record: &'a [u8],
    /// The age of the queue when it was taken, in milliseconds.
    pub(in crate::queue) age: u64,
}

/// The log as it was left.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) file: Box<dyn DiskFile>,
    pub(super) number: u64,
    pub(super) end: u64,
    /// The next position.
    pub(super) next: u64,
    /// Of the last group: the age of the queue and the wall clock.
    pub(super) kept: Option<(u64, i64)>,
}

/// Reads every segment; shows each event that was taken to `each`. Ids of events up to
/// `known` are kept elsewhere: only those may be missing here.
pub(super) fn recover(
    disk: &dyn Disk,
    directory: &Path,
    segment_bytes: u64,
    known: u64,
    mut each: impl FnMut(FoundEvent<'_>),
) -> Result<Recovered, OpenError> {
    let unusable = |source| OpenError::Log {
        directory: directory.to_owned(),
        source,
    };
    disk.make_directory(directory).map_err(unusable)?;
    // The names of what is found may be as new as the directory, and must not be lost.
    for holder in [Some(directory), directory.parent()].into_iter().flatten() {
        disk.sync_directory(holder).map_err(unusable)?;
    }
    match disk.remove(&spare::path(directory)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
        _ => {}
    }
    let mut numbers = segment::numbers(disk, directory).map_err(unusable)?;
    let (removed, unused) = last_removed(disk, directory, &mut numbers)?;
    let Some(removed) = removed else {
        remove(disk, &unused).map_err(unusable)?;
        return begin(disk, directory, segment_bytes).map_err(unusable);
    };
    let mut recovery = Recovery {
        index: Index::default(),
        known,
        next: None,
        kept: None,
    };
    recovery.index.removed = removed;
    let (number, end) = recovery.take_in_all(disk, directory, &numbers, &mut each)?;
    remove(disk, &unused).map_err(unusable)?;
    let path = segment::path(directory, number);
    let file = segment::go_on(disk, &path, end, segment_bytes);
    Ok(Recovered {
        index: recovery.index,
        file: file.map_err(unusable)?,
        number,
        end,
        next: recovery.next.unwrap_or(1),
        kept: recovery.kept,
    })
}

/// What has left the queue: each segment begins with what had before. Last segments
/// without a beginning were never used; they are taken out of the numbers.
fn last_removed(
    disk: &dyn Disk,
    directory: &Path,
    numbers: &mut Vec<u64>,
) -> Result<(Option<Removed>, Vec<PathBuf>), OpenError> {
    let mut unused = Vec::new();
    while let Some(number) = numbers.last() {
        // What is found may only be in memory yet, and is about to be believed.
        let synced = segment::sync(disk, &segment::path(directory, *number));
        synced.map_err(|source| OpenError::Log {
            directory: directory.to_owned(),
            source,
        })?;
        let file = SegmentFile::load(disk, directory, *number)?;
        let mut removed = Removed::default();
        let scanned = file.scan(|_, entries| {
            for entry in entries {
                if let Entry::Removed(ranges) = entry.ok()? {
                    for range in ranges {
                        removed.insert(range);
                    }
                }
            }
            Some(())
        })?;
        if scanned.end > SEGMENT_HEAD.len() {
            return Ok((Some(removed), unused));
        }
        unused.push(file.path);
        numbers.pop();
    }
    Ok((None, unused))
}

fn remove(disk: &dyn Disk, unused: &[PathBuf]) -> io::Result<()> {
    unused.iter().try_for_each(|path| disk.remove(path))
}

/// The first segment of a queue that is new.
fn begin(disk: &dyn Disk, directory: &Path, segment_bytes: u64) -> io::Result<Recovered> {
    let (number, next) = (1, 1);
    let mut index = Index::default();
    index.removed.insert(0..next);
    let beginning = beginning(&index.removed, number, next, (0, 0));
    let file = segment::create(disk, directory, number, &beginning, segment_bytes, None)?;
    let end = beginning.len() as u64;
    index.begin_segment(number, next);
    index.add(Written::nothing(end, next));
    Ok(Recovered {
        index,
        file,
        number,
        end,
        next,
        kept: None,
    })
}

/// What a segment begins with: its head, and a group with all that has left the queue,
/// so that earlier segments are not needed to know it.
pub(super) fn beginning(
    removed: &Removed,
    segment: u64,
    next: u64,
    (age, wall): (u64, i64),
) -> Vec<u8> {
    let mut builder = Builder::default();
    builder.removed(&removed.all());
    let group = builder.finish(&Frame {
        segment,
        offset: SEGMENT_HEAD.len() as u64,
        synced: 0,
        first: next,
        age,
        wall,
    });
    [SEGMENT_HEAD, group].concat()
}

/// A segment in memory.
struct SegmentFile {
    path: PathBuf,
    number: u64,
    bytes: Vec<u8>,
}

impl SegmentFile {
    fn load(disk: &dyn Disk, directory: &Path, number: u64) -> Result<Self, OpenError> {
        let path = segment::path(directory, number);
        let bytes = segment::load(disk, &path).map_err(|source| OpenError::Log {
            directory: directory.to_owned(),
            source,
        })?;
        Ok(Self {
            path,
            number,
            bytes,
        })
    }

    fn scan<'a>(
        &'a self,
        each: impl FnMut(&Head, Entries<'a>) -> Option<()>,
    ) -> Result<Scanned, OpenError> {
        scan::scan(&self.bytes, self.number, each).map_err(|damaged| self.damaged(damaged.offset))
    }

    fn damaged(&self, offset: usize) -> OpenError {
        OpenError::Damaged {
            file: self.path.clone(),
            offset: offset as u64,
        }
    }
}

struct Recovery {
    index: Index,
    known: u64,
    next: Option<u64>,
    kept: Option<(u64, i64)>,
}

impl Recovery {
    /// Takes in all segments; says which is the last one, and where its groups end.
    fn take_in_all(
        &mut self,
        disk: &dyn Disk,
        directory: &Path,
        numbers: &[u64],
        each: &mut impl FnMut(FoundEvent<'_>),
    ) -> Result<(u64, u64), OpenError> {
        let missing = || OpenError::Missing {
            directory: directory.to_owned(),
        };
        let (mut number, mut end, mut ending) = (0, 0, Ending::Sealed);
        for next in numbers {
            let file = SegmentFile::load(disk, directory, *next)?;
            // The last one may have been cut while it was written. The others were left
            // in good order.
            if ending == Ending::Open {
                return Err(SegmentFile::load(disk, directory, number)?.damaged(end));
            }
            let is_next = number > 0 && number + 1 == *next;
            let scanned = self.take_in(&file, is_next, each)?.ok_or_else(missing)?;
            (number, end) = (*next, scanned.end);
            // Behind the seal of one that another follows stands that it does, and nothing
            // else. It is not waited for, so it may have been cut.
            let is_cut = scanned.is_torn && scanned.ending != Ending::Sealed;
            ending = if is_cut { Ending::Open } else { scanned.ending };
            if scanned.is_torn && numbers.last() == Some(next) {
                tracing::warn!(
                    file = %file.path.display(),
                    bytes = file.bytes.len() - scanned.end,
                    "the last write to the queue was cut; nobody was told that it had succeeded"
                );
            }
        }
        if ending == Ending::Continued {
            return Err(missing());
        }
        Ok((number, end as u64))
    }

    /// Takes in a segment; `is_next` when the one before it is there too, so that no
    /// position can be missing between them. None when events are missing before it.
    fn take_in(
        &mut self,
        file: &SegmentFile,
        is_next: bool,
        each: &mut impl FnMut(FoundEvent<'_>),
    ) -> Result<Option<Scanned>, OpenError> {
        let (mut is_begun, mut is_missing) = (false, false);
        let mut offset = SEGMENT_HEAD.len() as u64;
        let scanned = file.scan(|head, entries| {
            let frame = head.frame;
            if !is_begun {
                is_missing = self.is_missing(frame.first);
                self.begin_segment(frame, is_next)?;
                is_begun = true;
            }
            if is_missing || self.next != Some(frame.first) {
                return None;
            }
            self.take_in_group(frame, offset, head.length(), entries, each)?;
            offset += head.length() as u64;
            Some(())
        });
        if is_missing {
            return Ok(None);
        }
        scanned.map(Some)
    }

    /// Whether of the positions before a segment's first one some are not here and
    /// should be: only segments go that nobody needs.
    fn is_missing(&self, first: u64) -> bool {
        let before = self.next.unwrap_or(0);
        let have_left = self.index.removed.first_left(before) >= first;
        first > before && !(have_left && first <= self.known.saturating_add(1))
    }

    fn begin_segment(&mut self, frame: Frame, is_next: bool) -> Option<()> {
        let before = self.next.unwrap_or(0);
        if frame.first < before || (is_next && frame.first != before) {
            return None;
        }
        self.next = Some(frame.first);
        self.index.begin_segment(frame.segment, frame.first);
        Some(())
    }

    fn take_in_group(
        &mut self,
        frame: Frame,
        offset: u64,
        length: usize,
        entries: Entries<'_>,
        each: &mut impl FnMut(FoundEvent<'_>),
    ) -> Option<()> {
        let mut group = Written {
            offset,
            end: offset + length as u64,
            wall: frame.wall,
            ..Written::nothing(0, frame.first)
        };
        for entry in entries {
            let (record, is_new) = match entry.ok()? {
                Entry::Event(record) => (record, true),
                Entry::Again(record) => (record, false),
                Entry::Removed(_) | Entry::Continued => continue,
            };
            let position = frame.first + group.events;
            group.events += 1;
            if !self.index.removed.contains(position) {
                group.waiting += 1;
                group.bytes += record.len() as u64;
            }
            if is_new {
                each(FoundEvent {
                    position,
                    record,
                    age: frame.age,
                });
            }
        }
        self.index.add(group);
        self.next = Some(frame.first + group.events);
        self.kept = Some((frame.age, frame.wall));
        Some(())
    }
}
