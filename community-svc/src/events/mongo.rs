//! Events in MongoDB, collection `bettermode_webhook_events`.
//!
//! It connects at first use, so the service starts while MongoDB is away. Every
//! write waits for the journals of a majority of the replica set, whatever the
//! URI says. Every call ends within its own time.

use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind, InsertManyError};
use mongodb::options::{
    Acknowledgment, ClientOptions, ConnectionString, IndexOptions, WriteConcern,
};
use mongodb::{Client, Collection, Database, IndexModel};
use secrecy::{ExposeSecret as _, SecretString};
use service_kit::clock::SharedClock;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::{Error, EventQuery, EventStore, NewEvent, Outcome, PAGE_BYTES, StoredEvent, millis};

mod document;

use document::EventDocument;

const COLLECTION: &str = "bettermode_webhook_events";

/// How long finding a usable server may take.
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_secs(3);
/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the majority may take to confirm a write.
const WRITE_CONCERN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole call may take.
const INGEST_TIMEOUT: Duration = Duration::from_secs(10);
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(4);

/// Connections that are opened ahead of the first burst.
const WARM_CONNECTIONS: u32 = 4;

const DUPLICATE_KEY: i32 = 11_000;

/// Events in MongoDB.
pub struct MongoStore {
    address: ConnectionString,
    database: String,
    clock: SharedClock,
    client: OnceCell<Client>,
    indexes: OnceCell<()>,
}

impl std::fmt::Debug for MongoStore {
    /// Without the address, which can hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MongoStore")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl MongoStore {
    /// A store in `database` of the MongoDB at `uri`; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Setting`] when `uri` or `database` cannot be used.
    pub fn new(uri: &SecretString, database: &str, clock: SharedClock) -> Result<Self, Error> {
        let address = ConnectionString::parse(uri.expose_secret()).map_err(|_| Error::Setting {
            setting: "MONGODB_URI",
            rule: "is not the address of a MongoDB; write mongodb://host:27017 or \
                       mongodb+srv://host",
        })?;
        if database.is_empty() || database.len() > 63 || database.contains(FORBIDDEN_IN_NAMES) {
            return Err(Error::Setting {
                setting: "MONGODB_DATABASE",
                rule: "must have 1 to 63 characters, and none of /\\. \"$*<>:|?",
            });
        }
        Ok(Self {
            address,
            database: database.to_owned(),
            clock,
            client: OnceCell::new(),
            indexes: OnceCell::new(),
        })
    }

    pub(super) async fn database(&self) -> Result<Database, DriverError> {
        let client = self
            .client
            .get_or_try_init(|| connect(self.address.clone()))
            .await?;
        Ok(client.database(&self.database))
    }

    async fn collection(&self) -> Result<Collection<EventDocument>, DriverError> {
        Ok(self.database().await?.collection(COLLECTION))
    }

    async fn insert(&self, documents: Vec<EventDocument>) -> Result<Vec<Outcome>, DriverError> {
        let collection = self.collection().await?;
        self.indexes
            .get_or_try_init(async || {
                collection.client().warm_connection_pool().await;
                collection.create_indexes(indexes()).await.map(|_| ())
            })
            .await?;
        let mut outcomes = vec![Outcome::Stored; documents.len()];
        let inserted = collection.insert_many(documents).ordered(false).await;
        if let Err(error) = inserted {
            for index in duplicates(error)? {
                if let Some(outcome) = outcomes.get_mut(index) {
                    *outcome = Outcome::Duplicate;
                }
            }
        }
        Ok(outcomes)
    }

    async fn find(&self, query: EventQuery) -> Result<Vec<EventDocument>, DriverError> {
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let mut found = self
            .collection()
            .await?
            .find(filter(query))
            .sort(doc! { "received_at": -1, "event_id": -1 })
            .projection(doc! { "data": 0 })
            .limit(limit)
            .max_time(LIST_TIMEOUT)
            .await?;
        let (mut page, mut bytes) = (Vec::new(), 0);
        while bytes < PAGE_BYTES
            && let Some(document) = found.try_next().await?
        {
            bytes += document.payload_bytes();
            page.push(document);
        }
        Ok(page)
    }
}

