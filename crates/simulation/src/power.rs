//! Whether one life of a host goes on. When it ends, everything that could still reach
//! the outside from that life is shut: its disk, its connections, its database, its way
//! to the vendor. What is left of it in memory can do nothing that anybody sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use service_kit::blocking::Gate;
use tokio::sync::Notify;

use crate::chance::Chance;

/// One life of a host; clones are the same life.
#[derive(Clone)]
pub struct Power(Arc<Inner>);

struct Inner {
    is_off: AtomicBool,
    /// After so many more steps the life ends; far away when nobody wants that.
    steps_left: AtomicU64,
    went_off: Notify,
    chance: Chance,
    longest_step: Duration,
}

impl Power {
    /// A life that has begun. A step of blocking work takes it up to so long.
    #[must_use]
    pub fn on(chance: Chance, longest_step: Duration) -> Self {
        Self(Arc::new(Inner {
            is_off: AtomicBool::new(false),
            steps_left: AtomicU64::new(u64::MAX),
            went_off: Notify::new(),
            chance,
            longest_step,
        }))
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.0.is_off.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub fn cut(&self) {
        self.0.is_off.store(true, Ordering::Relaxed);
        self.0.went_off.notify_waiters();
    }

    /// Ends it in the middle of the work that is so many steps away: a write to the disk,
    /// a statement of the database.
    pub fn cut_after(&self, steps: u64) {
        self.0.steps_left.store(steps, Ordering::Relaxed);
    }

    /// Nobody ends it any more.
    pub fn spare(&self) {
        self.0.steps_left.store(u64::MAX, Ordering::Relaxed);
    }

    /// A step; false when the life has ended, or ends here.
    #[must_use]
    pub fn step(&self) -> bool {
        if self.0.steps_left.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.cut();
        }
        self.is_on()
    }

    /// Ends when the life does.
    pub async fn off(&self) {
        let off = self.0.went_off.notified();
        if self.is_on() {
            off.await;
        }
    }
}

impl Gate for Power {
    fn pass(&self) -> BoxFuture<'static, ()> {
        let power = self.clone();
        Box::pin(async move {
            let longest = power.0.longest_step;
            tokio::time::sleep(power.0.chance.time(Duration::ZERO, longest)).await;
            if !power.step() {
                // The dead wait for ever.
                std::future::pending::<()>().await;
            }
        })
    }
}
