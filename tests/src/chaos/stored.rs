//! The service's store, read beside the service: in the order in which it was stored.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::Hint;
use mongodb::{Client, Collection, Database};
use rusqlite::{Connection, OpenFlags};

use super::ledger::digest;

const EVENTS: &str = "bettermode_webhook_events";
const ACTIVITIES: &str = "bettermode_member_activities";
const MEMBERS: &str = "community_members";

/// Where to read.
#[derive(Debug, Clone)]
pub(super) enum Stored {
    MongoDb(Database),
    Sqlite(PathBuf),
}

/// A stored webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) digest: u64,
}

/// What a webhook became.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Activity {
    pub(super) event_id: String,
    pub(super) member_id: String,
    pub(super) kind: String,
}

impl Stored {
    pub(super) async fn in_mongodb(uri: &str, database: &str) -> Self {
        let client = Client::with_uri_str(uri).await;
        let client = client.expect("the address is one that the driver takes");
        Self::MongoDb(client.database(database))
    }

    pub(super) fn in_sqlite(file: &Path) -> Self {
        Self::Sqlite(file.to_owned())
    }

    /// How many events have not taken effect yet.
    pub(super) async fn pending(&self) -> Result<u64, String> {
        match self {
            Self::MongoDb(database) => {
                let events: Collection<Document> = database.collection(EVENTS);
                let pending = events.count_documents(doc! { "state": "pending" });
                pending.await.map_err(|error| error.to_string())
            }
            Self::Sqlite(file) => {
                let sql = format!("SELECT count(*) FROM {EVENTS} WHERE state = 'pending'");
                let count = rows(file, &sql, |row| row.get::<_, i64>(0)).await?;
                Ok(count.first().map_or(0, |count| count.unsigned_abs()))
            }
        }
    }

    /// All events in the order in which they were stored: that of MongoDB's oplog, and
    /// of the rows' numbers.
    pub(super) async fn events(&self) -> Result<Vec<Event>, String> {
        match self {
            Self::MongoDb(database) => {
                let places = places(database).await?;
                let stored = documents(database, EVENTS, doc! {}, doc! { "payload": 1 }).await?;
                let mut events: Vec<_> = stored.iter().map(event).collect();
                events.sort_by_key(|event| places.get(&event.id).copied());
                Ok(events)
            }
            Self::Sqlite(file) => {
                let sql = format!("SELECT event_id, payload FROM {EVENTS} ORDER BY seq");
                let event = |row: &rusqlite::Row<'_>| {
                    Ok(Event {
                        id: row.get(0)?,
                        digest: digest(&row.get::<_, Vec<u8>>(1)?),
                    })
                };
                rows(file, &sql, event).await
            }
        }
    }

    /// All activities, in any order.
    pub(super) async fn activities(&self) -> Result<Vec<Activity>, String> {
        match self {
            Self::MongoDb(database) => {
                let only = doc! { "event_id": 1, "member_id": 1, "kind": 1 };
                let documents = documents(database, ACTIVITIES, doc! {}, only).await?;
                let activity = |document: &Document| Activity {
                    event_id: text(document, "event_id"),
                    member_id: text(document, "member_id"),
                    kind: text(document, "kind"),
                };
                Ok(documents.iter().map(activity).collect())
            }
            Self::Sqlite(file) => {
                let sql = format!("SELECT event_id, member_id, kind FROM {ACTIVITIES}");
                let activity = |row: &rusqlite::Row<'_>| {
                    Ok(Activity {
                        event_id: row.get(0)?,
                        member_id: row.get(1)?,
                        kind: row.get(2)?,
                    })
                };
                rows(file, &sql, activity).await
            }
        }
    }

    /// The recorded name of each member.
    pub(super) async fn member_names(&self) -> Result<BTreeMap<String, String>, String> {
        match self {
            Self::MongoDb(database) => {
                let only = doc! { "bettermode_member_id": 1, "name.value": 1 };
                let documents = documents(database, MEMBERS, doc! {}, only).await?;
                let name = |document: &Document| {
                    let name = document.get_document("name");
                    let name = name.map(|name| text(name, "value")).unwrap_or_default();
                    (text(document, "bettermode_member_id"), name)
                };
                Ok(documents.iter().map(name).collect())
            }
            Self::Sqlite(file) => {
                let sql = format!("SELECT bettermode_member_id, coalesce(name, '') FROM {MEMBERS}");
                let name = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                Ok(rows(file, &sql, name).await?.into_iter().collect())
            }
        }
    }
}

/// When each event was inserted, as a place in the oplog. The order of the collection
/// itself is not kept when mongod recovers from a crash.
async fn places(database: &Database) -> Result<HashMap<String, usize>, String> {
    let namespace = format!("{}.{EVENTS}", database.name());
    let local = database.client().database("local");
    let inserts = doc! { "op": "i", "ns": namespace };
    let inserts = documents(&local, "oplog.rs", inserts, doc! { "o._id": 1 }).await?;
    let id = |insert: &Document| Some(text(insert.get_document("o").ok()?, "_id"));
    let places = inserts.iter().enumerate();
    Ok(places
        .filter_map(|(place, insert)| Some((id(insert)?, place)))
        .collect())
}

async fn documents(
    database: &Database,
    collection: &str,
    which: Document,
    only: Document,
) -> Result<Vec<Document>, String> {
    let collection: Collection<Document> = database.collection(collection);
    let found = collection
        .find(which)
        .projection(only)
        .hint(Hint::Keys(doc! { "$natural": 1 }));
    let found = async { found.await?.try_collect().await };
    found
        .await
        .map_err(|error: mongodb::error::Error| error.to_string())
}

fn event(document: &Document) -> Event {
    let payload = match document.get("payload") {
        Some(Bson::Binary(payload)) => payload.bytes.as_slice(),
        _ => &[],
    };
    Event {
        id: text(document, "_id"),
        digest: digest(payload),
    }
}

fn text(document: &Document, field: &str) -> String {
    document.get_str(field).unwrap_or_default().to_owned()
}

async fn rows<T: Send + 'static>(
    file: &Path,
    sql: &str,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T> + Send + 'static,
) -> Result<Vec<T>, String> {
    let (file, sql) = (file.to_owned(), sql.to_owned());
    let query = move || {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map([], read)?;
        rows.collect::<rusqlite::Result<Vec<T>>>()
    };
    let read = tokio::task::spawn_blocking(query).await;
    read.expect("reading rows does not panic")
        .map_err(|error: rusqlite::Error| error.to_string())
}
