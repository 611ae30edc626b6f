//! The files of the log.

use std::io;
use std::path::{Path, PathBuf};

use super::spare;
use crate::queue::disk::{Disk, DiskFile};

/// A file that is read whole is read in parts of this size; parts of zeros at its end
/// are room that was never written to.
const PART: usize = 64 * 1024;
const ENDING: &str = "log";

/// Where the segment with this number is.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016x}.{ENDING}"))
}

/// The numbers of all segments, ascending.
pub(super) fn numbers(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for path in disk.paths(directory)? {
        if path.extension().is_some_and(|ending| ending == ENDING) {
            let name = path.file_stem().and_then(|name| name.to_str());
            let number = name.and_then(|name| u64::from_str_radix(name, 16).ok());
            numbers.push(number.ok_or_else(|| {
                let text = format!("{} is no segment of the queue", path.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes a segment that begins with `beginning`, on disk when this returns, with room
/// for `bytes`: of the spare file if there is one. Where there is no room nothing is
/// made.
pub(super) fn create(
    disk: &dyn Disk,
    folder: &Path,
    number: u64,
    beginning: &[u8],
    bytes: u64,
    spare: Option<Box<dyn DiskFile>>,
) -> io::Result<Box<dyn DiskFile>> {
    let path = path(folder, number);
    let is_spare = spare.is_some();
    let make = || {
        let file = match spare {
            Some(file) => file,
            None => reserved(disk, &path, bytes)?,
        };
        file.write_all_at(beginning, 0)?;
        file.sync_all()?;
        if is_spare {
            disk.rename(&spare::path(folder), &path)?;
        }
        disk.sync_directory(folder)?;
        Ok(file)
    };
    make().inspect_err(|error: &io::Error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _gone = disk.remove(&path);
        }
    })
}

fn reserved(disk: &dyn Disk, path: &Path, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
    let file = disk.create(path)?;
    // So that a write has no need to look for room.
    file.reserve(bytes)?;
    Ok(file)
}

/// Opens a segment to go on after its first `end` bytes; what follows them is gone.
pub(super) fn go_on(
    disk: &dyn Disk,
    path: &Path,
    end: u64,
    bytes: u64,
) -> io::Result<Box<dyn DiskFile>> {
    let file = disk.open_to_write(path)?;
    file.set_len(end)?;
    // On a disk that is full it grows as far as there is room.
    let _no_room = file.reserve(bytes);
    file.sync_all()?;
    Ok(file)
}

/// Makes what was written to a file as durable as it looks.
pub(super) fn sync(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    disk.open(path)?.sync_data()
}

/// Whether an error says that there is no room left.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// All of a segment but most of the zeros at its end.
pub(super) fn load(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let (mut bytes, mut part, mut zeros) = (Vec::new(), vec![0; PART], 0);
    let mut offset = 0;
    let nothing = vec![0; PART];
    loop {
        let count = read_some(&*file, &mut part, offset)?;
        offset += count as u64;
        let Some(read) = part.get(..count).filter(|read| !read.is_empty()) else {
            // The last group may end with zeros that are its own.
            bytes.resize(bytes.len() + zeros.min(PART), 0);
            return Ok(bytes);
        };
        if nothing.starts_with(read) {
            zeros += count;
        } else {
            bytes.resize(bytes.len() + zeros, 0);
            bytes.extend_from_slice(read);
            zeros = 0;
        }
    }
}

fn read_some(file: &dyn DiskFile, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(bytes, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
