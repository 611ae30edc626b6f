//! The directory of the queue: `lock`, `log/` with the records, `ids/` with the rest.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::OpenError;

/// What a queue has in its directory when the records were in the embedded store too.
const EARLIER: &str = "keyspaces";

/// Takes the directory for this process, for as long as the file is open. Makes it
/// where there is none.
pub(super) fn take(directory: &Path) -> Result<File, OpenError> {
    let unusable = |source| OpenError::Directory {
        directory: directory.to_owned(),
        source,
    };
    std::fs::create_dir_all(directory).map_err(unusable)?;
    if directory.join(EARLIER).exists() {
        return Err(OpenError::EarlierLayout {
            directory: directory.to_owned(),
        });
    }
    let lock = File::create(directory.join("lock")).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Where the log is.
pub(super) fn log(directory: &Path) -> PathBuf {
    directory.join("log")
}

/// Where ids and dead letters are.
pub(super) fn store(directory: &Path) -> PathBuf {
    directory.join("ids")
}
