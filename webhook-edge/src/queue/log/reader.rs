//! Reads what waits, from the head of the queue or from any position on.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};

use super::group::{Entry, GROUP_HEAD, Head};
use super::index::{Index, Place};
use super::segment;
use crate::queue::disk::{Disk, DiskFile};
use crate::queue::{Position, ReadError};

/// So much is read at once; a group that is longer is read whole.
const CHUNK: u64 = 256 * 1024;

/// Reads; any number of readers read beside the one writer.
pub(in crate::queue) struct Reader {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) directory: PathBuf,
    pub(super) index: Arc<Mutex<Index>>,
    /// Where the last read ended, so that the next one need not look for its place.
    pub(super) last: Mutex<Option<Place>>,
}

/// A record that waits.
pub(in crate::queue) struct Waiting {
    pub(in crate::queue) position: Position,
    pub(in crate::queue) record: Bytes,
}

/// How much to read.
#[derive(Debug, Clone, Copy)]
pub(in crate::queue) struct Wanted {
    pub(in crate::queue) events: usize,
    pub(in crate::queue) bytes: usize,
}

impl Reader {
    /// What waits from a position on: at most so many events, and no more than reach
    /// so many bytes, but always one.
    pub(in crate::queue) fn read(
        &self,
        from: u64,
        wanted: Wanted,
    ) -> Result<Vec<Waiting>, ReadError> {
        let mut found = Found {
            waiting: Vec::new(),
            left: wanted,
        };
        let mut place = self.place(from);
        while let Some(at) = place {
            let file = self.disk.open(&segment::path(&self.directory, at.number));
            let file = match file {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    place = self.place(at.position);
                    if place.is_some_and(|now| now.number == at.number) {
                        return Err(ReadError::Missing { segment: at.number });
                    }
                    // All that was in it has been removed since the look at the index.
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match self.read_segment(&*file, at, &mut found)? {
                Some(next) => place = self.place(next),
                None => break,
            }
        }
        Ok(found.waiting)
    }

    /// The record at a position, if it waits.
    pub(in crate::queue) fn get(&self, position: u64) -> Result<Option<Bytes>, ReadError> {
        let one = Wanted {
            events: 1,
            bytes: 0,
        };
        let first = self.read(position, one)?.into_iter().next();
        Ok(first
            .filter(|first| first.position.0 == position)
            .map(|first| first.record))
    }

    /// Reads to the end of the segment, and says with which position to go on; with
    /// none when all that was wanted is found.
    fn read_segment(
        &self,
        file: &dyn DiskFile,
        mut at: Place,
        found: &mut Found,
    ) -> Result<Option<u64>, ReadError> {
        while at.offset < at.end {
            let chunk = read_chunk(file, at, CHUNK)?;
            let mut used = 0;
            while let Some(head) = chunk.get(used..).and_then(Head::read)
                && let Some(entries) = head.entries(&chunk[used..])
            {
                let mut position = head.frame.first;
                for entry in entries {
                    let entry = entry.map_err(|_| damaged(at, used))?;
                    let (Entry::Event(record) | Entry::Again(record)) = entry else {
                        continue;
                    };
                    if position >= at.position && !self.index().removed.contains(position) {
                        if !found.take(position, chunk.slice_ref(record)) {
                            self.remember(Place {
                                position,
                                offset: at.offset + used as u64,
                                ..at
                            });
                            return Ok(None);
                        }
                        at.position = position + 1;
                    }
                    position += 1;
                }
                used += head.length();
                at.position = at.position.max(position);
            }
            if used == 0 {
                return Err(damaged(at, 0));
            }
            at.offset += used as u64;
        }
        self.remember(at);
        Ok(Some(at.position))
    }

    /// Where to begin: where the last read ended, if it goes on there.
    fn place(&self, from: u64) -> Option<Place> {
        let place = self.index().place(from)?;
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = |last: &Place| {
            last.number == place.number
                && last.position == place.position
                && last.offset < place.end
        };
        let offset = last
            .filter(is_there)
            .map_or(place.offset, |last| last.offset);
        Some(Place { offset, ..place })
    }

    fn remember(&self, place: Place) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    fn index(&self) -> std::sync::MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Found {
    waiting: Vec<Waiting>,
    left: Wanted,
}

impl Found {
    /// Takes a record, or says that it is one too many.
    fn take(&mut self, position: u64, record: Bytes) -> bool {
        let is_first = self.waiting.is_empty();
        if self.left.events == 0 || (self.left.bytes < record.len() && !is_first) {
            return false;
        }
        self.left.events -= 1;
        self.left.bytes = self.left.bytes.saturating_sub(record.len());
        self.waiting.push(Waiting {
            position: Position(position),
            record,
        });
        true
    }
}

/// Bytes from a place on: a chunk, or one group if that is longer.
fn read_chunk(file: &dyn DiskFile, at: Place, chunk: u64) -> Result<Bytes, ReadError> {
    let read = |length: u64| {
        let length = usize::try_from(length.min(at.end - at.offset)).unwrap_or(usize::MAX);
        let mut bytes = BytesMut::zeroed(length);
        file.read_exact_at(&mut bytes, at.offset)?;
        Ok::<_, io::Error>(bytes.freeze())
    };
    let bytes = read(chunk)?;
    let head = bytes.get(..GROUP_HEAD).and_then(Head::read);
    match head {
        Some(head) if head.length() > bytes.len() => Ok(read(head.length() as u64)?),
        _ => Ok(bytes),
    }
}

fn damaged(at: Place, used: usize) -> ReadError {
    ReadError::Damaged {
        segment: at.number,
        offset: at.offset + used as u64,
    }
}
