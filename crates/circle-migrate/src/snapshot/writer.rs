//! Writing a snapshot page by page, so that an interrupted extract goes on where it stopped.
//!
//! A page is durable before the next one is asked for. What came after the last whole page of
//! a file is dropped when it is opened again.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use super::entity::{Entity, ListKey};
use super::error::SnapshotError;
use super::files;
use super::ids::{self, CommunityId};
use super::line::{self, Gone, Line, PageEnd, Row};
use super::manifest::{ListState, Manifest, Pass, Wanted};

mod table;

use table::{Table, Verdict};

/// Writes one pass of a snapshot; nobody else can meanwhile.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    manifest: Manifest,
    tables: HashMap<Entity, Table>,
    _lock: File,
}

/// A page as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Its number, from 1.
    pub page: u32,
    /// Rows of a page, which the number counts in.
    pub per_page: u32,
    /// How many there are on all pages.
    pub count: Option<u64>,
    /// Whether Circle says that another one follows.
    pub has_next_page: bool,
    /// Its rows.
    pub records: Vec<Value>,
}

/// What a page brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageOutcome {
    /// Rows on it.
    pub rows: usize,
    /// Rows that this pass had not seen before.
    pub fresh: usize,
}

/// Where to go on with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// With this page. After an interruption it is the last one that was read, once more:
    /// what moved up to it meanwhile would be missed otherwise.
    At {
        /// The page.
        page: u32,
        /// Rows of a page when it was read; numbers of pages count in it.
        per_page: Option<u32>,
        /// Records of the list that this pass has.
        seen: u64,
    },
    /// The list was read to its end in this pass.
    Done,
}

