//! What can be asked of Notion and done there.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Map, Value as Json, json};
use url::form_urlencoded::byte_serialize;

use super::{Call, Client};
use crate::error::Error;
use crate::id::{DataSourceId, DatabaseId, PageId};
use crate::query::{Query, QueryPage};
use crate::row::Row;
use crate::schema::{DataSource, PropertyKind, plain_text};
use crate::value::{self, Properties};

/// A data source of a database, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSource {
    /// Its id.
    pub id: DataSourceId,
    /// Its name.
    pub name: String,
}

impl Client {
    /// The name of the integration that the token is of.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn integration(&self) -> Result<String, Error> {
        let json = self
            .get("reading who the token is", "users/me".to_owned())
            .await?;
        let name = json.get("name").and_then(Json::as_str);
        Ok(name.unwrap_or_default().to_owned())
    }

    /// The data sources of a database.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn data_sources(&self, database: &DatabaseId) -> Result<Vec<FoundSource>, Error> {
        const ATTEMPTED: &str = "reading a database";
        let json = self.get(ATTEMPTED, format!("databases/{database}")).await?;
        let sources = json.get("data_sources").and_then(Json::as_array);
        let sources = sources.ok_or_else(|| foreign(ATTEMPTED, "it lists no data sources"))?;
        let read = |source: &Json| {
            Some(FoundSource {
                id: source.get("id")?.as_str()?.parse().ok()?,
                name: source.get("name")?.as_str()?.to_owned(),
            })
        };
        Ok(sources.iter().filter_map(read).collect())
    }

    /// A data source with its columns.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn data_source(&self, id: &DataSourceId) -> Result<DataSource, Error> {
        const ATTEMPTED: &str = "reading a data source";
        let json = self.get(ATTEMPTED, format!("data_sources/{id}")).await?;
        DataSource::read(&json).ok_or_else(|| foreign(ATTEMPTED, "the answer is no data source"))
    }

    /// The data source that this id names: its own, or the one of a database that has one.
    ///
    /// # Errors
    /// [`Error::SeveralSources`] when the database has more than one, and any other.
    pub async fn resolve(&self, id: &DatabaseId) -> Result<DataSource, Error> {
        let sources = match self.data_sources(id).await {
            Ok(sources) => sources,
            Err(not_found @ Error::NotFound { .. }) => {
                let Ok(source) = id.as_str().parse() else {
                    return Err(not_found);
                };
                return self.data_source(&source).await;
            }
            Err(error) => return Err(error),
        };
        match sources.as_slice() {
            [one] => self.data_source(&one.id).await,
            several => Err(Error::SeveralSources {
                count: several.len(),
                names: several
                    .iter()
                    .map(|source| format!("{} {}", source.name, source.id))
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    /// Adds columns. A relation needs the data source that it leads to.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_columns(
        &self,
        source: &DataSourceId,
        columns: &[(String, PropertyKind, Option<DataSourceId>)],
    ) -> Result<DataSource, Error> {
        const ATTEMPTED: &str = "adding columns";
        let column = |(name, kind, related): &(String, PropertyKind, Option<DataSourceId>)| {
            let settings = match (kind, related) {
                (PropertyKind::Relation, Some(related)) => json!({
                    "data_source_id": related, "type": "single_property", "single_property": {},
                }),
                _ => json!({}),
            };
            (
                name.clone(),
                json!({ "type": kind.name(), kind.name(): settings }),
            )
        };
        let properties: Map<String, Json> = columns.iter().map(column).collect();
        let call = Call {
            attempted: ATTEMPTED,
            method: Method::PATCH,
            path: format!("data_sources/{source}"),
            body: Some(json!({ "properties": properties })),
        };
        let json = self.repeat(&call).await?;
        DataSource::read(&json).ok_or_else(|| foreign(ATTEMPTED, "the answer is no data source"))
    }

    /// One page of a query.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn query(&self, source: &DataSourceId, query: &Query) -> Result<QueryPage, Error> {
        const ATTEMPTED: &str = "reading rows";
        let mut path = format!("data_sources/{source}/query");
        for (number, column) in query.columns.iter().enumerate() {
            let sign = if number == 0 { '?' } else { '&' };
            let id: String = byte_serialize(column.as_str().as_bytes()).collect();
            // Writing to a text cannot fail.
            let _ = write!(path, "{sign}filter_properties={id}");
        }
        let call = Call {
            attempted: ATTEMPTED,
            method: Method::POST,
            path,
            body: Some(query.body()),
        };
        let json = self.repeat(&call).await?;
        QueryPage::read(&json).ok_or_else(|| foreign(ATTEMPTED, "the answer is no list"))
    }

    /// Changes these columns of a row, and no others.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Trashed`] when the row is gone, and any other.
    pub async fn update(&self, page: &PageId, properties: &Properties) -> Result<(), Error> {
        let call = Call {
            attempted: "changing a row",
            method: Method::PATCH,
            path: format!("pages/{page}"),
            body: Some(json!({ "properties": value::to_json(properties) })),
        };
        // Absolute values: twice is the same as once.
        self.repeat(&call).await.map(|_| ())
    }

    /// One row with all its columns.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn page(&self, page: &PageId) -> Result<Row, Error> {
        const ATTEMPTED: &str = "reading a row";
        let json = self.get(ATTEMPTED, format!("pages/{page}")).await?;
        Row::read(&json).ok_or_else(|| foreign(ATTEMPTED, "the answer is no page"))
    }

    /// The title of a database.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn database_title(&self, database: &DatabaseId) -> Result<String, Error> {
        let json = self
            .get("reading a database", format!("databases/{database}"))
            .await?;
        Ok(plain_text(json.get("title").unwrap_or(&Json::Null)))
    }

    async fn get(&self, attempted: &'static str, path: String) -> Result<Json, Error> {
        self.repeat(&Call {
            attempted,
            method: Method::GET,
            path,
            body: None,
        })
        .await
    }
}

fn foreign(attempted: &'static str, reason: &str) -> Error {
    Error::Answer {
        attempted,
        reason: reason.to_owned(),
    }
}
