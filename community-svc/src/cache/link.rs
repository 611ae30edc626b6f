//! Whether other replicas' invalidations reach this process.
//!
//! An epoch lasts as long as one subscription. What was found in an earlier epoch may
//! have been invalidated while nobody told us, so it has to be confirmed by Redis once.
//! While the link is lost there is nobody to confirm anything: copies then live by
//! their age alone.

use std::sync::atomic::{AtomicU64, Ordering};

/// Even: linked; odd: lost. Grows with each change.
#[derive(Debug)]
pub(super) struct Link(AtomicU64);

impl Link {
    /// For a process that shares nothing: always linked.
    pub(super) fn alone() -> Self {
        Self(AtomicU64::new(0))
    }

    /// For one that has not subscribed yet.
    pub(super) fn lost() -> Self {
        Self(AtomicU64::new(1))
    }

    pub(super) fn epoch(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn is_up(&self) -> bool {
        self.epoch().is_multiple_of(2)
    }

    /// Whether a copy from `epoch` needs no confirmation.
    pub(super) fn trusts(&self, epoch: u64) -> bool {
        let now = self.epoch();
        now == epoch || !now.is_multiple_of(2)
    }

    /// Takes note of a subscription; true when it is news.
    pub(super) fn set(&self, is_up: bool) -> bool {
        let changed = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |epoch| {
                (epoch.is_multiple_of(2) != is_up).then_some(epoch + 1)
            });
        changed.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_from_before_a_loss_need_a_confirmation_once_the_link_is_back() {
        let link = Link::lost();
        let before = link.epoch();
        assert!(link.trusts(before));
        assert!(link.set(true));
        assert!(!link.trusts(before));
        let linked = link.epoch();
        assert!(link.trusts(linked) && !link.set(true));
        link.set(false);
        assert!(link.trusts(linked), "nobody can confirm it now");
        link.set(true);
        assert!(!link.trusts(linked));
    }
}
