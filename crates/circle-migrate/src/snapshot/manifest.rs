//! `manifest.json`: whose snapshot it is, and how far each list was read.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entity::ListKey;
use super::error::SnapshotError;
use super::files;
use super::ids::CommunityId;

pub(super) const FILE: &str = "manifest.json";
const FORMAT: u32 = 1;

/// What binds a snapshot to one community, and what was read when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of the files.
    pub format: u32,
    /// The community.
    pub community_id: CommunityId,
    /// Its name, for people.
    pub community_name: Option<String>,
    /// Where it was read from.
    pub api_url: String,
    /// Each read through the lists: the first one, then deltas.
    pub passes: Vec<Pass>,
}

/// One read through the lists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pass {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last list ended; absent while it runs or was interrupted.
    pub finished_at: Option<Timestamp>,
    /// What was to be read beside people.
    pub wanted: Wanted,
    /// The lists that it reads, by [`ListKey`]'s text; filled in as it goes.
    pub lists: BTreeMap<String, ListState>,
}

/// What is read beside people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Space groups, spaces, posts, comments, events.
    pub content: bool,
    /// Who is in which space.
    pub space_members: bool,
}

impl Wanted {
    /// What either of two wants.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            content: self.content || other.content,
            space_members: self.space_members || other.space_members,
        }
    }
}

/// How far a list was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListState {
    /// What Circle counted on the first page.
    pub count_at_start: Option<u64>,
    /// What Circle counted on the last page.
    pub count_at_end: Option<u64>,
    /// Pages that were read.
    pub pages: u32,
    /// What became of their rows.
    pub counts: Counts,
    /// Whether it was read to its end.
    pub is_done: bool,
}

/// What became of the rows of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that no earlier pass had.
    pub new: u64,
    /// Rows that differ from the earlier pass.
    pub changed: u64,
    /// Rows that do not.
    pub unchanged: u64,
    /// Rows that came twice in this pass.
    pub duplicates: u64,
    /// Rows of an earlier pass that are not there any more.
    pub gone: u64,
    /// Rows without an id, which nothing can be done with.
    pub without_id: u64,
}

impl Counts {
    /// Different records that this pass saw.
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.new + self.changed + self.unchanged
    }
}

impl ListState {
    /// Whether the list changed under the reader, or hid rows from it: a delta is due.
    #[must_use]
    pub fn has_drifted(&self) -> bool {
        let seen = Some(self.counts.distinct() + self.counts.without_id);
        let differs = |count: Option<u64>| count.is_some() && count != seen;
        differs(self.count_at_start) || differs(self.count_at_end)
    }
}

impl Manifest {
    /// A snapshot that nothing was read into yet.
    pub(super) fn new(community_id: CommunityId, name: Option<String>, api_url: String) -> Self {
        Self {
            format: FORMAT,
            community_id,
            community_name: name,
            api_url,
            passes: Vec::new(),
        }
    }

    /// Whether the last pass was finished.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.passes
            .last()
            .is_some_and(|pass| pass.finished_at.is_some())
    }

    /// How far a list was read in the last pass that had it.
    #[must_use]
    pub fn list(&self, key: ListKey) -> Option<&ListState> {
        let name = key.to_string();
        let mut passes = self.passes.iter().rev();
        passes.find_map(|pass| pass.lists.get(&name))
    }

    pub(super) fn read(directory: &Path) -> Result<Self, SnapshotError> {
        let path = directory.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SnapshotError::Missing {
                    path: directory.to_owned(),
                });
            }
            Err(error) => return Err(SnapshotError::io("read", &path)(error)),
        };
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|_| SnapshotError::Damaged {
                path,
                line: 1,
                detail: "not a manifest",
            })?;
        if manifest.format != FORMAT {
            return Err(SnapshotError::Format {
                path: directory.to_owned(),
                found: manifest.format,
            });
        }
        Ok(manifest)
    }

    pub(super) fn write(&self, directory: &Path) -> Result<(), SnapshotError> {
        let path = directory.join(FILE);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| SnapshotError::io("write", &path)(error.into()))?;
        files::replace(&path, &text)
    }
}
