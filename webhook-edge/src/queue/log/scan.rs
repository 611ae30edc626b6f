//! Which groups a segment holds, and whether what follows them is a write that was
//! cut or damage. Pure.

use super::cut;
use super::group::{Entries, Entry, Head, MAGIC, SEGMENT_HEAD};

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Its groups end here.
    pub end: usize,
    /// What the last of them says.
    pub ending: Ending,
    /// Whether anything but zeros follows, which is a write that was cut.
    pub is_torn: bool,
}

/// How a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// More was to be written.
    Open,
    /// All of it was on disk, and nothing was on its way.
    Sealed,
    /// The same, and the next segment was on disk.
    Continued,
}

/// Something that was on disk for certain cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged {
    /// Where.
    pub offset: usize,
}

/// Shows every group of the segment with this number to `each`, in their order, and
/// stops before the first that is not whole.
///
/// # Errors
/// [`Damaged`] when what is not whole cannot be a write that was cut, or was on disk
/// by the word of a later group, or the segment is none, or `each` cannot use a group.
pub fn scan<'a>(
    bytes: &'a [u8],
    segment: u64,
    mut each: impl FnMut(&Head, Entries<'a>) -> Option<()>,
) -> Result<Scanned, Damaged> {
    if !bytes.starts_with(SEGMENT_HEAD) {
        return unbegun(bytes, segment);
    }
    let mut end = SEGMENT_HEAD.len();
    let mut ending = Ending::Open;
    while let Some((head, entries)) = group_at(bytes, end, segment) {
        ending = ending_of(entries.clone());
        each(&head, entries).ok_or(Damaged { offset: end })?;
        end += head.length();
    }
    let is_torn = has_more(bytes, end);
    let head = head_at(bytes, end, segment);
    if is_torn && !cut::may_be_cut(bytes, end, head.as_ref()) {
        return Err(Damaged { offset: end });
    }
    refuse_if_synced(bytes, segment, end)?;
    Ok(Scanned {
        end,
        ending,
        is_torn,
    })
}

/// A segment without its head: one that was being made.
fn unbegun(bytes: &[u8], segment: u64) -> Result<Scanned, Damaged> {
    let is_torn = has_more(bytes, 0);
    if is_torn && !cut::lacks_part(bytes, 0, SEGMENT_HEAD.len()) {
        return Err(Damaged { offset: 0 });
    }
    refuse_if_synced(bytes, segment, 0)?;
    Ok(Scanned {
        end: 0,
        ending: Ending::Open,
        is_torn,
    })
}

fn has_more(bytes: &[u8], end: usize) -> bool {
    let rest = bytes.get(end..).unwrap_or_default();
    rest.iter().any(|byte| *byte != 0)
}

fn ending_of(mut entries: Entries<'_>) -> Ending {
    match entries.next() {
        None => Ending::Sealed,
        Some(Ok(Entry::Continued)) => Ending::Continued,
        Some(_) => Ending::Open,
    }
}

fn group_at(bytes: &[u8], offset: usize, segment: u64) -> Option<(Head, Entries<'_>)> {
    let head = head_at(bytes, offset, segment)?;
    Some((head, head.whole(bytes.get(offset..)?)?))
}

/// The head of a group that was written here and nowhere else.
fn head_at(bytes: &[u8], offset: usize, segment: u64) -> Option<Head> {
    let head = Head::read(bytes.get(offset..)?)?;
    let is_here = head.frame.segment == segment && head.frame.offset == offset as u64;
    is_here.then_some(head)
}

/// Looks for a group behind `end` that was written when what stood at `end` was on
/// disk: then its loss is not that of a write that nobody was told of.
fn refuse_if_synced(bytes: &[u8], segment: u64, end: usize) -> Result<(), Damaged> {
    let mut offset = end;
    while let Some(rest) = bytes.get(offset..) {
        let Some(found) = rest.windows(MAGIC.len()).position(|four| four == MAGIC) else {
            break;
        };
        offset += found;
        let head = head_at(bytes, offset, segment);
        if head.is_some_and(|head| head.frame.synced > end as u64) {
            return Err(Damaged { offset: end });
        }
        offset += 1;
    }
    Ok(())
}
