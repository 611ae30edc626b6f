//! All rows of a data source, past the 10,000 at which Notion ends a query.

use std::collections::HashSet;

use super::Client;
use crate::error::Error;
use crate::id::{DataSourceId, PageId, PropertyId};
use crate::query::{Filter, Query};
use crate::row::Row;

impl Client {
    /// Hands over every row once, the earliest made first, with these columns. Where Notion
    /// stops, the next query begins with the minute in which the last row was made.
    ///
    /// Rows that people add meanwhile may or may not be among them.
    ///
    /// # Errors
    /// [`Error`]; also when more rows were made in one minute than Notion lists.
    pub async fn scan(
        &self,
        source: &DataSourceId,
        columns: &[PropertyId],
        mut each: impl FnMut(Row),
    ) -> Result<(), Error> {
        let mut seen: HashSet<PageId> = HashSet::new();
        let mut from: Option<String> = None;
        loop {
            let window = self
                .scan_window(source, columns, from.as_deref(), &mut seen, &mut each)
                .await?;
            match window {
                None => return Ok(()),
                Some(last) if from.as_deref() == Some(last.as_str()) => {
                    return Err(Error::Answer {
                        attempted: "reading all rows",
                        reason: "more rows were made in one minute than Notion lists in a query"
                            .to_owned(),
                    });
                }
                Some(last) => from = Some(last),
            }
        }
    }

    /// One query to its end; when Notion cut it, the time at which the next one begins.
    async fn scan_window(
        &self,
        source: &DataSourceId,
        columns: &[PropertyId],
        from: Option<&str>,
        seen: &mut HashSet<PageId>,
        each: &mut impl FnMut(Row),
    ) -> Result<Option<String>, Error> {
        let mut query = Query {
            filter: from.map(|time| Filter::CreatedFrom(time.to_owned())),
            columns: columns.to_vec(),
            cursor: None,
        };
        let mut last = String::new();
        loop {
            let page = self.query(source, &query).await?;
            for row in page.rows {
                last.clone_from(&row.created_time);
                if seen.insert(row.id.clone()) {
                    each(row);
                }
            }
            if page.incomplete {
                return Ok(Some(last));
            }
            match page.next {
                None => return Ok(None),
                next => query.cursor = next,
            }
        }
    }
}
