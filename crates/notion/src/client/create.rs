//! Making a row, at most once.
//!
//! Notion has no idempotency key, no upsert and no unique column. So a row has a key column,
//! and whenever the outcome of a create is not known, the key is looked up before the row
//! is sent again.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::attempt::{Failure, Next};
use super::{Call, Client, Tries};
use crate::error::Error;
use crate::id::{DataSourceId, PageId};
use crate::query::{Filter, Query};
use crate::row::Row;
use crate::schema::Property;
use crate::value::{self, Properties};

const ATTEMPTED: &str = "making a row";
/// How long a request that nobody answered may still be under way before it is looked for.
const SETTLE: Duration = Duration::from_secs(5);

/// What tells a row from all others: a column and what it holds.
#[derive(Debug, Clone)]
pub struct Key<'a> {
    /// The column.
    pub column: &'a Property,
    /// What it holds; exactly one row shall.
    pub value: &'a str,
}

/// A row that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// This call made it.
    Made(PageId),
    /// An earlier try had made it, or somebody else. It holds what that one wrote.
    Found(PageId),
}

impl Created {
    /// The row's page.
    #[must_use]
    pub fn page(&self) -> &PageId {
        match self {
            Self::Made(page) | Self::Found(page) => page,
        }
    }
}

impl Client {
    /// Makes a row. `properties` must hold the key. After an unknown outcome the row is
    /// looked for before it is sent again, so that it is not made twice.
    ///
    /// # Errors
    /// [`Error`]. After [`Error::Unavailable`] the row may exist: look it up with
    /// [`Client::find`] before the next try.
    pub async fn create(
        &self,
        source: &DataSourceId,
        key: &Key<'_>,
        properties: &Properties,
    ) -> Result<Created, Error> {
        let call = Call {
            attempted: ATTEMPTED,
            method: Method::POST,
            path: "pages".to_owned(),
            body: Some(json!({
                "parent": { "type": "data_source_id", "data_source_id": source },
                "properties": value::to_json(properties),
            })),
        };
        let mut tries = Tries::new(self, ATTEMPTED);
        loop {
            let failure = match self.attempt(&call).await {
                Ok(json) => match Row::read(&json) {
                    Some(row) => return Ok(Created::Made(row.id)),
                    None => Failure::no_answer("the answer is no page"),
                },
                Err(failure) => failure,
            };
            let may_be_done = may_be_done(&failure);
            tries.pause(failure).await?;
            if may_be_done {
                tokio::time::sleep(SETTLE).await;
                if let Some(page) = self.find(source, key).await? {
                    return Ok(Created::Found(page));
                }
            }
        }
    }

    /// The row of this key that was made first; none when there is none.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn find(
        &self,
        source: &DataSourceId,
        key: &Key<'_>,
    ) -> Result<Option<PageId>, Error> {
        let query = Query {
            filter: Some(Filter::equals(key.column, key.value)),
            columns: vec![key.column.id.clone()],
            cursor: None,
        };
        let found = self.query(source, &query).await?;
        // Whether `equals` looks at case is not documented, so it is compared again here.
        let same = |row: &Row| row.text(&key.column.id) == key.value && !row.in_trash;
        Ok(found.rows.into_iter().find(same).map(|row| row.id))
    }
}

fn may_be_done(failure: &Failure) -> bool {
    match failure.next {
        Next::Unknown => true,
        // Refused for the pace, nothing was done; overloaded, nobody knows.
        Next::Throttled(_) => !failure.reason.starts_with("429"),
        Next::NotSent | Next::Never(_) => false,
    }
}
