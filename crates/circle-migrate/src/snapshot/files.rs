//! Files that only their owner reads, and that survive a crash whole.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::error::SnapshotError;

/// Makes the directory and its parents for the owner alone; takes an existing one away from
/// others.
pub(super) fn private_directory(path: &Path) -> Result<(), SnapshotError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| std::fs::set_permissions(path, Permissions::from_mode(0o700)))
        .map_err(SnapshotError::io("make the directory", path))
}

/// Opens a file to append to, made for the owner alone.
pub(super) fn append(path: &Path) -> Result<File, SnapshotError> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(SnapshotError::io("open", path))
}

/// Writes a whole file: either the old or the new one is there after a crash.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        match path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(SnapshotError::io("write", path))
}

/// Keeps other processes out for as long as the file is open.
pub(super) fn lock(path: &Path) -> Result<File, SnapshotError> {
    let file = append(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SnapshotError::Locked {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(SnapshotError::io("lock", path)(source)),
    }
}
