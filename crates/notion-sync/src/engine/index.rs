//! Learning once which rows are there: every row, with its key and hash. A hundred a call,
//! instead of one query for each member.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use notion::{PageId, Row};

use super::Engine;
use crate::error::Error;
use crate::mapping::MemberField;
use crate::state::Source;

/// How many rows are kept at once.
const BATCH: usize = 1_000;

/// What the rows were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Rows with a key of this network.
    pub rows: usize,
    /// Rows that people made: no key.
    pub unkeyed: usize,
    /// Keys that several rows have: the pages after the first one. They are never deleted.
    pub duplicates: Vec<(String, PageId)>,
}

/// Rows as they are read.
#[derive(Default)]
struct Found {
    pages: HashMap<String, (PageId, String)>,
    unkeyed: Vec<(String, PageId)>,
    indexed: Indexed,
}

impl Engine {
    /// Reads all rows, where that was not done for this source before, or `anew`.
    ///
    /// # Errors
    /// [`Error::Notion`], [`Error::State`].
    pub async fn index(&self, anew: bool) -> Result<Vec<(Source, Indexed)>, Error> {
        let mut all = Vec::new();
        for which in [Source::Members, Source::Activities] {
            if self.activities.is_none() && which == Source::Activities {
                continue;
            }
            let known = self.parts.state.meta(marker(which)).await?.is_some();
            if anew || !known {
                all.push((which, self.index_one(which).await?));
            }
        }
        if !all.is_empty() {
            let duplicates = all
                .iter()
                .map(|(_, indexed)| indexed.duplicates.len())
                .sum();
            self.parts.metrics.duplicates(duplicates);
        }
        Ok(all)
    }

    async fn index_one(&self, which: Source) -> Result<Indexed, Error> {
        let prefix = format!("bettermode:{}:", self.parts.network);
        let email = self.email_column(which);
        let (writer, hash) = match (which, &self.activities) {
            (Source::Activities, Some(table)) => (&table.writer, &table.layout.hash),
            _ => (&self.members.writer, &self.members.layout.hash),
        };
        let mut columns = vec![writer.key.id.clone(), hash.id.clone()];
        columns.extend(email.clone());
        let mut found = Found::default();
        let scan = self
            .parts
            .notion
            .scan(&writer.source, &columns, |row: Row| {
                let key = row.text(&writer.key.id);
                if key.starts_with(&prefix) {
                    found.keyed(key, row.text(&hash.id), row.id);
                } else if key.is_empty()
                    && let Some(email) = &email
                {
                    found.unkeyed(&row.text(email), row.id);
                }
            });
        scan.await?;
        self.keep(which, found).await
    }

    async fn keep(&self, which: Source, found: Found) -> Result<Indexed, Error> {
        let state = &self.parts.state;
        state.forget_pages(which).await?;
        let pages = found
            .pages
            .into_iter()
            .map(|(key, (page, hash))| (key, page, hash));
        let pages: Vec<_> = pages.collect();
        for batch in pages.chunks(BATCH) {
            state.keep_pages(which, batch.to_vec()).await?;
        }
        state.keep_unkeyed(found.unkeyed).await?;
        for (key, page) in &found.indexed.duplicates {
            tracing::warn!(key, %page, "another row has this key; it is left as it is");
        }
        state
            .set_meta(marker(which), self.parts.clock.now().to_string())
            .await?;
        tracing::info!(
            source = ?which,
            rows = found.indexed.rows,
            without_key = found.indexed.unkeyed,
            duplicates = found.indexed.duplicates.len(),
            "read all rows"
        );
        Ok(found.indexed)
    }

    fn email_column(&self, which: Source) -> Option<notion::PropertyId> {
        let columns = &self.members.layout.columns;
        let email = columns
            .iter()
            .find(|(_, field)| *field == MemberField::Email)?;
        (which == Source::Members).then(|| email.0.id.clone())
    }
}

impl Found {
    /// The row that was made first keeps the key.
    fn keyed(&mut self, key: String, hash: String, page: PageId) {
        match self.pages.entry(key) {
            Entry::Occupied(first) => {
                self.indexed.duplicates.push((first.key().clone(), page));
            }
            Entry::Vacant(place) => {
                place.insert((page, hash));
                self.indexed.rows += 1;
            }
        }
    }

    fn unkeyed(&mut self, email: &str, page: PageId) {
        self.indexed.unkeyed += 1;
        let email = email.trim().to_lowercase();
        if !email.is_empty() {
            self.unkeyed.push((email, page));
        }
    }
}

fn marker(which: Source) -> &'static str {
    match which {
        Source::Members => "indexed_members",
        Source::Activities => "indexed_activities",
    }
}
