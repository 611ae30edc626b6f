//! Writing the id of a BetterMode member into the row of the person.
//!
//! Rows are read once, with three columns; then each person's row is found by the Circle id,
//! else by the e-mail address, and written only where it does not hold the id already.

use std::collections::HashMap;

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::id::PageId;
use crate::schema::{DataSource, Property, PropertyKind};
use crate::value::{Properties, Value};

/// The columns of the Community Hub that tell who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkColumns {
    /// Where the e-mail address is; `email`, text or title.
    pub email: String,
    /// Where the Circle id is; number, text or title. May be missing.
    pub circle_member_id: String,
    /// Where the BetterMode id goes; text or number is not enough: `rich_text`.
    pub bettermode_member_id: String,
}

impl Default for LinkColumns {
    fn default() -> Self {
        Self {
            email: "Member Email".to_owned(),
            circle_member_id: "Circle Member ID".to_owned(),
            bettermode_member_id: "BetterMode Member ID".to_owned(),
        }
    }
}

/// A person who has moved.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The e-mail address, as it stands anywhere.
    pub email: String,
    /// Circle's id of the member.
    pub circle_member_id: u64,
    /// BetterMode's id of the same person.
    pub bettermode_member_id: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("circle_member_id", &self.circle_member_id)
            .field("bettermode_member_id", &self.bettermode_member_id)
            .finish_non_exhaustive()
    }
}

/// What became of one person's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// The id was written.
    Written,
    /// The row holds it already.
    Unchanged,
    /// No row has this Circle id or this address.
    NoRow,
    /// Several rows do; none was touched.
    Several(usize),
    /// The row holds another BetterMode id; it was not touched.
    Differs,
    /// Notion did not take it; another run can.
    Failed(String),
}

/// How many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkReport {
    /// Rows that were written.
    pub written: usize,
    /// Rows that held the id already.
    pub unchanged: usize,
    /// People without a row.
    pub without_row: usize,
    /// People with several rows; nothing was written.
    pub ambiguous: usize,
    /// Rows with another BetterMode id; nothing was written.
    pub differing: usize,
    /// Rows that Notion did not take.
    pub failed: usize,
}

impl LinkReport {
    /// Everybody.
    #[must_use]
    pub fn people(&self) -> usize {
        self.written
            + self.unchanged
            + self.without_row
            + self.ambiguous
            + self.differing
            + self.failed
    }

    fn count(&mut self, linked: &Linked) {
        *match linked {
            Linked::Written => &mut self.written,
            Linked::Unchanged => &mut self.unchanged,
            Linked::NoRow => &mut self.without_row,
            Linked::Several(_) => &mut self.ambiguous,
            Linked::Differs => &mut self.differing,
            Linked::Failed(_) => &mut self.failed,
        } += 1;
    }
}

/// Why nothing can be linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A column is missing or cannot be used.
    #[error("the data source has no column \"{name}\" of type {wanted}")]
    Column {
        /// The column.
        name: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// Notion.
    #[error(transparent)]
    Notion(#[from] Error),
}

/// Writes the BetterMode id of each person into the person's row. `each` hears what became of
/// whom, in the order of `people`. A second call with the same people writes nothing.
///
/// # Errors
/// [`LinkError`] when the columns do not fit, or every further call would fail as well;
/// what was written until then stays.
pub async fn link(
    client: &Client,
    source: &DataSource,
    columns: &LinkColumns,
    people: &[Person],
    mut each: impl FnMut(&Person, &Linked),
) -> Result<LinkReport, LinkError> {
    let rows = Rows::read(client, source, columns).await?;
    let mut report = LinkReport::default();
    for person in people {
        let linked = match rows.of(person) {
            Err(reason) => reason,
            Ok(page) => match write(client, &rows.target, page, person).await {
                Ok(()) => Linked::Written,
                Err(error) if error.concerns_all() => return Err(error.into()),
                Err(error) => Linked::Failed(error.to_string()),
            },
        };
        each(person, &linked);
        report.count(&linked);
    }
    Ok(report)
}

async fn write(
    client: &Client,
    target: &Property,
    page: &PageId,
    person: &Person,
) -> Result<(), Error> {
    let id = Value::RichText(person.bettermode_member_id.clone());
    let properties = Properties::from([(target.id.as_str().to_owned(), id)]);
    client.update(page, &properties).await
}

/// Every row, by what it can be found by.
struct Rows {
    target: Property,
    by_circle: HashMap<String, Vec<usize>>,
    by_email: HashMap<String, Vec<usize>>,
    all: Vec<(PageId, String)>,
}

impl Rows {
    async fn read(
        client: &Client,
        source: &DataSource,
        columns: &LinkColumns,
    ) -> Result<Self, LinkError> {
        const TEXTS: &[PropertyKind] = &[
            PropertyKind::RichText,
            PropertyKind::Title,
            PropertyKind::Email,
            PropertyKind::Number,
        ];
        let email = column(
            source,
            &columns.email,
            &TEXTS[..3],
            "email, rich_text or title",
        )?;
        let target = column(
            source,
            &columns.bettermode_member_id,
            &TEXTS[..1],
            "rich_text",
        )?;
        let circle = if source.property(&columns.circle_member_id).is_some() {
            let wanted = "number, rich_text or title";
            Some(column(source, &columns.circle_member_id, TEXTS, wanted)?)
        } else {
            None
        };
        let mut ids = vec![email.id.clone(), target.id.clone()];
        ids.extend(circle.map(|circle| circle.id.clone()));
        let mut rows = Self {
            target: target.clone(),
            by_circle: HashMap::new(),
            by_email: HashMap::new(),
            all: Vec::new(),
        };
        let read = client.scan(&source.id, &ids, |row| {
            if row.in_trash {
                return;
            }
            let number = rows.all.len();
            let file = |map: &mut HashMap<String, Vec<usize>>, text: String| {
                if !text.is_empty() {
                    map.entry(text).or_default().push(number);
                }
            };
            file(&mut rows.by_email, normal(&row.text(&email.id)));
            if let Some(circle) = circle {
                file(&mut rows.by_circle, row.text(&circle.id).trim().to_owned());
            }
            rows.all.push((row.id.clone(), row.text(&target.id)));
        });
        read.await?;
        Ok(rows)
    }

    /// The page to write, or why none is.
    fn of(&self, person: &Person) -> Result<&PageId, Linked> {
        let circle = person.circle_member_id.to_string();
        let found = self
            .by_circle
            .get(&circle)
            .or_else(|| self.by_email.get(&normal(&person.email)))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let (page, holds) = match found {
            [] => return Err(Linked::NoRow),
            [one] => &self.all[*one],
            several => return Err(Linked::Several(several.len())),
        };
        match holds.as_str() {
            "" => Ok(page),
            same if same == person.bettermode_member_id => Err(Linked::Unchanged),
            _ => Err(Linked::Differs),
        }
    }
}

fn column<'a>(
    source: &'a DataSource,
    name: &str,
    kinds: &[PropertyKind],
    wanted: &'static str,
) -> Result<&'a Property, LinkError> {
    let found = source.property(name);
    found
        .filter(|property| kinds.contains(&property.kind))
        .ok_or_else(|| LinkError::Column {
            name: name.to_owned(),
            wanted,
        })
}

/// As addresses are compared: trimmed, in lower case.
fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
