//! One file of a snapshot while it is written: what is known of each id, and how far each
//! list got in this pass.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::snapshot::entity::ListKey;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::files;
use crate::snapshot::line::{self, Line, PageEnd};
use crate::snapshot::manifest::ListState;

/// What a row is, compared with what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No earlier pass had it.
    New,
    /// An earlier pass had it, otherwise.
    Changed,
    /// An earlier pass had it as it is.
    Unchanged,
    /// This pass had it already.
    Duplicate,
}

#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    file: File,
    known: HashMap<u64, Known>,
    lists: HashMap<Option<u64>, Progress>,
}

/// What is known of an id.
#[derive(Debug)]
struct Known {
    sha256: String,
    space: Option<u64>,
    /// The last pass that saw it.
    seen: u32,
    is_gone: bool,
}

/// How far a list got in this pass.
#[derive(Debug, Clone, Default)]
struct Progress {
    page: u32,
    per_page: u32,
    state: ListState,
}

impl Table {
    /// Opens the file, drops what came after its last whole page, and learns what it holds.
    pub(super) fn open(path: PathBuf, pass: u32) -> Result<Self, SnapshotError> {
        let file = files::append(&path)?;
        let mut table = Self {
            path,
            file,
            known: HashMap::new(),
            lists: HashMap::new(),
        };
        // Rows count once the end of their page is there.
        let mut open: HashMap<u64, Verdict> = HashMap::new();
        let reading = table
            .file
            .try_clone()
            .map_err(SnapshotError::io("open", &table.path))?;
        let path = table.path.clone();
        let extent = line::each(&path, &reading, |_, line| {
            match line {
                Line::Row(row) => {
                    let verdict = table.judge(row.id, &row.sha256, row.pass, row.space);
                    open.insert(row.id, verdict);
                }
                Line::Gone(gone) => table.forget(&[gone.id]),
                Line::Page(end) => {
                    let mut verdicts = Vec::with_capacity(end.ids.len());
                    for id in &end.ids {
                        let verdict = open
                            .remove(id)
                            .unwrap_or_else(|| table.again(*id, end.pass));
                        verdicts.push(verdict);
                    }
                    if end.pass == pass {
                        table.count(&end, &verdicts);
                    }
                }
            }
            Ok(())
        })?;
        if extent.whole != extent.end {
            table.cut(extent.whole)?;
            // What is known came partly from rows that are gone now.
            return Self::open(table.path, pass);
        }
        Ok(table)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Says what a row is, and remembers it.
    pub(super) fn judge(
        &mut self,
        id: u64,
        sha256: &str,
        pass: u32,
        space: Option<u64>,
    ) -> Verdict {
        let now = Known {
            sha256: sha256.to_owned(),
            space,
            seen: pass,
            is_gone: false,
        };
        match self.known.get_mut(&id) {
            None => {
                self.known.insert(id, now);
                Verdict::New
            }
            Some(known) if known.seen == pass && !known.is_gone => Verdict::Duplicate,
            Some(known) => {
                let same = known.sha256 == sha256 && !known.is_gone;
                *known = now;
                if same {
                    Verdict::Unchanged
                } else {
                    Verdict::Changed
                }
            }
        }
    }

    /// The same for a row of which only the id was kept, because nothing had changed.
    fn again(&mut self, id: u64, pass: u32) -> Verdict {
        match self.known.get_mut(&id) {
            Some(known) if known.seen != pass => {
                known.seen = pass;
                Verdict::Unchanged
            }
            _ => Verdict::Duplicate,
        }
    }

    pub(super) fn push_line(
        &self,
        text: &mut String,
        line: &Line<'_>,
    ) -> Result<(), SnapshotError> {
        let line = serde_json::to_string(line)
            .map_err(|error| SnapshotError::io("write", &self.path)(error.into()))?;
        text.push_str(&line);
        text.push('\n');
        Ok(())
    }

    /// Appends lines; they are on disk when this returns.
    pub(super) fn append(&mut self, text: &str) -> Result<(), SnapshotError> {
        if text.is_empty() {
            return Ok(());
        }
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(SnapshotError::io("write", &self.path))
    }

    /// Counts a page that was kept.
    pub(super) fn note(&mut self, key: ListKey, end: &PageEnd, verdicts: &[Verdict]) -> ListState {
        self.count(end, verdicts);
        self.state(key)
    }

    fn count(&mut self, end: &PageEnd, verdicts: &[Verdict]) {
        let progress = self.lists.entry(end.space).or_default();
        progress.page = end.page;
        progress.per_page = end.per_page;
        let state = &mut progress.state;
        state.count_at_start = state.count_at_start.or(end.count);
        state.count_at_end = end.count.or(state.count_at_end);
        state.pages += 1;
        state.counts.without_id += end.without_id;
        for verdict in verdicts {
            let counter = match verdict {
                Verdict::New => &mut state.counts.new,
                Verdict::Changed => &mut state.counts.changed,
                Verdict::Unchanged => &mut state.counts.unchanged,
                Verdict::Duplicate => &mut state.counts.duplicates,
            };
            *counter += 1;
        }
    }

    /// How far a list got in this pass: its last page, the rows of one, and what its pages
    /// brought.
    pub(super) fn progress(&self, key: ListKey) -> Option<(u32, u32, ListState)> {
        let space = key.space.map(crate::snapshot::SpaceId::get);
        let progress = self.lists.get(&space)?;
        Some((progress.page, progress.per_page, progress.state.clone()))
    }

    pub(super) fn has_seen(&self, id: u64, pass: u32) -> bool {
        let known = self.known.get(&id);
        known.is_some_and(|known| known.seen == pass && !known.is_gone)
    }

    pub(super) fn state(&self, key: ListKey) -> ListState {
        self.progress(key)
            .map(|(_, _, state)| state)
            .unwrap_or_default()
    }

    pub(super) fn seen(&self) -> Vec<u64> {
        let mut ids: Vec<_> = self
            .known
            .iter()
            .filter(|(_, known)| !known.is_gone)
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Records of a list that earlier passes saw and this one did not.
    pub(super) fn unseen(&self, pass: u32, space: Option<u64>) -> Vec<u64> {
        let mut ids: Vec<_> = self
            .known
            .iter()
            .filter(|(_, known)| known.seen != pass && !known.is_gone && known.space == space)
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Marks records as gone.
    pub(super) fn forget(&mut self, ids: &[u64]) {
        for id in ids {
            if let Some(known) = self.known.get_mut(id) {
                known.is_gone = true;
            }
        }
    }

    fn cut(&self, length: u64) -> Result<(), SnapshotError> {
        self.file
            .set_len(length)
            .and_then(|()| self.file.sync_all())
            .map_err(SnapshotError::io("cut", &self.path))
    }
}
