//! Which positions have left the queue: all before the head, and ranges behind it.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of positions. Costs as much as it has holes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Removed {
    head: u64,
    /// Beginning and end of ranges behind the head that neither meet nor overlap.
    ranges: BTreeMap<u64, u64>,
}

impl Removed {
    /// The first position that is not in it.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    pub(super) fn contains(&self, position: u64) -> bool {
        position < self.head || self.range_at(position).is_some()
    }

    /// The first position from this one on that is not in it.
    pub(super) fn first_left(&self, from: u64) -> u64 {
        let from = from.max(self.head);
        self.range_at(from).map_or(from, |range| range.end)
    }

    /// Takes in a range that is not empty.
    pub(super) fn insert(&mut self, range: Range<u64>) {
        let mut range = range.start.max(self.head)..range.end;
        if range.is_empty() {
            return;
        }
        // Those that it meets or overlaps become one with it.
        while let Some((&start, &end)) = self.ranges.range(..=range.end).next_back()
            && end >= range.start
        {
            range = range.start.min(start)..range.end.max(end);
            self.ranges.remove(&start);
        }
        if range.start == self.head {
            self.head = range.end;
        } else {
            self.ranges.insert(range.start, range.end);
        }
    }

    /// All of it, as ranges.
    pub(super) fn all(&self) -> Vec<Range<u64>> {
        let before = Some(0..self.head).filter(|range| !range.is_empty());
        let behind = self.ranges.iter().map(|(start, end)| *start..*end);
        before.into_iter().chain(behind).collect()
    }

    fn range_at(&self, position: u64) -> Option<Range<u64>> {
        let (start, end) = self.ranges.range(..=position).next_back()?;
        (position < *end).then_some(*start..*end)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_set_of_what_was_put_in(
            ranges in proptest::collection::vec((0..60_u64, 1..8_u64), 0..30)
        ) {
            let (mut removed, mut model) = (Removed::default(), BTreeSet::new());
            for (start, length) in ranges {
                removed.insert(start..start + length);
                model.extend(start..start + length);
                for position in 0..80 {
                    prop_assert_eq!(removed.contains(position), model.contains(&position));
                    let left = (position..999).find(|position| !model.contains(position));
                    prop_assert_eq!(Some(removed.first_left(position)), left);
                }
                prop_assert_eq!(Some(removed.head()), (0..999).find(|one| !model.contains(one)));
            }
            let mut again = Removed::default();
            removed.all().into_iter().for_each(|range| again.insert(range));
            prop_assert_eq!(again, removed);
        }
    }
}