#[async_trait]
impl EventStore for MongoStore {
    fn kind(&self) -> &'static str {
        "mongodb"
    }

    fn is_embedded(&self) -> bool {
        false
    }

    async fn ingest(&self, events: &[NewEvent]) -> Result<Vec<Outcome>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let stored_at = self.clock.now();
        let documents = events
            .iter()
            .map(|event| EventDocument::new(event, stored_at))
            .collect();
        within(INGEST_TIMEOUT, "storing events", self.insert(documents)).await
    }

    async fn list(&self, query: EventQuery) -> Result<Vec<StoredEvent>, Error> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        within(LIST_TIMEOUT, "listing events", self.find(query))
            .await?
            .into_iter()
            .map(EventDocument::into_event)
            .collect()
    }

    async fn ping(&self) -> Result<(), Error> {
        within(PING_TIMEOUT, "asking for a sign of life", async {
            let database = self.database().await?;
            database.run_command(doc! { "ping": 1 }).await
        })
        .await
        .map(|_| ())
    }
}

/// What MongoDB does not take in a database's name.
const FORBIDDEN_IN_NAMES: &[char] = &[
    '/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?', '\0',
];

/// Looks up `mongodb+srv` names; opens connections only when they are used.
async fn connect(address: ConnectionString) -> Result<Client, DriverError> {
    let mut options = ClientOptions::parse(address).await?;
    options.app_name.get_or_insert("community-svc".to_owned());
    options
        .server_selection_timeout
        .get_or_insert(SERVER_SELECTION_TIMEOUT);
    options.connect_timeout.get_or_insert(CONNECT_TIMEOUT);
    options.min_pool_size.get_or_insert(WARM_CONNECTIONS);
    options.write_concern = Some(
        WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .w_timeout(WRITE_CONCERN_TIMEOUT)
            .build(),
    );
    Client::with_options(options)
}

/// `_id` keeps events unique even where an index was lost; the index on
/// `event_id` says so to people and serves their queries.
fn indexes() -> [IndexModel; 3] {
    let unique = IndexOptions::builder().unique(true).build();
    [
        IndexModel::builder()
            .keys(doc! { "event_id": 1 })
            .options(unique)
            .build(),
        IndexModel::builder()
            .keys(doc! { "received_at": -1, "event_id": -1 })
            .build(),
        IndexModel::builder()
            .keys(doc! { "event_type": 1, "received_at": -1, "event_id": -1 })
            .build(),
    ]
}

fn filter(query: EventQuery) -> Document {
    let mut filter = Document::new();
    if let Some(event_type) = query.event_type {
        filter.insert("event_type", event_type);
    }
    if let Some(before) = query.before {
        let at = DateTime::from_millis(millis(before.received_at));
        let older = doc! { "received_at": { "$lt": at } };
        let same_time = doc! { "received_at": at, "event_id": { "$lt": before.event_id } };
        filter.insert("$or", [older, same_time]);
    }
    filter
}

/// Which documents were there already, when that is all that went wrong.
fn duplicates(error: DriverError) -> Result<Vec<usize>, DriverError> {
    let ErrorKind::InsertMany(InsertManyError {
        write_errors: Some(write_errors),
        write_concern_error: None,
        ..
    }) = error.kind.as_ref()
    else {
        return Err(error);
    };
    if write_errors.iter().any(|one| one.code != DUPLICATE_KEY) {
        return Err(error);
    }
    Ok(write_errors.iter().map(|one| one.index).collect())
}

async fn within<T>(
    limit: Duration,
    attempted: &'static str,
    call: impl Future<Output = Result<T, DriverError>>,
) -> Result<T, Error> {
    let source = match timeout(limit, call).await {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.into(),
        Err(elapsed) => elapsed.into(),
    };
    Err(Error::Unavailable {
        store: "mongodb",
        attempted,
        advice: "check MONGODB_URI, and that a primary is there and takes writes",
        source,
    })
}
