//! What is known of the log without reading it: little, whatever waits.

use std::collections::VecDeque;
use std::ops::Range;

use super::removed::Removed;

/// So far apart are the places in a segment that are remembered.
const PLACES_APART: u64 = 256 * 1024;
/// So far apart, in milliseconds, are the times that are remembered.
const TIMES_APART: u64 = 1000;

/// The segments, and what has left them.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) removed: Removed,
    segments: VecDeque<Segment>,
    /// The first position that cannot be read yet.
    next: u64,
    depth: u64,
    bytes: u64,
    /// Since when a position and those after it wait, one for each second at most.
    times: VecDeque<(u64, i64)>,
}

/// One segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    /// The positions of its events.
    pub(super) positions: Range<u64>,
    /// Its groups end here.
    pub(super) end: u64,
    waiting: u64,
    /// Positions, and where the groups that begin with them are.
    places: Vec<(u64, u64)>,
}

/// A group that can be read from now on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) offset: u64,
    pub(super) end: u64,
    /// The position of the first of its events, and how many there are.
    pub(super) first: u64,
    pub(super) events: u64,
    /// How many of them wait, and the size of their records.
    pub(super) waiting: u64,
    pub(super) bytes: u64,
    pub(super) wall: i64,
}

/// Where to read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) position: u64,
    pub(super) number: u64,
    pub(super) offset: u64,
    /// No group of the segment that can be read goes beyond this.
    pub(super) end: u64,
}

impl Written {
    /// A group without events.
    pub(super) fn nothing(end: u64, next: u64) -> Self {
        Self {
            offset: 0,
            end,
            first: next,
            events: 0,
            waiting: 0,
            bytes: 0,
            wall: 0,
        }
    }
}

impl Index {
    pub(super) fn begin_segment(&mut self, number: u64, first: u64) {
        self.segments.push_back(Segment {
            number,
            positions: first..first,
            end: 0,
            waiting: 0,
            places: Vec::new(),
        });
    }

    /// Takes in a group of the last segment.
    pub(super) fn add(&mut self, group: Written) {
        let Some(segment) = self.segments.back_mut() else {
            return;
        };
        segment.end = group.end;
        self.next = group.first + group.events;
        if group.events == 0 {
            return;
        }
        segment.positions.end = self.next;
        segment.waiting += group.waiting;
        let last = segment.places.last();
        if last.is_none_or(|(_, offset)| group.offset - offset >= PLACES_APART) {
            segment.places.push((group.first, group.offset));
        }
        self.depth += group.waiting;
        self.bytes += group.bytes;
        let last = self.times.back();
        if last.is_none_or(|(_, wall)| wall.abs_diff(group.wall) >= TIMES_APART) {
            self.times.push_back((group.first, group.wall));
        }
        self.forget_times();
    }

    /// Lets an event go; says whether it waited.
    pub(super) fn remove(&mut self, position: u64, bytes: u64) -> bool {
        if position >= self.next || self.removed.contains(position) {
            return false;
        }
        let index = self.segment_of(position);
        if let Some(segment) = self.segments.get_mut(index) {
            segment.waiting = segment.waiting.saturating_sub(1);
        }
        self.depth = self.depth.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.removed.insert(position..position + 1);
        self.forget_times();
        true
    }

    /// Takes segments out that nobody needs: nothing in them waits, and `is_known`
    /// says of their last position that ids up to there are kept elsewhere.
    pub(super) fn take_empty(&mut self, known: u64) -> Vec<u64> {
        let mut empty = Vec::new();
        let last = self.segments.back().map(|segment| segment.number);
        self.segments.retain(|segment| {
            let is_needed = segment.waiting > 0
                || segment.positions.end > known.saturating_add(1)
                || Some(segment.number) == last;
            if !is_needed {
                empty.push(segment.number);
            }
            is_needed
        });
        empty
    }

    /// Where the first event that waits from `from` on is, or before it.
    pub(super) fn place(&self, from: u64) -> Option<Place> {
        let position = self.removed.first_left(from);
        if position >= self.next {
            return None;
        }
        let segment = self.segments.get(self.segment_of(position))?;
        let before = segment
            .places
            .partition_point(|(first, _)| *first <= position);
        let (_, offset) = segment.places.get(before.checked_sub(1)?)?;
        Some(Place {
            position,
            number: segment.number,
            offset: *offset,
            end: segment.end,
        })
    }

    pub(super) fn depth(&self) -> u64 {
        self.depth
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Since when the first event waits, in milliseconds; within a second.
    pub(super) fn oldest(&self) -> Option<i64> {
        let (_, wall) = self.times.front().filter(|_| self.depth > 0)?;
        Some(*wall)
    }

    /// The segment that holds a position, or would.
    fn segment_of(&self, position: u64) -> usize {
        let after = |segment: &Segment| segment.positions.start <= position;
        self.segments.partition_point(after).saturating_sub(1)
    }

    fn forget_times(&mut self) {
        let head = self.removed.head();
        while self.times.get(1).is_some_and(|(first, _)| *first <= head) {
            self.times.pop_front();
        }
        if head >= self.next {
            self.times.clear();
        }
    }
}
