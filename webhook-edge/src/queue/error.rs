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
    /// What is in it cannot be read.
    #[error(
        "failed to open the queue in WEBHOOK_EDGE_QUEUE_DIR={}; is the disk sound, and has it \
         space left?",
        directory.display()
    )]
    Store {
        /// The directory.
        directory: PathBuf,
        /// What the store said.
        #[source]
        source: fjall::Error,
    },
    /// Another version wrote it.
    #[error("the queue was written by a newer webhook-edge; start that version to empty it")]
    Version,
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
    /// The disk or the store on it.
    #[error("failed to read the queue; is the disk sound?")]
    Store(#[from] fjall::Error),
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
