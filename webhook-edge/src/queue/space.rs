//! The free space of the queue's disk.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

/// How often it is looked at, and how much of it is left alone: a disk that is full
/// in the middle of a write is a failed disk, and that needs a restart.
const EVERY: Duration = Duration::from_millis(200);
const LEFT_ALONE: u64 = 64 * 1024 * 1024;

/// The free space, as it was a moment ago.
pub(super) struct Space {
    directory: PathBuf,
    looked: Option<Instant>,
    is_short: bool,
}

impl Space {
    pub(super) fn of(directory: PathBuf) -> Self {
        Self {
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
            self.is_short = rustix::fs::statvfs(&self.directory)
                .is_ok_and(|space| space.f_bavail * space.f_frsize < LEFT_ALONE);
        }
        self.is_short
    }
}
