//! Which page belongs to which key.

use std::collections::HashMap;

use jiff::Timestamp;
use notion::PageId;
use rusqlite::params;

use super::{Error, State, millis, time};

/// A data source, as the file numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The Community Hub.
    Members,
    /// The activities.
    Activities,
}

impl Source {
    const fn number(self) -> i64 {
        match self {
            Self::Members => 0,
            Self::Activities => 1,
        }
    }
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The page; `None` when one was being made and nobody knows the outcome.
    pub page: Option<PageId>,
    /// The hash of what was last written.
    pub hash: String,
    /// When making it began; of no meaning once there is a page.
    pub since: Timestamp,
}

impl State {
    /// What is known of these keys.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pages(
        &self,
        source: Source,
        keys: Vec<String>,
    ) -> Result<HashMap<String, Known>, Error> {
        self.run("reading pages", move |transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT page, hash, since FROM pages WHERE source = ?1 AND key = ?2",
            )?;
            let mut found = HashMap::new();
            for key in keys {
                let mut rows = select.query(params![source.number(), key])?;
                if let Some(row) = rows.next()? {
                    let page: Option<String> = row.get(0)?;
                    let known = Known {
                        page: page.and_then(|page| page.parse().ok()),
                        hash: row.get(1)?,
                        since: time(row.get(2)?),
                    };
                    drop(rows);
                    found.insert(key, known);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Every key of a source that has a page.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn keys(&self, source: Source) -> Result<Vec<String>, Error> {
        self.run("reading keys", move |transaction| {
            let mut select =
                transaction.prepare_cached("SELECT key FROM pages WHERE source = ?1")?;
            let rows = select.query_map([source.number()], |row| row.get(0))?;
            rows.collect()
        })
        .await
    }

    /// Rows of these keys are about to be made: until their pages are kept, nobody knows.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn making(
        &self,
        source: Source,
        keys: Vec<String>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.run("noting rows that are made", move |transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO pages (source, key, page, hash, since)
                 VALUES (?1, ?2, NULL, '', ?3)",
            )?;
            for key in &keys {
                insert.execute(params![source.number(), key, millis(now)])?;
            }
            Ok(())
        })
        .await
    }

    /// These rows are there, with these hashes.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn keep_pages(
        &self,
        source: Source,
        pages: Vec<(String, PageId, String)>,
    ) -> Result<(), Error> {
        self.run("keeping pages", move |transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO pages (source, key, page, hash, since)
                 VALUES (?1, ?2, ?3, ?4, 0)",
            )?;
            let mut adopted = transaction.prepare_cached("DELETE FROM unkeyed WHERE page = ?1")?;
            for (key, page, hash) in &pages {
                insert.execute(params![source.number(), key, page.as_str(), hash])?;
                if source == Source::Members {
                    adopted.execute([page.as_str()])?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Forgets all pages of a source, before they are read anew.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn forget_pages(&self, source: Source) -> Result<(), Error> {
        self.run("forgetting pages", move |transaction| {
            transaction.execute("DELETE FROM pages WHERE source = ?1", [source.number()])?;
            if source == Source::Members {
                transaction.execute("DELETE FROM unkeyed", [])?;
            }
            Ok(())
        })
        .await
    }

    /// Rows of the Community Hub that have an address and no key: people made them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn keep_unkeyed(&self, rows: Vec<(String, PageId)>) -> Result<(), Error> {
        self.run("keeping rows without a key", move |transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO unkeyed (email, page) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?;
            for (email, page) in &rows {
                insert.execute(params![email, page.as_str()])?;
            }
            Ok(())
        })
        .await
    }

    /// The one row with this address and no key; `None` when there is none or several.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unkeyed(&self, email: String) -> Result<Option<PageId>, Error> {
        let pages: Vec<String> = self
            .run("reading rows without a key", move |transaction| {
                let mut select = transaction
                    .prepare_cached("SELECT page FROM unkeyed WHERE email = ?1 LIMIT 2")?;
                let rows = select.query_map([email], |row| row.get(0))?;
                rows.collect()
            })
            .await?;
        match pages.as_slice() {
            [one] => Ok(one.parse().ok()),
            _ => Ok(None),
        }
    }
}
