//! The files of the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::spare;
use crate::queue::directory;

/// A file that is read whole is read in parts of this size; parts of zeros at its end
/// are room that was never written to.
const PART: usize = 64 * 1024;
const ENDING: &str = "log";

/// Where the segment with this number is.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016x}.{ENDING}"))
}

/// The numbers of all segments, ascending.
pub(super) fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
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
    folder: &Path,
    number: u64,
    beginning: &[u8],
    bytes: u64,
    spare: Option<File>,
) -> io::Result<File> {
    let path = path(folder, number);
    let is_spare = spare.is_some();
    let make = || {
        let file = match spare {
            Some(file) => file,
            None => reserved(&path, bytes)?,
        };
        file.write_all_at(beginning, 0)?;
        file.sync_all()?;
        if is_spare {
            std::fs::rename(spare::path(folder), &path)?;
        }
        directory::sync(folder)?;
        Ok(file)
    };
    make().inspect_err(|error: &io::Error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _gone = std::fs::remove_file(&path);
        }
    })
}

fn reserved(path: &Path, bytes: u64) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    reserve(&file, bytes)?;
    Ok(file)
}

/// Opens a segment to go on after its first `end` bytes; what follows them is gone.
pub(super) fn go_on(path: &Path, end: u64, bytes: u64) -> io::Result<File> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(end)?;
    // On a disk that is full it grows as far as there is room.
    let _no_room = reserve(&file, bytes);
    file.sync_all()?;
    Ok(file)
}

/// Room on disk, so that a write has no need to look for it.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        // A file system that cannot do it ahead does it when it is written to.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes what was written to a file as durable as it looks.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_data()
}

/// Whether an error says that there is no room left.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// All of a segment but most of the zeros at its end.
pub(super) fn load(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let (mut bytes, mut part, mut zeros) = (Vec::new(), vec![0; PART], 0);
    let nothing = vec![0; PART];
    loop {
        let count = file.read(&mut part)?;
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
