//! Which groups a segment holds, and whether what follows them is a write that was
//! cut or damage. Pure.

use super::group::{Entries, Head, MAGIC, SEGMENT_HEAD};

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Its groups end here.
    pub end: usize,
    /// The last of them is empty: nothing was to be written after it.
    pub is_sealed: bool,
    /// Whether anything but zeros follows, which is a write that was cut.
    pub is_torn: bool,
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
/// [`Damaged`] when a later group says that the one that is not whole was on disk, or
/// the segment is none, or `each` cannot use a group.
pub fn scan<'a>(
    bytes: &'a [u8],
    segment: u64,
    mut each: impl FnMut(&Head, Entries<'a>) -> Option<()>,
) -> Result<Scanned, Damaged> {
    let mut end = SEGMENT_HEAD.len();
    let mut is_sealed = false;
    if !bytes.starts_with(SEGMENT_HEAD) {
        refuse_if_synced(bytes, segment, 0)?;
        let is_torn = bytes.iter().any(|byte| *byte != 0);
        return Ok(Scanned {
            end: 0,
            is_sealed,
            is_torn,
        });
    }
    while let Some((head, entries)) = group_at(bytes, end, segment) {
        is_sealed = head.body == 0;
        each(&head, entries).ok_or(Damaged { offset: end })?;
        end += head.length();
    }
    refuse_if_synced(bytes, segment, end)?;
    let rest = bytes.get(end..).unwrap_or_default();
    Ok(Scanned {
        end,
        is_sealed,
        is_torn: rest.iter().any(|byte| *byte != 0),
    })
}

fn group_at(bytes: &[u8], offset: usize, segment: u64) -> Option<(Head, Entries<'_>)> {
    let bytes = bytes.get(offset..)?;
    let head = head_at(bytes, offset, segment)?;
    Some((head, head.whole(bytes)?))
}

/// The head of a group that was written here and nowhere else.
fn head_at(bytes: &[u8], offset: usize, segment: u64) -> Option<Head> {
    let head = Head::read(bytes)?;
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
        let head = head_at(&bytes[offset..], offset, segment);
        if head.is_some_and(|head| head.frame.synced > end as u64) {
            return Err(Damaged { offset: end });
        }
        offset += 1;
    }
    Ok(())
}
