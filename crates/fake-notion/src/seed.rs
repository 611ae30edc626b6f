//! The two databases that the program begins with: what a community had before the sync, so
//! some of its columns are missing and one has another type.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use crate::world::{Database, Source, World};

/// A database to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDatabase {
    pub(crate) title: String,
    #[serde(default = "yes")]
    pub(crate) connected: bool,
    pub(crate) data_sources: Vec<NewSource>,
}

/// A data source to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSource {
    pub(crate) name: String,
    pub(crate) columns: BTreeMap<String, NewColumn>,
}

/// A column to make.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum NewColumn {
    /// Of this type.
    Plain(String),
    /// With what the type needs.
    Detailed(Detail),
}

/// What a type needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Detail {
    /// The data source, by id or name.
    Relation(String),
    /// The options.
    Select(Vec<String>),
    /// The options.
    MultiSelect(Vec<String>),
    /// The options.
    Status(Vec<String>),
}

fn yes() -> bool {
    true
}

/// Makes a database; `Err` names a relation that leads nowhere.
pub(crate) fn database(world: &mut World, new: NewDatabase) -> Result<Uuid, String> {
    let id = world.next_id();
    world.databases.push(Database {
        id,
        title: new.title,
        connected: new.connected,
    });
    for source in new.data_sources {
        let source_id = world.next_id();
        let mut made = Source {
            id: source_id,
            database: id,
            name: source.name,
            columns: Vec::new(),
            pages: Vec::new(),
        };
        for (name, column) in source.columns {
            add(world, &mut made, &name, column)?;
        }
        world.sources.push(made);
    }
    Ok(id)
}

fn add(world: &World, source: &mut Source, name: &str, column: NewColumn) -> Result<(), String> {
    let (kind, options, related) = match column {
        NewColumn::Plain(kind) => (kind, Vec::new(), None),
        NewColumn::Detailed(Detail::Select(options)) => ("select".to_owned(), options, None),
        NewColumn::Detailed(Detail::MultiSelect(options)) => {
            ("multi_select".to_owned(), options, None)
        }
        NewColumn::Detailed(Detail::Status(options)) => ("status".to_owned(), options, None),
        NewColumn::Detailed(Detail::Relation(to)) => {
            let found = world
                .sources
                .iter()
                .find(|source| source.name == to || source.id.to_string() == to);
            let found = found.ok_or_else(|| format!("no data source is {to}"))?;
            ("relation".to_owned(), Vec::new(), Some(found.id))
        }
    };
    source.add(name, &kind, related);
    if let Some(column) = source.columns.last_mut() {
        column.options = options;
    }
    Ok(())
}

/// The databases of a community.
pub(crate) fn community(world: &mut World) {
    let hub = [
        ("Member Name", "title"),
        ("Member Email", "rich_text"),
        ("Join Date", "date"),
        ("Membership Status", "select"),
        ("Interests", "multi_select"),
        ("Engagement Score", "number"),
        ("Notes", "rich_text"),
    ];
    let activities = [("Activity", "title"), ("Kind", "select"), ("When", "date")];
    for (title, columns) in [("Community Hub", &hub[..]), ("Activities", &activities[..])] {
        let columns = columns
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), NewColumn::Plain((*kind).to_owned())))
            .collect();
        let source = NewSource {
            name: title.to_owned(),
            columns,
        };
        let new = NewDatabase {
            title: title.to_owned(),
            connected: true,
            data_sources: vec![source],
        };
        // Without relations nothing can be missing.
        let _made = database(world, new);
    }
}
