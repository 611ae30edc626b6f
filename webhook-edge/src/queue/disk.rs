//! The disk, as an argument.
//!
//! The log asks a [`Disk`] for its files: the operating system's, or one that a
//! simulation makes lose what was not synced. What a method says it makes durable is what
//! the log counts on; nothing else is.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::{OpenError, directory};

/// Where files are.
pub trait Disk: Send + Sync {
    /// Takes a directory for this process, for as long as what is returned lives. Makes
    /// it, and its name durable.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be used, or somebody else has it.
    fn take(&self, directory: &Path) -> Result<Option<File>, OpenError>;

    /// Makes a directory and those above it.
    ///
    /// # Errors
    /// What the disk says.
    fn make_directory(&self, directory: &Path) -> io::Result<()>;

    /// The paths in a directory, in any order.
    ///
    /// # Errors
    /// What the disk says.
    fn paths(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;

    /// Makes a file that must not be there.
    ///
    /// # Errors
    /// What the disk says.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Makes a file, in the place of one that is there.
    ///
    /// # Errors
    /// What the disk says.
    fn replace(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file to read it.
    ///
    /// # Errors
    /// What the disk says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file that is there to write to it.
    ///
    /// # Errors
    /// What the disk says.
    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name. Not durable before its directory is synced.
    ///
    /// # Errors
    /// What the disk says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away. Not durable before its directory is synced.
    ///
    /// # Errors
    /// What the disk says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// What the disk says.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// How many bytes are free for us; `None` where that is not known.
    fn free_bytes(&self, directory: &Path) -> Option<u64>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// What the disk says.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Fills `bytes`.
    ///
    /// # Errors
    /// What the disk says; `UnexpectedEof` where there are not so many.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes. Not durable before a sync.
    ///
    /// # Errors
    /// What the disk says; some of it may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the file so long. Not durable before a sync.
    ///
    /// # Errors
    /// What the disk says.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Room for so many bytes from the beginning, zeros where nothing is; nothing where
    /// the file system cannot do that ahead.
    ///
    /// # Errors
    /// What the disk says, which may be that there is no room.
    fn reserve(&self, bytes: u64) -> io::Result<()>;

    /// Makes what was written durable, and the length that it needs.
    ///
    /// # Errors
    /// What the disk says; then nothing is known of what was not synced before.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes all of the file durable; its name is the directory's.
    ///
    /// # Errors
    /// As [`sync_data`](Self::sync_data).
    fn sync_all(&self) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn take(&self, directory: &Path) -> Result<Option<File>, OpenError> {
        directory::take(directory).map(Some)
    }

    fn make_directory(&self, directory: &Path) -> io::Result<()> {
        std::fs::create_dir_all(directory)
    }

    fn paths(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(directory)?;
        entries.map(|entry| Ok(entry?.path())).collect()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        boxed(OpenOptions::new().write(true).create_new(true).open(path))
    }

    fn replace(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        boxed(File::create(path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        boxed(File::open(path))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        boxed(OpenOptions::new().write(true).open(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        directory::sync(directory)
    }

    fn free_bytes(&self, directory: &Path) -> Option<u64> {
        let space = rustix::fs::statvfs(directory).ok()?;
        Some(space.f_bavail * space.f_frsize)
    }
}

impl DiskFile for File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, bytes, offset)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, bytes, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(self, FallocateFlags::empty(), 0, bytes) {
            // A file system that cannot do it ahead does it when it is written to.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }
}

fn boxed(file: io::Result<File>) -> io::Result<Box<dyn DiskFile>> {
    Ok(Box::new(file?))
}
