//! One MongoDB client for all stores of one process.
//!
//! It connects at first use, so the service starts while MongoDB is away. Every
//! write waits for the journals of a majority of the replica set, whatever the
//! URI says.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mongodb::error::Error as DriverError;
use mongodb::options::{Acknowledgment, ClientOptions, ConnectionString, WriteConcern};
use mongodb::{Client, Database};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::StoreError;

pub(crate) mod expiry;

/// How long finding a usable server may take.
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_secs(3);
/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the majority may take to confirm a write.
const WRITE_CONCERN_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that are opened ahead of the first burst.
const WARM_CONNECTIONS: u32 = 4;

/// After so many calls in a row without any answer the driver is given up for a new one.
///
/// It opens at most two connections at a time and waits for the first answer on
/// them without limit (mongodb 3.9, `cmap/establish.rs`): two that a network swallows,
/// and it opens no other until the operating system ends them, a quarter of an hour on.
const SILENCES: u32 = 3;

/// What MongoDB does not take in a database's name.
const FORBIDDEN_IN_NAMES: &[char] = &[
    '/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?', '\0',
];

/// The way to one database; cheap to clone.
#[derive(Clone)]
pub struct MongoLink(Arc<Inner>);

struct Inner {
    address: ConnectionString,
    database: String,
    clients: Mutex<Arc<Clients>>,
}

/// The driver's clients, made when they are used first.
#[derive(Default)]
struct Clients {
    calls: OnceCell<Client>,
    watching: OnceCell<Client>,
    /// Calls that had no answer in time since the last one that had.
    silences: AtomicU32,
}

impl std::fmt::Debug for MongoLink {
    /// Without the address, which can hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MongoLink")
            .field("database", &self.0.database)
            .finish_non_exhaustive()
    }
}

impl MongoLink {
    /// The way to `database` of the MongoDB at `uri`; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Setting`] when `uri` or `database` cannot be used.
    pub fn new(uri: &SecretString, database: &str) -> Result<Self, StoreError> {
        let address =
            ConnectionString::parse(uri.expose_secret()).map_err(|_| StoreError::Setting {
                setting: "MONGODB_URI",
                rule: "is not the address of a MongoDB; write mongodb://host:27017 or \
                       mongodb+srv://host",
            })?;
        if database.is_empty() || database.len() > 63 || database.contains(FORBIDDEN_IN_NAMES) {
            return Err(StoreError::Setting {
                setting: "MONGODB_DATABASE",
                rule: "must have 1 to 63 characters, and none of /\\. \"$*<>:|?",
            });
        }
        Ok(Self(Arc::new(Inner {
            address,
            database: database.to_owned(),
            clients: Mutex::default(),
        })))
    }

    /// The database, its client made at the first call.
    ///
    /// # Errors
    /// What the driver failed with, such as a name that does not resolve.
    pub async fn database(&self) -> Result<Database, DriverError> {
        let inner = &self.0;
        let clients = self.clients();
        let client = clients
            .calls
            .get_or_try_init(async || Client::with_options(options(&inner.address).await?))
            .await?;
        Ok(client.database(&inner.database))
    }

    /// The database for change streams: each keeps a connection waiting, so they
    /// have connections of their own, at most `streams`, and take none from calls.
    ///
    /// # Errors
    /// As [`database`](Self::database).
    pub async fn database_to_watch(&self, streams: u32) -> Result<Database, DriverError> {
        let inner = &self.0;
        let clients = self.clients();
        let client = clients
            .watching
            .get_or_try_init(async || {
                let mut options = options(&inner.address).await?;
                options.min_pool_size = None;
                options.max_pool_size = Some(streams);
                // Opens connections only when they are used.
                Client::with_options(options)
            })
            .await?;
        Ok(client.database(&inner.database))
    }

    /// Waits for `call`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with what the driver failed with.
    pub async fn within<T>(
        &self,
        limit: Duration,
        attempted: &'static str,
        call: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, StoreError> {
        self.answered(limit, call)
            .await
            .map_err(|elapsed| failed(attempted, elapsed))?
            .map_err(|error| failed(attempted, error))
    }

    /// The same for a call whose own error says more.
    ///
    /// # Errors
    /// That no answer came in time.
    pub async fn answered<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = T>,
    ) -> Result<T, Elapsed> {
        let clients = self.clients();
        let answer = timeout(limit, call).await;
        match &answer {
            Ok(_) => clients.silences.store(0, Ordering::Relaxed),
            Err(_) => self.had_no_answer(&clients),
        }
        answer
    }

    fn clients(&self) -> Arc<Clients> {
        Arc::clone(
            &self
                .0
                .clients
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn had_no_answer(&self, clients: &Arc<Clients>) {
        if clients.silences.fetch_add(1, Ordering::Relaxed) + 1 < SILENCES {
            return;
        }
        let mut current = self
            .0
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Calls that began over a client that was given up already say nothing of this one.
        if Arc::ptr_eq(&current, clients) {
            tracing::warn!("MongoDB does not answer; connecting anew");
            *current = Arc::default();
        }
    }
}

/// What was attempted did not work, and why.
pub(crate) fn failed(
    attempted: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable {
        store: "mongodb",
        attempted,
        advice: "check MONGODB_URI, and that a primary is there and takes writes",
        source: source.into(),
    }
}

/// Looks up `mongodb+srv` names.
async fn options(address: &ConnectionString) -> Result<ClientOptions, DriverError> {
    let mut options = ClientOptions::parse(address.clone()).await?;
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
    Ok(options)
}

#[cfg(test)]
mod tests;
