//! A table of the mapping, held against what Notion has.

use std::fmt;

use notion::{DataSource, DataSourceId, Property, PropertyKind};

use super::Table;

/// A table whose columns are all there.
#[derive(Debug, Clone)]
pub struct Layout<F> {
    /// The data source.
    pub source: DataSourceId,
    /// The column of the key.
    pub key: Property,
    /// The column of the hash.
    pub hash: Property,
    /// The columns that are written, and with what.
    pub columns: Vec<(Property, F)>,
}

/// A column that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is not there.
    Missing {
        /// Its name.
        name: String,
        /// The type that it would have.
        kind: PropertyKind,
    },
    /// It has another type.
    Type {
        /// Its name.
        name: String,
        /// The type of the mapping.
        wanted: PropertyKind,
        /// The type in Notion.
        found: PropertyKind,
    },
    /// It is a relation to something else.
    Elsewhere {
        /// Its name.
        name: String,
    },
}

impl Problem {
    /// The column's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name, .. } | Self::Type { name, .. } | Self::Elsewhere { name } => name,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, kind } => {
                write!(f, "\"{name}\" is missing; the mapping wants {kind}")
            }
            Self::Type {
                name,
                wanted,
                found,
            } => {
                write!(f, "\"{name}\" is {found}, the mapping wants {wanted}")
            }
            Self::Elsewhere { name } => {
                write!(
                    f,
                    "\"{name}\" is a relation to another data source than the Community Hub"
                )
            }
        }
    }
}

impl<F: Clone> Layout<F> {
    /// The table in this data source. Relations must lead to `related`.
    ///
    /// # Errors
    /// Every column that does not fit.
    pub fn new(
        table: &Table<F>,
        source: &DataSource,
        related: &DataSourceId,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut find = |name: &str, kind: &PropertyKind| match fitting(source, name, kind, related)
        {
            Ok(property) => Some(property.clone()),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let key = find(&table.key, &PropertyKind::RichText);
        let hash = find(&table.hash, &PropertyKind::RichText);
        let columns: Vec<_> = table
            .columns
            .iter()
            .filter_map(|column| Some((find(&column.name, &column.kind)?, column.field.clone())))
            .collect();
        match (key, hash) {
            (Some(key), Some(hash)) if problems.is_empty() => Ok(Self {
                source: source.id.clone(),
                key,
                hash,
                columns,
            }),
            _ => Err(problems),
        }
    }
}

fn fitting<'a>(
    source: &'a DataSource,
    name: &str,
    kind: &PropertyKind,
    related: &DataSourceId,
) -> Result<&'a Property, Problem> {
    let name_of = || name.to_owned();
    let Some(property) = source.property(name) else {
        let (name, kind) = (name_of(), kind.clone());
        return Err(Problem::Missing { name, kind });
    };
    if property.kind != *kind {
        return Err(Problem::Type {
            name: name_of(),
            wanted: kind.clone(),
            found: property.kind.clone(),
        });
    }
    if property.related.as_ref().is_some_and(|to| to != related) {
        return Err(Problem::Elsewhere { name: name_of() });
    }
    Ok(property)
}
