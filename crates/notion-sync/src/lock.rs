//! One writer for each data source: Notion has nothing that would keep two from making the
//! same row. The lock is a file, so it holds among programs that share a
//! `DATA_DIR`.

use std::fs::{File, TryLockError};
use std::path::Path;

use notion::DataSourceId;

use crate::error::Error;

/// Held while this program writes; goes with the program, however it ends.
#[derive(Debug)]
pub struct Lock {
    _files: Vec<File>,
}

impl Lock {
    /// Locks these data sources.
    ///
    /// # Errors
    /// [`Error::Locked`] when another program has one of them.
    pub fn take(folder: &Path, sources: &[&DataSourceId]) -> Result<Self, Error> {
        let mut files = Vec::new();
        for source in sources {
            let path = folder.join(format!("notion-sync-{source}.lock"));
            let failed = |source| Error::Lock {
                path: path.clone(),
                source,
            };
            let file = File::create(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => files.push(file),
                Err(TryLockError::WouldBlock) => return Err(Error::Locked(source.to_string())),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Ok(Self { _files: files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_source_has_one_writer() {
        let folder = tempfile::TempDir::new().unwrap();
        let id: DataSourceId = "0f0e0d0c-0b0a-4908-8706-050403020100".parse().unwrap();
        let held = Lock::take(folder.path(), &[&id]).unwrap();
        let refused = Lock::take(folder.path(), &[&id]).unwrap_err();
        assert!(matches!(refused, Error::Locked(_)), "{refused}");
        drop(held);
        Lock::take(folder.path(), &[&id]).unwrap();
    }
}
