//! The file that becomes the next segment, filled with zeros ahead of time.
//!
//! Where a file was written before, an fsync is a write of those bytes and nothing
//! more. Where it was not, the file system has to note first that the place is in use,
//! in a journal that it shares with everything else on the disk: that takes twice as
//! long, and waits for others.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::queue::disk::{Disk, DiskFile};

/// So much is written and waited for at once, and then nothing for a moment: whoever
/// waits for the log needs the disk more.
const PART: usize = 512 * 1024;
const PAUSE: Duration = Duration::from_millis(5);
/// Nothing is made ahead on a disk that has less left.
const LEFT_ALONE: u64 = 256 * 1024 * 1024;

/// A file that is being made, or is there.
pub(super) struct Spare {
    disk: Arc<dyn Disk>,
    has_thread: bool,
    making: Option<Making>,
}

type Made = io::Result<Box<dyn DiskFile>>;

enum Making {
    Thread(Arc<Stop>, JoinHandle<Made>),
    /// Where there are no threads it was made at once.
    Done(Made),
}

#[derive(Default)]
struct Stop {
    is_asked: Mutex<bool>,
    asked: Condvar,
}

impl Spare {
    /// None is there yet. It is made on a thread of its own, or at once.
    pub(super) fn new(disk: Arc<dyn Disk>, has_thread: bool) -> Self {
        Self {
            disk,
            has_thread,
            making: None,
        }
    }

    /// Begins to make one of so many bytes, if none is there.
    pub(super) fn prepare(&mut self, directory: &Path, bytes: u64) {
        if self.making.is_some() {
            return;
        }
        let (disk, folder) = (Arc::clone(&self.disk), directory.to_owned());
        if !self.has_thread {
            self.making = Some(Making::Done(make(&*disk, &folder, bytes, || false)));
            return;
        }
        let stop = Arc::new(Stop::default());
        let asked = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("queue spare".to_owned())
            .spawn(move || make(&*disk, &folder, bytes, || asked.pause()));
        // Without one the next segment is made when it is needed.
        self.making = thread.ok().map(|thread| Making::Thread(stop, thread));
    }

    #[cfg(test)]
    pub(super) fn is_ready(&self) -> bool {
        let making = self.making.as_ref();
        making.is_some_and(Making::is_done)
    }

    /// The file, if it is whole; its name is to be changed.
    pub(super) fn take(&mut self) -> Option<Box<dyn DiskFile>> {
        match self.making.take_if(|making| making.is_done())? {
            Making::Thread(_, thread) => thread.join().ok()?.ok(),
            Making::Done(made) => made.ok(),
        }
    }
}

impl Making {
    fn is_done(&self) -> bool {
        match self {
            Self::Thread(_, thread) => thread.is_finished(),
            Self::Done(_) => true,
        }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some(Making::Thread(stop, thread)) = self.making.take() {
            stop.ask();
            let _unused = thread.join();
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

/// `pause` waits between two parts, and says whether to stop.
fn make(disk: &dyn Disk, folder: &Path, bytes: u64, pause: impl Fn() -> bool) -> Made {
    let file = disk.replace(&path(folder))?;
    let wanted = bytes.saturating_add(LEFT_ALONE);
    if disk.free_bytes(folder).is_some_and(|free| free < wanted) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let (zeros, mut end) = (vec![0; PART], 0);
    while end < bytes {
        let part = zeros
            .len()
            .min(usize::try_from(bytes - end).unwrap_or(PART));
        file.write_all_at(&zeros[..part], end)?;
        file.sync_data()?;
        end += part as u64;
        if pause() {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    file.sync_all()?;
    Ok(file)
}
