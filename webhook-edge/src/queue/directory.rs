//! The directory of the queue: `lock`, `log/` with the records, `ids/` with the rest.

use std::fs::{File, TryLockError};
use std::io;
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
    make(directory).map_err(unusable)?;
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

/// Makes the directory, and its name as durable as what it will hold: without the name
/// the files would be lost with it.
fn make(directory: &Path) -> io::Result<()> {
    let is_there = directory.exists();
    let holders = holders(directory);
    std::fs::create_dir_all(directory)?;
    for holder in &holders {
        match sync(holder) {
            // Somebody else has made it, where the edge may not read.
            Err(error) if is_there && error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}

/// The directories that hold the names of this one and of those above it that are to be
/// made. The name of one that is there may have come a moment before a crash.
fn holders(directory: &Path) -> Vec<PathBuf> {
    let above = directory.ancestors().skip(1);
    let to_make = above
        .clone()
        .take_while(|one| !one.as_os_str().is_empty() && !one.exists());
    let count = 1 + to_make.count();
    directory
        .ancestors()
        .take(count)
        .map(|one| parent(one).to_owned())
        .collect()
}

/// Makes the names in a directory as durable as the files.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn parent(directory: &Path) -> &Path {
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => directory,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directory_that_gets_a_new_name_in_it_is_made_durable() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let queue = root.join("var/lib/queue");
        let new = [root.join("var/lib"), root.join("var"), root.to_owned()];
        assert_eq!(holders(&queue), new);
        make(&queue).unwrap();
        assert_eq!(holders(&queue), [root.join("var/lib")]);
        make(&queue).unwrap();
        assert_eq!(
            holders(Path::new("no/where")),
            [Path::new("no"), Path::new(".")]
        );
        assert_eq!(holders(Path::new("src")), [Path::new(".")]);
        assert_eq!(holders(Path::new("/")), [Path::new("/")]);
    }

    #[test]
    fn what_an_earlier_version_wrote_is_refused_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let open = || fjall::Database::builder(directory.path()).open().unwrap();
        let events =
            |database: &fjall::Database| database.keyspace("events", Default::default).unwrap();
        {
            let database = open();
            events(&database)
                .insert(1_u64.to_be_bytes(), b"a record")
                .unwrap();
            database.persist(fjall::PersistMode::SyncAll).unwrap();
        }
        let refused = take(directory.path()).unwrap_err();
        assert!(matches!(refused, OpenError::EarlierLayout { .. }));
        let said = refused.to_string();
        for told in [
            &*directory.path().to_string_lossy(),
            "webhook_edge_queue_depth is 0",
        ] {
            assert!(said.contains(told), "{said}");
        }
        let found = events(&open()).get(1_u64.to_be_bytes()).unwrap();
        assert_eq!(found.as_deref(), Some(&b"a record"[..]));
    }
}
