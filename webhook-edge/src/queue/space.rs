//! The free space of the queue's disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::disk::Disk;

/// How often it is looked at, and how much of it is left alone: a disk that is full
/// in the middle of a write is a failed disk, and that needs a restart.
const EVERY: Duration = Duration::from_millis(200);
const LEFT_ALONE: u64 = 64 * 1024 * 1024;

/// The free space, as it was a moment ago.
pub(super) struct Space {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    looked: Option<Instant>,
    is_short: bool,
}

impl Space {
    pub(super) fn of(disk: Arc<dyn Disk>, directory: PathBuf) -> Self {
        Self {
            disk,
            directory,
            looked: None,
            is_short: false,
        }
    }

    /// Whether so little is left that nothing more is taken.
    pub(super) fn is_short(&mut self, now: Instant) -> bool {
        let waited = |looked: Instant| now.saturating_duration_since(looked);
        if self.looked.is_none_or(|looked| waited(looked) >= EVERY) {
            self.looked = Some(now);
            // A file system that does not tell is written to until it refuses.
            let free = self.disk.free_bytes(&self.directory);
            self.is_short = free.is_some_and(|free| free < LEFT_ALONE);
        }
        self.is_short
    }
}
