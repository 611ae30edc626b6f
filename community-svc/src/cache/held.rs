//! One copy in memory.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::policy::Life;

/// After an attempt to renew a copy, how long until the next.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(1);

/// What BetterMode answered, or that it has none such.
#[derive(Debug)]
pub struct Held<V> {
    pub(super) value: Option<V>,
    pub(super) life: Life,
    /// Of the link to Redis, when this was found; see [`super::link`].
    pub(super) epoch: u64,
    renew_at: AtomicI64,
    wire: OnceLock<Bytes>,
}

impl<V> Held<V> {
    pub(super) fn new(value: Option<V>, life: Life, epoch: u64) -> Self {
        Self {
            value,
            life,
            epoch,
            renew_at: AtomicI64::new(i64::MIN),
            wire: OnceLock::new(),
        }
    }

    /// Whether this caller is the one to renew the copy now: one in a while is, so that a
    /// BetterMode that is away is not asked at every read.
    pub(super) fn may_renew(&self, now: Timestamp) -> bool {
        let now = now.as_millisecond();
        let planned = self.renew_at.load(Ordering::Relaxed);
        let pause = i64::try_from(BETWEEN_RENEWALS.as_millis()).unwrap_or(i64::MAX);
        // A plan further away than a pause was made before the clock was set back.
        (now >= planned || planned - now > pause)
            && self
                .renew_at
                .compare_exchange(planned, now + pause, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// The value as it goes over the wire, made by `encode` at the first call.
    pub(crate) fn wire(&self, value: &V, encode: impl FnOnce(&V) -> Bytes) -> &Bytes {
        self.wire.get_or_init(|| encode(value))
    }
}
