//! A disk that keeps what was synced and, when the power is cut, some of the rest.
//!
//! What a process reads is what was written. What outlives the power is what a sync
//! covered, and of later writes any sectors: none, all, or some, in whatever order. The
//! names in a directory are as durable as the last sync of the directory, and of later
//! changes the first few. A process that is killed loses nothing.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use webhook_edge::queue::OpenError;
use webhook_edge::queue::disk::{Disk, DiskFile};

use crate::chance::Chance;
use crate::power::Power;

mod file;
mod platter;

use file::OpenFile;
use platter::Platter;

/// A disk, which outlives the lives of its host; clones are the same disk.
#[derive(Clone)]
pub struct SimulatedDisk {
    platter: Arc<Mutex<Platter>>,
    chance: Chance,
}

/// What a disk does wrong, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The next write of data fails in its middle.
    Write,
    /// The next sync of data fails.
    Sync,
}

impl SimulatedDisk {
    /// An empty one. A dishonest one says of data that it is synced, and does nothing: as
    /// if the program had forgotten to ask.
    #[must_use]
    pub fn new(chance: Chance, is_honest: bool) -> Self {
        let platter = Platter::new(is_honest);
        Self {
            platter: Arc::new(Mutex::new(platter)),
            chance,
        }
    }

    /// The disk as one life of its host has it.
    #[must_use]
    pub fn of(&self, power: Power) -> Arc<dyn Disk> {
        Arc::new(LivingDisk {
            disk: self.clone(),
            power,
        })
    }

    /// Fails soon.
    pub fn fail(&self, failure: Failure) {
        self.platter().failure = Some(failure);
    }

    /// Nothing fails from now on.
    pub fn mend(&self) {
        let mut platter = self.platter();
        platter.failure = None;
        platter.is_full = false;
    }

    /// Whether there is room.
    pub fn fill(&self, is_full: bool) {
        self.platter().is_full = is_full;
    }

    /// The power is cut; says how many writes were not synced, and of how many of them
    /// nothing is left.
    #[must_use]
    pub fn lose_power(&self) -> (usize, usize) {
        self.platter().lose_power(&self.chance)
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A disk in one life of its host.
struct LivingDisk {
    disk: SimulatedDisk,
    power: Power,
}

impl LivingDisk {
    fn step(&self) -> io::Result<MutexGuard<'_, Platter>> {
        if self.power.step() {
            return Ok(self.disk.platter());
        }
        Err(io::Error::other("the power is off"))
    }

    fn opened(&self, inode: u64) -> Box<dyn DiskFile> {
        Box::new(OpenFile {
            platter: Arc::clone(&self.disk.platter),
            power: self.power.clone(),
            inode,
        })
    }
}

impl Disk for LivingDisk {
    fn take(&self, directory: &Path) -> Result<Option<File>, OpenError> {
        let taken = self.step().map(|_| None);
        taken.map_err(|source| OpenError::Directory {
            directory: directory.to_owned(),
            source,
        })
    }

    fn make_directory(&self, _: &Path) -> io::Result<()> {
        self.step().map(drop)
    }

    fn paths(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.step()?.paths(directory))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut platter = self.step()?;
        if platter.find(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = platter.create(path);
        drop(platter);
        Ok(self.opened(inode))
    }

    fn replace(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.step()?.create(path);
        Ok(self.opened(inode))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.step()?.find(path)?;
        Ok(self.opened(inode))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?.remove(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.step()?.sync_names(directory);
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> Option<u64> {
        let is_full = self.disk.platter().is_full;
        Some(if is_full { 0 } else { 1 << 40 })
    }
}
