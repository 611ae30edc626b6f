//! What a write that was cut can leave behind. Pure.
//!
//! The room for a group was zeros. A disk puts sectors there, each whole or not at all
//! and in any order; a system call that is stopped has put the beginning there. So
//! whatever a cut write lacks is zeros: a sector, or everything from a byte on. What is
//! not a whole group and lacks neither was whole once, and may have been acknowledged.

use super::group::{GROUP_HEAD, Head};

/// The least that a disk writes at once.
const SECTOR: usize = 512;

/// Whether what stands at `offset` can be a group whose write was cut; `head` is its
/// head if that is there.
pub(super) fn may_be_cut(bytes: &[u8], offset: usize, head: Option<&Head>) -> bool {
    let Some(head) = head else {
        return lacks_part(bytes, offset, GROUP_HEAD);
    };
    // A group ends with a byte that is not zero.
    let last = offset + head.length() - 1;
    is_nothing(bytes, last, 1) || lacks_sector(bytes, offset, head.length())
}

/// Whether the first `length` bytes of what was written at `offset`, which are not as
/// they should be, lack something, or all that came behind them is missing.
pub(super) fn lacks_part(bytes: &[u8], offset: usize, length: usize) -> bool {
    let behind = offset + length;
    is_nothing(bytes, behind, usize::MAX) || lacks_sector(bytes, offset, length)
}

/// Whether one of the sectors that these bytes are in never came.
fn lacks_sector(bytes: &[u8], offset: usize, length: usize) -> bool {
    let end = (offset + length).min(bytes.len() + SECTOR);
    let mut from = offset;
    while from < end {
        let until_next = SECTOR - from % SECTOR;
        if is_nothing(bytes, from, until_next) {
            return true;
        }
        from += until_next;
    }
    false
}

/// Whether there are zeros alone, or nothing.
fn is_nothing(bytes: &[u8], from: usize, length: usize) -> bool {
    let behind = bytes.get(from..).unwrap_or_default();
    behind.iter().take(length).all(|byte| *byte == 0)
}
