//! The log: records of events in files that are only ever written to at their end.
//!
//! One write and one fsync for a group. What has left the queue is written with the
//! next group and needs no fsync of its own: if it is lost, the service is told again
//! of events that it knows. A segment goes when nothing in it waits and the ids in it
//! are kept elsewhere. In memory are the segments and the holes between what waits,
//! never the events.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use service_kit::failpoints;

mod cut;
pub mod group;
mod index;
mod reader;
mod recovery;
mod removed;
pub mod scan;
mod segment;
mod spare;

use group::{Builder, Frame};
use index::{Index, Written};
pub(super) use reader::{Reader, Waiting, Wanted};
pub(super) use recovery::FoundEvent;
use spare::Spare;

use super::OpenError;
use super::disk::{Disk, DiskFile};
use super::ground::Ground;

/// Writes the log; there is one.
pub(super) struct Log {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    segment_bytes: u64,
    index: Arc<Mutex<Index>>,
    file: Box<dyn DiskFile>,
    number: u64,
    /// The groups of the segment end here, and so much of it is on disk for certain.
    end: u64,
    synced: u64,
    /// What the next segment will be made of.
    spare: Spare,
    /// The next position.
    next: u64,
    group: Builder,
    /// Of the group that is being put together.
    events: u64,
    event_bytes: u64,
    removed: Vec<Range<u64>>,
}

/// When a group is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The age of the queue, in milliseconds.
    pub(super) age: u64,
    /// The wall clock, in milliseconds.
    pub(super) wall: i64,
}

impl Log {
    /// Opens the log in a directory, made where there is none. Shows every event that
    /// is in it to `each`; says what the last group knew of the time. Ids of events up
    /// to `known` are kept elsewhere.
    pub(super) fn open(
        ground: &Ground,
        directory: &Path,
        segment_bytes: u64,
        known: u64,
        each: impl FnMut(FoundEvent<'_>),
    ) -> Result<(Self, Option<Moment>), OpenError> {
        let found = recovery::recover(&*ground.disk, directory, segment_bytes, known, each)?;
        let kept = found.kept.map(|(age, wall)| Moment { age, wall });
        let log = Self {
            disk: Arc::clone(&ground.disk),
            directory: directory.to_owned(),
            segment_bytes,
            index: Arc::new(Mutex::new(found.index)),
            file: found.file,
            number: found.number,
            end: found.end,
            synced: found.end,
            spare: Spare::new(Arc::clone(&ground.disk), ground.has_threads()),
            next: found.next,
            group: Builder::default(),
            events: 0,
            event_bytes: 0,
            removed: Vec::new(),
        };
        Ok((log, kept))
    }

    pub(super) fn reader(&self) -> Reader {
        Reader {
            disk: Arc::clone(&self.disk),
            directory: self.directory.clone(),
            index: Arc::clone(&self.index),
            last: Mutex::default(),
        }
    }

    /// The last position that was given.
    pub(super) fn last(&self) -> u64 {
        self.next - 1
    }

    /// Events that wait and the size of their records, those of this group included.
    pub(super) fn load(&self) -> (u64, u64) {
        let index = self.index();
        (
            index.depth() + self.events,
            index.bytes() + self.event_bytes,
        )
    }

    /// Since when the first event waits, in milliseconds; within a second.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.index().oldest()
    }

    /// Adds an event to the group, and says where it will be.
    pub(super) fn push(&mut self, record: &[u8], is_new: bool) -> u64 {
        self.group.event(record, is_new);
        self.events += 1;
        self.event_bytes += record.len() as u64;
        self.next += 1;
        self.last()
    }

    /// Lets events go, given with the size of their records; at once for those who
    /// read, on disk with the group.
    pub(super) fn remove(&mut self, events: impl IntoIterator<Item = (u64, u64)>) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        for (position, bytes) in events {
            if !index.remove(position, bytes) {
                continue;
            }
            match self.removed.last_mut() {
                Some(range) if range.end == position => range.end += 1,
                _ => self.removed.push(position..position + 1),
            }
        }
    }

    /// Whether the group changes nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.events == 0 && self.removed.is_empty()
    }

    /// How long the group is so far.
    pub(super) fn group_length(&self) -> usize {
        self.group.length()
    }

    /// Writes the group, and waits for the disk where `durable` says so.
    pub(super) fn commit(&mut self, moment: Moment, durable: bool) -> io::Result<()> {
        failpoints::reached("queue.append");
        failpoints::error("queue.commit")?;
        if !self.removed.is_empty() {
            self.group.removed(&self.removed);
        }
        let offset = self.end;
        let first = self.next - self.events;
        self.write(first, moment)?;
        if durable {
            self.sync()?;
        }
        failpoints::reached(if durable {
            "queue.synced"
        } else {
            "queue.removed"
        });
        self.index().add(Written {
            offset,
            end: self.end,
            first,
            events: self.events,
            waiting: self.events,
            bytes: self.event_bytes,
            wall: moment.wall,
        });
        (self.events, self.event_bytes) = (0, 0);
        self.removed.clear();
        if self.end >= self.segment_bytes {
            self.begin_segment(moment)?;
        } else if self.end >= self.segment_bytes / 4 {
            self.spare.prepare(&self.directory, self.segment_bytes);
        }
        Ok(())
    }

    /// Removes the segments that nobody needs; ids up to `known` are kept elsewhere.
    pub(super) fn clean_up(&mut self, known: u64) -> io::Result<()> {
        let empty = self.index().take_empty(known);
        // That all in them has left must outlive the machine as long as they are gone.
        if !empty.is_empty() && self.synced < self.end {
            self.sync()?;
        }
        for number in empty {
            self.disk.remove(&segment::path(&self.directory, number))?;
        }
        Ok(())
    }

    /// Writes that nothing follows: all that is here was on disk, and damage to it
    /// cannot be mistaken for a write that was cut.
    pub(super) fn seal(&mut self, moment: Moment) -> io::Result<()> {
        self.sync()?;
        self.group.clear();
        self.write(self.next, moment)?;
        self.sync()
    }

    fn begin_segment(&mut self, moment: Moment) -> io::Result<()> {
        self.seal(moment)?;
        let number = self.number + 1;
        let (age, wall) = (moment.age, moment.wall);
        let beginning = recovery::beginning(&self.index().removed, number, self.next, (age, wall));
        let (spare, bytes) = (self.spare.take(), self.segment_bytes);
        let made = segment::create(
            &*self.disk,
            &self.directory,
            number,
            &beginning,
            bytes,
            spare,
        );
        let file = match made {
            // This one grows until there is room for another.
            Err(error) if segment::is_full(&error) => {
                self.index().add(Written::nothing(self.end, self.next));
                return Ok(());
            }
            made => made?,
        };
        failpoints::reached("queue.segment");
        // From now on the next one must be there.
        self.group.continued();
        self.write(self.next, moment)?;
        // The room behind its end is for others.
        self.file.set_len(self.end)?;
        self.file = file;
        self.number = number;
        self.end = beginning.len() as u64;
        self.synced = self.end;
        let mut index = self.index();
        index.begin_segment(number, self.next);
        index.add(Written::nothing(self.end, self.next));
        Ok(())
    }

    fn write(&mut self, first: u64, moment: Moment) -> io::Result<()> {
        let group = self.group.finish(&Frame {
            segment: self.number,
            offset: self.end,
            synced: self.synced,
            first,
            age: moment.age,
            wall: moment.wall,
        });
        self.file.write_all_at(group, self.end)?;
        self.end += group.len() as u64;
        self.group.clear();
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.synced = self.end;
        Ok(())
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
