//! Reading a finished snapshot: a record by its id, or all of a kind in order.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::entity::Entity;
use super::error::SnapshotError;
use super::ids::CommunityId;
use super::line::{self, At, Line};
use super::manifest::Manifest;
use super::records::Record;

/// A finished snapshot. Records stay on disk; what is in memory is where each one is.
#[derive(Debug)]
pub struct Snapshot {
    directory: PathBuf,
    manifest: Manifest,
    tables: BTreeMap<Entity, Table>,
}

/// A record, and where it came from.
#[derive(Debug, Clone)]
pub struct Entry<R> {
    /// The record.
    pub record: R,
    /// The read through the lists that brought it.
    pub pass: u32,
    /// The page it was on.
    pub page: u32,
    /// Of its bytes: the same as long as Circle sends the same.
    pub sha256: String,
}

impl Snapshot {
    /// Opens a snapshot and checks every line of it.
    ///
    /// # Errors
    /// [`SnapshotError`]: there is none, its extract has not finished, it is of a community
    /// other than `community`, or a line is damaged.
    pub fn open(directory: &Path, community: Option<CommunityId>) -> Result<Self, SnapshotError> {
        let manifest = Manifest::read(directory)?;
        if let Some(wanted) = community
            && wanted != manifest.community_id
        {
            return Err(SnapshotError::OfAnother {
                path: directory.to_owned(),
                found: manifest.community_id,
                wanted,
            });
        }
        if !manifest.is_complete() {
            return Err(SnapshotError::Incomplete {
                path: directory.to_owned(),
            });
        }
        let mut tables = BTreeMap::new();
        for entity in Entity::ALL {
            if let Some(table) = Table::open(directory, entity)? {
                tables.insert(entity, table);
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
            manifest,
            tables,
        })
    }

    /// Whose it is, and what was read when.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// How many records of a kind there are; each id counts once, and what is gone does not.
    #[must_use]
    pub fn count(&self, entity: Entity) -> usize {
        let table = self.tables.get(&entity);
        table.map_or(0, |table| table.present().count())
    }

    /// Records of a kind that a later pass did not find any more.
    #[must_use]
    pub fn gone(&self, entity: Entity) -> usize {
        let table = self.tables.get(&entity);
        table.map_or(0, |table| table.slots.len() - table.present().count())
    }

    /// All records of a kind, in the order in which they first came.
    pub fn iter<R: Record>(&self) -> impl Iterator<Item = Result<Entry<R>, SnapshotError>> {
        let table = self.tables.get(&R::ENTITY);
        table
            .into_iter()
            .flat_map(|table| table.present().map(|slot| table.read(slot)))
    }

    /// The record with this id, if there is one that is not gone.
    ///
    /// # Errors
    /// [`SnapshotError`] when it cannot be read.
    pub fn get<R: Record>(&self, id: R::Id) -> Result<Option<Entry<R>>, SnapshotError> {
        let Some(table) = self.tables.get(&R::ENTITY) else {
            return Ok(None);
        };
        let slot = table.by_id.get(&R::number(id)).map(|at| table.slots[*at]);
        match slot {
            Some(slot) if !slot.is_gone => table.read(slot).map(Some),
            _ => Ok(None),
        }
    }
}

/// Where the records of one kind are.
#[derive(Debug)]
struct Table {
    path: PathBuf,
    file: File,
    slots: Vec<Slot>,
    by_id: HashMap<u64, usize>,
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
struct Slot {
    at: At,
    is_gone: bool,
}

impl Table {
    fn open(directory: &Path, entity: Entity) -> Result<Option<Self>, SnapshotError> {
        let path = directory.join(format!("{entity}.jsonl"));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SnapshotError::io("open", &path)(error)),
        };
        let mut slots: Vec<Slot> = Vec::new();
        let mut by_id: HashMap<u64, usize> = HashMap::new();
        let mut last = 0;
        let extent = line::each(&path, &file, |at, line| {
            last = at.number;
            match line {
                Line::Row(row) => {
                    let slot = Slot { at, is_gone: false };
                    if let Some(known) = by_id.get(&row.id) {
                        slots[*known] = slot;
                    } else {
                        by_id.insert(row.id, slots.len());
                        slots.push(slot);
                    }
                }
                Line::Gone(gone) => {
                    if let Some(known) = by_id.get(&gone.id) {
                        slots[*known].is_gone = true;
                    }
                }
                Line::Page(_) => {}
            }
            Ok(())
        })?;
        if extent.whole != extent.end {
            return Err(SnapshotError::Damaged {
                path,
                line: last + 1,
                detail: "its page has no end",
            });
        }
        Ok(Some(Self {
            path,
            file,
            slots,
            by_id,
        }))
    }

    fn present(&self) -> impl Iterator<Item = Slot> {
        self.slots.iter().copied().filter(|slot| !slot.is_gone)
    }

    fn read<R: Record>(&self, slot: Slot) -> Result<Entry<R>, SnapshotError> {
        let mut bytes = vec![0; slot.at.length];
        self.file
            .read_exact_at(&mut bytes, slot.at.offset)
            .map_err(SnapshotError::io("read", &self.path))?;
        let damaged = || SnapshotError::Damaged {
            path: self.path.clone(),
            line: slot.at.number,
            detail: "it has changed since it was checked",
        };
        let Ok(Line::Row(row)) = serde_json::from_slice(&bytes) else {
            return Err(damaged());
        };
        // Every field but the id is lenient, and the writer has seen the id.
        let record = R::deserialize(row.record).map_err(|_| damaged())?;
        Ok(Entry {
            record,
            pass: row.pass,
            page: row.page,
            sha256: row.sha256,
        })
    }
}
