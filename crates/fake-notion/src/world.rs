//! What the workspace holds.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::schema::Column;

/// Databases, data sources, pages.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) databases: Vec<Database>,
    pub(crate) sources: Vec<Source>,
    pub(crate) pages: HashMap<Uuid, Page>,
    made: u64,
}

/// A database.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) connected: bool,
}

/// A data source.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) id: Uuid,
    pub(crate) database: Uuid,
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// In the order in which they were made.
    pub(crate) pages: Vec<Uuid>,
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) id: Uuid,
    pub(crate) source: Uuid,
    pub(crate) created: Timestamp,
    pub(crate) edited: Timestamp,
    pub(crate) in_trash: bool,
    /// What Notion would answer, by the column's id.
    pub(crate) values: BTreeMap<String, Value>,
}

impl World {
    /// The next id; the same in every run.
    pub(crate) fn next_id(&mut self) -> Uuid {
        self.made += 1;
        // Scattered, so that nothing can lean on the order of ids.
        let low = self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Uuid::from_u64_pair(low.rotate_left(17), low ^ self.made)
    }

    /// The data source of this id, where the integration is connected to its database.
    pub(crate) fn source(&self, id: Uuid) -> Option<&Source> {
        let source = self.sources.iter().find(|source| source.id == id)?;
        self.database(source.database).map(|_| source)
    }

    pub(crate) fn source_mut(&mut self, id: Uuid) -> Option<&mut Source> {
        self.source(id)?;
        self.sources.iter_mut().find(|source| source.id == id)
    }

    /// The database of this id, where the integration is connected to it.
    pub(crate) fn database(&self, id: Uuid) -> Option<&Database> {
        self.databases
            .iter()
            .find(|database| database.id == id && database.connected)
    }

    pub(crate) fn sources_of(&self, database: Uuid) -> impl Iterator<Item = &Source> {
        self.sources
            .iter()
            .filter(move |source| source.database == database)
    }
}
