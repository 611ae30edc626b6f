//! How much strangers can make the edge hold before their signature is checked.
//!
//! Bodies are charged as they arrive, so that a sender who stalls costs what it has
//! sent and no more, and thousands of them keep nobody out. The first part of each
//! body has a share of its own: whoever fills the other with large bodies leaves
//! room for webhooks of the usual size, and one address alone has too few
//! connections to fill that share.

use tokio::sync::{Semaphore, SemaphorePermit};

/// What is charged at once, in bytes.
const UNIT: usize = 1024;
/// How much of each body is charged to the first share, in units. Webhooks are
/// mostly smaller.
const FIRST: usize = 64;
/// Each share, in units: 128 MiB.
const SHARE: usize = 128 * 1024;

/// Room for bodies.
#[derive(Debug)]
pub struct Memory {
    first: Semaphore,
    rest: Semaphore,
}

/// One body's part of the room, given back when it is dropped.
#[derive(Debug)]
pub struct Held<'a> {
    memory: &'a Memory,
    first: Option<SemaphorePermit<'a>>,
    rest: Option<SemaphorePermit<'a>>,
}

/// There is no room left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Default for Memory {
    fn default() -> Self {
        Self::of(SHARE)
    }
}

impl Memory {
    /// Shares of so many KiB.
    pub(crate) fn of(share: usize) -> Self {
        Self {
            first: Semaphore::new(share),
            rest: Semaphore::new(share),
        }
    }

    /// Nothing yet.
    #[must_use]
    pub fn hold(&self) -> Held<'_> {
        Held {
            memory: self,
            first: None,
            rest: None,
        }
    }
}

impl Held<'_> {
    /// Makes the part large enough for `bytes` in all.
    ///
    /// # Errors
    /// [`Full`] when others hold too much.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Full> {
        let units = bytes.div_ceil(UNIT);
        grow(&mut self.first, &self.memory.first, units.min(FIRST))?;
        grow(
            &mut self.rest,
            &self.memory.rest,
            units.saturating_sub(FIRST),
        )
    }
}

fn grow<'a>(
    held: &mut Option<SemaphorePermit<'a>>,
    share: &'a Semaphore,
    wanted: usize,
) -> Result<(), Full> {
    let has = held.as_ref().map_or(0, SemaphorePermit::num_permits);
    let Some(more) = wanted.checked_sub(has).filter(|more| *more > 0) else {
        return Ok(());
    };
    let more = u32::try_from(more).map_err(|_| Full)?;
    let permit = share.try_acquire_many(more).map_err(|_| Full)?;
    match held {
        Some(held) => held.merge(permit),
        None => *held = Some(permit),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Full, Memory};

    const KIB: usize = 1024;

    #[test]
    fn large_bodies_leave_room_for_small_ones_and_give_theirs_back() {
        let memory = Memory::of(1000);
        let mut large = memory.hold();
        large.grow_to(1024 * KIB).unwrap();
        let mut second = memory.hold();
        assert_eq!(second.grow_to(500 * KIB), Err(Full));
        let mut small = memory.hold();
        small.grow_to(1).unwrap();
        small.grow_to(64 * KIB).unwrap();
        drop(large);
        drop(second);
        assert_eq!(memory.hold().grow_to(1024 * KIB), Ok(()));
    }

    #[test]
    fn what_has_stalled_holds_only_what_it_has_sent() {
        let memory = Memory::of(2000);
        let stalled: Vec<_> = (0..1900)
            .map(|_| {
                let mut held = memory.hold();
                held.grow_to(200).unwrap();
                held
            })
            .collect();
        assert_eq!(memory.hold().grow_to(64 * KIB), Ok(()));
        drop(stalled);
    }
}
