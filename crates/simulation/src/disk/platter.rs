//! What is on a disk, and what would be if the power went now.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::chance::Chance;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

pub(super) struct Platter {
    files: BTreeMap<u64, Inode>,
    next: u64,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// Changes of names since the last sync of their directory, in order.
    renamed: Vec<Rename>,
    pub(super) failure: Option<Failure>,
    pub(super) is_full: bool,
    pub(super) is_honest: bool,
}

/// A name stands for this from now on.
#[derive(Clone)]
struct Rename(PathBuf, Option<u64>);

#[derive(Default)]
struct Inode {
    data: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Write>,
}

/// A change of a file.
#[derive(Clone)]
pub(super) enum Write {
    Bytes { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

/// How much of what was not synced outlives the power.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    Everything,
    Some,
}

impl Platter {
    pub(super) fn new(is_honest: bool) -> Self {
        Self {
            files: BTreeMap::new(),
            next: 0,
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            renamed: Vec::new(),
            failure: None,
            is_full: false,
            is_honest,
        }
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<u64> {
        let found = self.names.get(path).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn paths(&self, directory: &Path) -> Vec<PathBuf> {
        let inside = self
            .names
            .keys()
            .filter(|path| path.parent() == Some(directory));
        inside.cloned().collect()
    }

    /// A new file of this name, in the place of an old one.
    pub(super) fn create(&mut self, path: &Path) -> u64 {
        self.next += 1;
        self.files.insert(self.next, Inode::default());
        self.name(path.to_owned(), Some(self.next));
        self.next
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.find(from)?;
        self.name(to.to_owned(), Some(inode));
        self.name(from.to_owned(), None);
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        self.name(path.to_owned(), None);
        Ok(())
    }

    fn name(&mut self, path: PathBuf, inode: Option<u64>) {
        point(&mut self.names, &path, inode);
        self.renamed.push(Rename(path, inode));
    }

    pub(super) fn sync_names(&mut self, directory: &Path) {
        let (here, elsewhere) = std::mem::take(&mut self.renamed)
            .into_iter()
            .partition(|change| change.0.parent() == Some(directory));
        self.renamed = elsewhere;
        let here: Vec<Rename> = here;
        for Rename(path, inode) in here {
            point(&mut self.durable_names, &path, inode);
        }
    }

    pub(super) fn data(&self, inode: u64) -> &[u8] {
        self.files.get(&inode).map_or(&[], |file| &file.data)
    }

    pub(super) fn write(&mut self, inode: u64, write: Write) {
        let file = self.files.entry(inode).or_default();
        write.apply_to(&mut file.data);
        file.unsynced.push(write);
    }

    pub(super) fn sync(&mut self, inode: u64) {
        let file = self.files.entry(inode).or_default();
        for write in std::mem::take(&mut file.unsynced) {
            write.apply_to(&mut file.durable);
        }
    }

    /// Says how many writes were not synced, and how many of them left nothing.
    pub(super) fn lose_power(&mut self, chance: &Chance) -> (usize, usize) {
        let left = match chance.between(0, 4) {
            0 => Left::Nothing,
            1 => Left::Everything,
            _ => Left::Some,
        };
        let (mut unsynced, mut lost) = (0, 0);
        for file in self.files.values_mut() {
            let writes = std::mem::take(&mut file.unsynced);
            unsynced += writes.len();
            lost += reach(&writes, &mut file.durable, left, chance);
            file.data.clone_from(&file.durable);
        }
        // A file system writes down changes of names in their order.
        let renamed = std::mem::take(&mut self.renamed);
        let kept = match left {
            Left::Nothing => 0,
            Left::Everything => renamed.len(),
            Left::Some => chance.place(renamed.len() + 1),
        };
        for Rename(path, inode) in renamed.into_iter().take(kept) {
            point(&mut self.durable_names, &path, inode);
        }
        self.names.clone_from(&self.durable_names);
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        self.files.retain(|inode, _| named.contains(inode));
        self.failure = None;
        (unsynced, lost)
    }
}

impl Write {
    fn apply_to(&self, data: &mut Vec<u8>) {
        match self {
            Self::Length(length) => data.resize(index(*length), 0),
            Self::Bytes { offset, bytes } => put(data, index(*offset), bytes),
        }
    }

    /// The sectors that it is in.
    fn sectors(&self) -> std::ops::Range<usize> {
        match self {
            Self::Length(_) => 0..0,
            Self::Bytes { offset, bytes } => {
                let from = index(*offset);
                from / SECTOR..(from + bytes.len()).div_ceil(SECTOR)
            }
        }
    }

    /// The part of it that is in a sector.
    fn apply_in(&self, sector: usize, data: &mut Vec<u8>) {
        if let Self::Bytes { offset, bytes } = self {
            let begins = index(*offset);
            let from = begins.max(sector * SECTOR);
            let until = (begins + bytes.len()).min((sector + 1) * SECTOR);
            put(data, from, &bytes[from - begins..until - begins]);
        }
    }
}

/// Applies what the disk got to of these writes before the power went; says how many left
/// nothing. A sector is written as it was in memory at some moment, so it has the first
/// few of the writes that concern it, whatever other sectors have.
fn reach(writes: &[Write], data: &mut Vec<u8>, left: Left, chance: &Chance) -> usize {
    let mut of_sector: BTreeMap<usize, usize> = BTreeMap::new();
    for sector in writes.iter().flat_map(Write::sectors) {
        *of_sector.entry(sector).or_default() += 1;
    }
    let lengths = writes
        .iter()
        .filter(|write| matches!(write, Write::Length(_)));
    let drawn = |count: usize| match left {
        Left::Nothing => 0,
        Left::Everything => count,
        Left::Some if chance.happens(300) => count,
        Left::Some => chance.place(count + 1),
    };
    let mut lengths_left = drawn(lengths.count());
    for count in of_sector.values_mut() {
        *count = drawn(*count);
    }
    let mut lost = 0;
    for write in writes {
        let mut is_any = false;
        if matches!(write, Write::Length(_)) && lengths_left > 0 {
            lengths_left -= 1;
            write.apply_to(data);
            is_any = true;
        }
        for sector in write.sectors() {
            if let Some(more) = of_sector.get_mut(&sector).filter(|more| **more > 0) {
                *more -= 1;
                write.apply_in(sector, data);
                is_any = true;
            }
        }
        lost += usize::from(!is_any);
    }
    lost
}

fn point(names: &mut BTreeMap<PathBuf, u64>, path: &Path, inode: Option<u64>) {
    match inode {
        Some(inode) => names.insert(path.to_owned(), inode),
        None => names.remove(path),
    };
}

fn put(data: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if data.len() < end {
        data.resize(end, 0);
    }
    data[offset..end].copy_from_slice(bytes);
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