impl Writer {
    /// Begins a snapshot, or goes on with one that was interrupted; with `delta`, begins
    /// another pass over one that is finished.
    ///
    /// # Errors
    /// [`SnapshotError`]: another run writes it, it is of another community, it is finished
    /// and `delta` is not asked for, or the file system refuses.
    pub fn open(
        directory: &Path,
        whose: &Manifest,
        wanted: Wanted,
        delta: bool,
        now: Timestamp,
    ) -> Result<Self, SnapshotError> {
        files::private_directory(directory)?;
        let lock = files::lock(&directory.join("lock"))?;
        let mut manifest = match Manifest::read(directory) {
            Ok(manifest) => manifest,
            Err(SnapshotError::Missing { .. }) => whose.clone(),
            Err(error) => return Err(error),
        };
        if manifest.community_id != whose.community_id {
            return Err(SnapshotError::OfAnother {
                path: directory.to_owned(),
                found: manifest.community_id,
                wanted: whose.community_id,
            });
        }
        let before = manifest.passes.last().map(|pass| pass.wanted);
        let wanted = wanted.and(before.unwrap_or_default());
        match manifest.passes.last_mut() {
            Some(pass) if pass.finished_at.is_none() => pass.wanted = wanted,
            Some(_) if !delta => {
                return Err(SnapshotError::Finished {
                    path: directory.to_owned(),
                });
            }
            _ => manifest.passes.push(Pass {
                number: u32::try_from(manifest.passes.len()).unwrap_or(u32::MAX) + 1,
                started_at: now,
                finished_at: None,
                wanted,
                lists: std::collections::BTreeMap::new(),
            }),
        }
        manifest.write(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            manifest,
            tables: HashMap::new(),
            _lock: lock,
        })
    }

    /// A manifest of nothing yet, for [`open`](Self::open).
    #[must_use]
    pub fn binding(id: CommunityId, name: Option<String>, api_url: String) -> Manifest {
        Manifest::new(id, name, api_url)
    }

    /// What this pass reads beside people.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.pass().wanted
    }

    /// Whose it is, and what was read when.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where to go on with a list.
    ///
    /// # Errors
    /// [`SnapshotError`] when its file cannot be read.
    pub fn position(&mut self, key: ListKey) -> Result<Position, SnapshotError> {
        let state = self.pass().lists.get(&key.to_string());
        if state.is_some_and(|state| state.is_done) {
            // What it read is needed all the same, to know records by their ids.
            self.table(key.entity)?;
            return Ok(Position::Done);
        }
        let progress = self.table(key.entity)?.progress(key);
        let (page, per_page, state) = match progress {
            Some((page, per_page, state)) => (page, Some(per_page), state),
            None => (1, None, ListState::default()),
        };
        let seen = state.counts.distinct();
        self.set_state(key, state);
        Ok(Position::At {
            page,
            per_page,
            seen,
        })
    }

    /// The numbers of a kind's records that this pass has seen, in rising order.
    ///
    /// # Errors
    /// [`SnapshotError`] when its file cannot be read.
    pub fn seen(&mut self, entity: Entity) -> Result<Vec<u64>, SnapshotError> {
        Ok(self.table(entity)?.seen())
    }

    /// How many different records of a list this pass has.
    ///
    /// # Errors
    /// [`SnapshotError`] when its file cannot be read.
    pub fn distinct(&mut self, key: ListKey) -> Result<u64, SnapshotError> {
        Ok(self.table(key.entity)?.state(key).counts.distinct())
    }

    /// Whether a page has a row that this pass has not seen.
    ///
    /// # Errors
    /// [`SnapshotError`] when its file cannot be read.
    pub fn has_fresh(&mut self, key: ListKey, records: &[Value]) -> Result<bool, SnapshotError> {
        let pass = self.pass().number;
        let table = self.table(key.entity)?;
        let is_fresh = |record: &Value| {
            let id = ids::number(&record["id"]);
            id.is_none_or(|id| !table.has_seen(id, pass))
        };
        Ok(records.iter().any(is_fresh))
    }

    /// Keeps a page. It is on disk when this returns.
    ///
    /// # Errors
    /// [`SnapshotError`] when the file system refuses; the page is then not kept.
    pub fn page(&mut self, key: ListKey, arrived: &Arrived) -> Result<PageOutcome, SnapshotError> {
        let pass = self.pass().number;
        let space = key.space.map(super::SpaceId::get);
        let mut end = PageEnd {
            pass,
            page: arrived.page,
            per_page: arrived.per_page,
            space,
            ids: Vec::with_capacity(arrived.records.len()),
            without_id: 0,
            count: arrived.count,
            has_next_page: arrived.has_next_page,
        };
        let rows = arrived.records.len();
        let table = self.table(key.entity)?;
        let mut text = String::new();
        let mut verdicts = Vec::with_capacity(rows);
        for record in &arrived.records {
            let Some(id) = ids::number(&record["id"]) else {
                end.without_id += 1;
                continue;
            };
            end.ids.push(id);
            let (record, sha256) = line::sealed(record);
            let verdict = table.judge(id, &sha256, pass, space);
            if matches!(verdict, Verdict::New | Verdict::Changed) {
                let record = serde_json::from_str::<&RawValue>(&record)
                    .map_err(|error| SnapshotError::io("write", table.path())(error.into()))?;
                let row = Row {
                    id,
                    pass,
                    page: arrived.page,
                    space,
                    sha256,
                    record,
                };
                table.push_line(&mut text, &Line::Row(row))?;
            }
            verdicts.push(verdict);
        }
        table.push_line(&mut text, &Line::Page(end.clone()))?;
        table.append(&text)?;
        let state = table.note(key, &end, &verdicts);
        self.set_state(key, state);
        let fresh = verdicts.iter().filter(|v| **v != Verdict::Duplicate);
        Ok(PageOutcome {
            rows,
            fresh: fresh.count() + usize::try_from(end.without_id).unwrap_or(usize::MAX),
        })
    }

    /// Notes that a list was read to its end. What an earlier pass had and this one did not
    /// see is marked as gone, unless the list changed while it was read.
    ///
    /// # Errors
    /// [`SnapshotError`] when the file system refuses.
    pub fn end_list(&mut self, key: ListKey) -> Result<ListState, SnapshotError> {
        let pass = self.pass().number;
        let mut state = self.table(key.entity)?.state(key);
        if !state.has_drifted() {
            let table = self.table(key.entity)?;
            let mut text = String::new();
            let gone = table.unseen(pass, key.space.map(super::SpaceId::get));
            for id in &gone {
                table.push_line(&mut text, &Line::Gone(Gone { id: *id, pass }))?;
            }
            table.append(&text)?;
            table.forget(&gone);
            state.counts.gone = gone.len() as u64;
        }
        state.is_done = true;
        self.set_state(key, state.clone());
        self.manifest.write(&self.directory)?;
        Ok(state)
    }

    /// Notes that every list was read: from now on the snapshot can be used.
    ///
    /// # Errors
    /// [`SnapshotError`] when the file system refuses.
    pub fn finish(mut self, now: Timestamp) -> Result<Manifest, SnapshotError> {
        if let Some(pass) = self.manifest.passes.last_mut() {
            pass.finished_at = Some(now);
        }
        self.manifest.write(&self.directory)?;
        Ok(self.manifest)
    }

    fn pass(&self) -> &Pass {
        // `open` leaves one there.
        &self.manifest.passes[self.manifest.passes.len() - 1]
    }

    fn set_state(&mut self, key: ListKey, state: ListState) {
        if let Some(pass) = self.manifest.passes.last_mut() {
            pass.lists.insert(key.to_string(), state);
        }
    }

    fn table(&mut self, entity: Entity) -> Result<&mut Table, SnapshotError> {
        let pass = self.pass().number;
        match self.tables.entry(entity) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let path = self.directory.join(format!("{entity}.jsonl"));
                Ok(entry.insert(Table::open(path, pass)?))
            }
        }
    }
}
