//! What can be wrong with a ledger.

use std::path::{Path, PathBuf};

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
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
    /// Another run has it.
    #[error("another run uses this ledger ({}): wait for its end, or stop it", path.display())]
    Locked {
        /// The lock's file.
        path: PathBuf,
    },
    /// It is about two other communities.
    #[error(
        "the ledger {} is about moving community {community} to network {network}: \
         give another --work-dir for this move",
        path.display()
    )]
    OfAnother {
        /// The ledger.
        path: PathBuf,
        /// Circle's community in it.
        community: String,
        /// BetterMode's network in it.
        network: String,
    },
    /// Another version wrote it.
    #[error("the ledger {} has a format that this program does not know", path.display())]
    Format {
        /// The ledger.
        path: PathBuf,
    },
    /// The database refused.
    #[error("the ledger could not be read or written: {0}; see that its disk has room")]
    Sql(#[from] rusqlite::Error),
}

impl LedgerError {
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
