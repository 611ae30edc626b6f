//! The mapping file: which columns are written, with what, and how engagement is counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use notion::PropertyKind;
use serde::Deserialize;

use crate::engagement::Scoring;

mod datum;
mod fields;
mod layout;

pub use datum::Datum;
pub use fields::{ActivityField, Field, MemberField, Shape};
pub use layout::{Layout, Problem};

/// What is used where no file is named, and what `notion-sync mapping` prints.
pub const DEFAULT: &str = include_str!("mapping/default.toml");

/// The whole file, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// The Community Hub.
    pub members: Table<MemberField>,
    /// The activities; `None` when they get no rows.
    pub activities: Option<Table<ActivityField>>,
    /// The only kinds of activities that get rows; all when `None`.
    pub kinds: Option<Vec<String>>,
    /// The score.
    pub scoring: Scoring,
}

/// One data source.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<F> {
    /// The column of the external key.
    pub key: String,
    /// The column of the hash.
    pub hash: String,
    /// The columns that are written.
    pub columns: Vec<Column<F>>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column<F> {
    /// Its name in Notion.
    pub name: String,
    /// Its type in Notion.
    pub kind: PropertyKind,
    /// What is written.
    pub field: F,
}

/// What is wrong with a mapping file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("NOTION_SYNC_MAPPING={path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is no TOML, or has keys that nobody knows.
    #[error("the mapping file: {0}")]
    Toml(#[from] Box<toml::de::Error>),
    /// It says what cannot be done, one line each.
    #[error("the mapping file:\n{}", .0.join("\n"))]
    Content(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    members: RawTable,
    activities: Option<RawTable>,
    #[serde(default)]
    engagement: Scoring,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    key: String,
    hash: String,
    kinds: Option<Vec<String>>,
    columns: BTreeMap<String, RawColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    from: String,
    r#type: String,
}

impl Mapping {
    /// The mapping in this file, or the default one.
    ///
    /// # Errors
    /// [`Error`], which says what to change.
    pub fn load(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else {
            return Self::parse(DEFAULT);
        };
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text)
    }

    /// The mapping in this text.
    ///
    /// # Errors
    /// [`Error`], which says what to change.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(Box::new)?;
        let mut problems: Vec<String> = file.engagement.problem().into_iter().collect();
        if file.members.kinds.is_some() {
            problems.push("members: kinds is for [activities]".to_owned());
        }
        let members = table("members", &file.members, &mut problems);
        let activities = file
            .activities
            .as_ref()
            .map(|raw| table("activities", raw, &mut problems));
        if !problems.is_empty() {
            return Err(Error::Content(problems));
        }
        Ok(Self {
            members,
            activities,
            kinds: file.activities.and_then(|raw| raw.kinds),
            scoring: file.engagement,
        })
    }
}

fn table<F: fields::Field>(section: &str, raw: &RawTable, problems: &mut Vec<String>) -> Table<F> {
    let mut columns = Vec::new();
    for (name, column) in &raw.columns {
        let place = format!("[{section}.columns] \"{name}\"");
        if *name == raw.key || *name == raw.hash {
            problems.push(format!("{place}: is the key or hash column already"));
        }
        let kind: PropertyKind = match column.r#type.parse() {
            Ok(kind) => kind,
            Err(error) => {
                problems.push(format!("{place}: type = \"{}\": {error}", column.r#type));
                continue;
            }
        };
        let Some(field) = F::named(&column.from) else {
            let known = F::NAMES.join(", ");
            problems.push(format!(
                "{place}: from = \"{}\" is none of: {known}",
                column.from
            ));
            continue;
        };
        if !field.shape().fits(&kind) {
            problems.push(format!(
                "{place}: \"{}\" cannot be written as {kind}",
                column.from
            ));
        }
        columns.push(Column {
            name: name.clone(),
            kind,
            field,
        });
    }
    let titles = columns
        .iter()
        .filter(|column| column.kind == PropertyKind::Title);
    if titles.count() != 1 {
        problems.push(format!(
            "[{section}.columns]: exactly one column must be of type title"
        ));
    }
    if raw.key == raw.hash {
        problems.push(format!("[{section}]: key and hash must be two columns"));
    }
    Table {
        key: raw.key.clone(),
        hash: raw.hash.clone(),
        columns,
    }
}

#[cfg(test)]
mod tests;
