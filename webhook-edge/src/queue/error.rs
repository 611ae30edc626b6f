//! How the queue can fail, and what to do about it.

use std::path::PathBuf;

/// Why the queue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be used.
    #[error(
        "failed to use WEBHOOK_EDGE_QUEUE_DIR={}; it must be a directory that the edge may write",
        directory.display()
    )]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it.
    #[error(
        "WEBHOOK_EDGE_QUEUE_DIR={} is used by another process; every edge needs its own",
        directory.display()
    )]
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// The store of ids and dead letters cannot be opened.
    #[error(
        "failed to open the queue in {}; is the disk sound, and has it space left?",
        directory.display()
    )]
    Store {
        /// The directory.
        directory: PathBuf,
        /// What the store said.
        #[source]
        source: fjall::Error,
    },
    /// The log cannot be opened.
    #[error(
        "failed to open the log of the queue in {}; is the disk sound, and has it space left?",
        directory.display()
    )]
    Log {
        /// The directory.
        directory: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// What was acknowledged is not there as it was written.
    #[error(
        "{} is damaged at byte {offset}: webhooks that were acknowledged may be in it. Bring the \
         file back as it was, or move the queue's directory away and start with an empty one",
        file.display()
    )]
    Damaged {
        /// The segment of the log.
        file: PathBuf,
        /// The first byte that cannot be read.
        offset: u64,
    },
    /// Segments of the log that hold events that were acknowledged are gone.
    #[error(
        "files are missing in {}: webhooks were taken that are not there. Bring them back, or move \
         the queue's directory away and start with an empty one",
        directory.display()
    )]
    Missing {
        /// The directory of the log.
        directory: PathBuf,
    },
    /// A version from before the log wrote it.
    #[error(
        "WEBHOOK_EDGE_QUEUE_DIR={} holds a queue of an earlier webhook-edge. Start that version \
         until webhook_edge_queue_depth is 0, then give this one another directory; dead letters \
         stay in the old one",
        directory.display()
    )]
    EarlierLayout {
        /// The directory.
        directory: PathBuf,
    },
    /// No thread can be started.
    #[error("failed to start a thread of the queue")]
    Thread(#[source] std::io::Error),
}

/// Why an event is not certain to be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// As much waits as may, or the disk is nearly full.
    #[error("the queue is full")]
    Full,
    /// A write has failed, now or earlier.
    #[error("the queue's disk failed")]
    Poisoned,
}

/// Why the queue was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A write has failed, now or earlier.
    #[error("the queue's disk failed; nothing is written until the edge is restarted")]
    Poisoned,
}

/// Why the queue cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store of dead letters.
    #[error("failed to read the dead letters; is the disk sound?")]
    Store(#[from] fjall::Error),
    /// The disk.
    #[error("failed to read the queue; is the disk sound?")]
    Disk(#[from] std::io::Error),
    /// Something else is there than was written.
    #[error("segment {segment:016x} of the queue is damaged at byte {offset}")]
    Damaged {
        /// The number of the segment.
        segment: u64,
        /// Where.
        offset: u64,
    },
    /// A file that is needed is gone.
    #[error("segment {segment:016x} of the queue is missing; webhooks that wait are in it")]
    Missing {
        /// The number of the segment.
        segment: u64,
    },
    /// The process is ending.
    #[error("the edge is stopping")]
    Stopped,
}

impl AppendError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Full => {
                "is community-svc running? free space on the disk, or raise \
                 WEBHOOK_EDGE_QUEUE_MAX_BYTES"
            }
            Self::Poisoned => "mend the disk or free space on it, then restart the edge",
        }
    }
}
