//! The file that becomes the next segment, filled with zeros ahead of time.
//!
//! Where a file was written before, an fsync is a write of those bytes and nothing
//! more. Where it was not, the file system has to note first that the place is in use,
//! in a journal that it shares with everything else on the disk: that takes twice as
//! long, and waits for others.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// So much is written and waited for at once, and then nothing for a moment: whoever
/// waits for the log needs the disk more.
const PART: usize = 512 * 1024;
const PAUSE: Duration = Duration::from_millis(5);
/// Nothing is made ahead on a disk that has less left.
const LEFT_ALONE: u64 = 256 * 1024 * 1024;

/// A file that is being made, or is there.
#[derive(Default)]
pub(super) struct Spare {
    making: Option<Making>,
}

struct Making {
    stop: Arc<Stop>,
    thread: JoinHandle<io::Result<File>>,
}

#[derive(Default)]
struct Stop {
    is_asked: Mutex<bool>,
    asked: Condvar,
}

impl Spare {
    /// Begins to make one of so many bytes, if none is there.
    pub(super) fn prepare(&mut self, directory: &Path, bytes: u64) {
        if self.making.is_some() {
            return;
        }
        let (stop, path) = (Arc::new(Stop::default()), path(directory));
        let asked = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("queue spare".to_owned())
            .spawn(move || make(&path, bytes, &asked));
        // Without one the next segment is made when it is needed.
        self.making = thread.ok().map(|thread| Making { stop, thread });
    }

    #[cfg(test)]
    pub(super) fn is_ready(&self) -> bool {
        let making = self.making.as_ref();
        making.is_some_and(|making| making.thread.is_finished())
    }

    /// The file, if it is whole; its name is to be changed.
    pub(super) fn take(&mut self) -> Option<File> {
        let making = self.making.take_if(|making| making.thread.is_finished())?;
        making.thread.join().ok()?.ok()
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some(making) = self.making.take() {
            making.stop.ask();
            let _unused = making.thread.join();
        }
    }
}

impl Stop {
    fn ask(&self) {
        *self.is_asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.asked.notify_one();
    }

    /// Waits for a moment; whether it is asked to stop.
    fn pause(&self) -> bool {
        let is_asked = self.is_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .asked
            .wait_timeout_while(is_asked, PAUSE, |is_asked| !*is_asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Where it is; what an earlier process has left there is of no use.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("spare")
}

fn make(path: &Path, bytes: u64, stop: &Stop) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    let space = rustix::fs::fstatvfs(&file)?;
    if space.f_bavail * space.f_frsize < bytes.saturating_add(LEFT_ALONE) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let (zeros, mut left) = (vec![0; PART], bytes);
    while left > 0 {
        let part = zeros.len().min(usize::try_from(left).unwrap_or(PART));
        file.write_all(&zeros[..part])?;
        file.sync_data()?;
        left -= part as u64;
        if stop.pause() {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    file.sync_all()?;
    Ok(file)
}
