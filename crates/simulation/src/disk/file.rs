//! An open file of the simulated disk.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use webhook_edge::queue::disk::DiskFile;

use super::Failure;
use super::platter::{Platter, Write};
use crate::power::Power;

pub(super) struct OpenFile {
    pub(super) platter: Arc<Mutex<Platter>>,
    pub(super) power: Power,
    pub(super) inode: u64,
}

impl OpenFile {
    fn step(&self) -> io::Result<MutexGuard<'_, Platter>> {
        if self.power.step() {
            return Ok(self.platter.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Err(io::Error::other("the power is off"))
    }

    fn sync(&self) -> io::Result<MutexGuard<'_, Platter>> {
        let mut platter = self.step()?;
        if platter.failure == Some(Failure::Sync) {
            platter.failure = None;
            return Err(io::Error::other("the disk could not write"));
        }
        Ok(platter)
    }
}

impl DiskFile for OpenFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let platter = self.step()?;
        let data = platter.data(self.inode);
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| data.get(offset..));
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        if self.read_at(bytes, offset)? < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut platter = self.step()?;
        if platter.is_full && platter.data(self.inode).len() as u64 <= offset {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let fails = platter.failure == Some(Failure::Write);
        let done = if fails { bytes.len() / 2 } else { bytes.len() };
        let bytes = bytes[..done].to_vec();
        platter.write(self.inode, Write::Bytes { offset, bytes });
        if fails {
            platter.failure = None;
            return Err(io::Error::other("the disk could not write"));
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.step()?.write(self.inode, Write::Length(length));
        Ok(())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let mut platter = self.step()?;
        if (platter.data(self.inode).len() as u64) < bytes {
            if platter.is_full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            platter.write(self.inode, Write::Length(bytes));
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.sync()?;
        if platter.is_honest {
            platter.sync(self.inode);
        }
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()?.sync(self.inode);
        Ok(())
    }
}
