//! What can be wrong with a snapshot.

use std::path::{Path, PathBuf};

use super::ids::CommunityId;

/// Why a snapshot cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system refused.
    #[error("could not {attempt} {}: {source}", path.display())]
    Io {
        /// What was tried.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// There is none.
    #[error("no snapshot is in {}: run `circle-migrate extract` first", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Its extract has not finished.
    #[error(
        "the snapshot in {} is not complete: run `circle-migrate extract` again, it goes on where it stopped",
        path.display()
    )]
    Incomplete {
        /// Where it is.
        path: PathBuf,
    },
    /// It holds another community.
    #[error(
        "the snapshot in {} is of community {found}, not {wanted}: give another --snapshot",
        path.display()
    )]
    OfAnother {
        /// Where it is.
        path: PathBuf,
        /// Whose it is.
        found: CommunityId,
        /// Whose it should be.
        wanted: CommunityId,
    },
    /// It was finished, and nothing says to read again.
    #[error(
        "the snapshot in {} is complete: add --delta to read what has changed since, or give another --snapshot",
        path.display()
    )]
    Finished {
        /// Where it is.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error("another run uses {}: wait for its end", path.display())]
    Locked {
        /// The lock's file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("the snapshot in {} has format {found}, which this program does not know", path.display())]
    Format {
        /// Where it is.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A line is not what was written.
    #[error(
        "line {line} of {} is damaged ({detail}): take another copy of the snapshot, or extract anew",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A row has no id that is a number.
    #[error("{kind} {number} of the snapshot has no readable id")]
    Unreadable {
        /// What it is.
        kind: &'static str,
        /// Its number.
        number: u64,
    },
}

impl SnapshotError {
    pub(super) fn io(
        attempt: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io {
            attempt,
            path,
            source,
        }
    }
}
