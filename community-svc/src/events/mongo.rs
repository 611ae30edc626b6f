//! Events in MongoDB, collection `bettermode_webhook_events`.
//!
//! One document holds an event and what is still to be done of it, so that every
//! change of both is atomic. Every call ends within its own time.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind, InsertManyError};
use service_kit::clock::SharedClock;
use tokio::sync::{OnceCell, watch};

use super::{
    DeadLetter, DeadLetterQuery, Error, EventQuery, EventStore, FollowError, NewEvent, Outcome,
    Outline, Projection, ResumeToken, Settled, Steps, StoredEvent, WatchFilter, Work,
};
use crate::stores::MongoLink;

mod document;
mod follow;
mod indexes;
mod lists;
#[cfg(test)]
mod plan_tests;
mod upkeep;
mod work;

use document::EventDocument;

const COLLECTION: &str = "bettermode_webhook_events";

/// How long a whole call may take.
const INGEST_TIMEOUT: Duration = Duration::from_secs(10);
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
const COUNT_TIMEOUT: Duration = Duration::from_secs(30);
const WORK_TIMEOUT: Duration = Duration::from_secs(10);
const UPKEEP_TIMEOUT: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(4);

const DUPLICATE_KEY: i32 = 11_000;

/// Events in MongoDB.
#[derive(Debug)]
pub struct MongoStore {
    link: MongoLink,
    clock: SharedClock,
    indexes: OnceCell<()>,
    stored: watch::Sender<()>,
}

impl MongoStore {
    /// Over this link; nothing is sent yet.
    #[must_use]
    pub fn new(link: MongoLink, clock: SharedClock) -> Self {
        Self {
            link,
            clock,
            indexes: OnceCell::new(),
            stored: watch::Sender::new(()),
        }
    }

    /// For tests that look at what is behind the store.
    #[cfg(test)]
    pub(super) async fn database(&self) -> mongodb::Database {
        self.link.database().await.unwrap()
    }

    /// The collection, with its indexes.
    async fn collection(&self) -> Result<Collection<EventDocument>, DriverError> {
        let database = self.link.database().await?;
        let collection = database.collection(COLLECTION);
        self.indexes
            .get_or_try_init(async || {
                collection.client().warm_connection_pool().await;
                let plain = collection.clone_with_type::<Document>();
                plain.create_indexes(indexes::all()).await.map(|_| ())
            })
            .await?;
        Ok(collection)
    }

    async fn insert(&self, documents: Vec<EventDocument>) -> Result<Vec<Outcome>, DriverError> {
        let mut outcomes = vec![Outcome::Stored; documents.len()];
        let collection = self.collection().await?;
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
        let outcomes = self
            .link
            .within(INGEST_TIMEOUT, "storing events", self.insert(documents))
            .await?;
        self.stored.send_replace(());
        Ok(outcomes)
    }

    async fn get(&self, event_id: &str) -> Result<Option<StoredEvent>, Error> {
        self.link
            .within(LIST_TIMEOUT, "reading an event", async {
                lists::get(&self.collection().await?, event_id).await
            })
            .await?
            .map(EventDocument::into_event)
            .transpose()
    }

    async fn list(&self, query: EventQuery) -> Result<Vec<StoredEvent>, Error> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        self.link
            .within(LIST_TIMEOUT, "listing events", async {
                lists::events(&self.collection().await?, &query).await
            })
            .await?
            .into_iter()
            .map(EventDocument::into_event)
            .collect()
    }

    async fn outlines(&self, query: EventQuery) -> Result<Vec<Outline>, Error> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        self.link
            .within(LIST_TIMEOUT, "listing events", async {
                lists::outlines(&self.collection().await?, &query).await
            })
            .await?
            .into_iter()
            .map(lists::OutlineDocument::into_outline)
            .collect()
    }

    async fn outlines_of(&self, event_ids: &[String]) -> Result<Vec<Outline>, Error> {
        self.link
            .within(LIST_TIMEOUT, "looking up events", async {
                lists::outlines_of(&self.collection().await?, event_ids).await
            })
            .await?
            .into_iter()
            .map(lists::OutlineDocument::into_outline)
            .collect()
    }

    async fn count(&self, query: EventQuery) -> Result<u64, Error> {
        self.link
            .within(COUNT_TIMEOUT, "counting events", async {
                lists::count(&self.collection().await?, &query).await
            })
            .await
    }

    async fn dead_letters(&self, query: DeadLetterQuery) -> Result<Vec<DeadLetter>, Error> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let found = self
            .link
            .within(LIST_TIMEOUT, "listing dead letters", async {
                lists::dead_letters(&self.collection().await?, &query).await
            })
            .await?;
        lists::merged(found, query.limit)
    }

    async fn claim(&self, now: Timestamp, limit: usize) -> Result<Vec<Work>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let claimed = self
            .link
            .within(WORK_TIMEOUT, "claiming work", async {
                work::claim(&self.collection().await?, now, limit).await
            })
            .await?;
        claimed.into_iter().map(work::Claimed::into_work).collect()
    }

    async fn settle(&self, settled: &[Settled]) -> Result<(), Error> {
        self.link
            .within(WORK_TIMEOUT, "settling work", async {
                work::settle(&self.collection().await?, settled).await
            })
            .await
    }

    async fn redo(
        &self,
        event_ids: &[String],
        projections: &[Projection],
        now: Timestamp,
    ) -> Result<(), Error> {
        self.link
            .within(WORK_TIMEOUT, "replaying events", async {
                work::redo(&self.collection().await?, event_ids, projections, now).await
            })
            .await?;
        self.stored.send_replace(());
        Ok(())
    }

    async fn erase(&self, member_id: &str) -> Result<u64, Error> {
        let now = self.clock.now();
        self.link
            .within(UPKEEP_TIMEOUT, "erasing a member's events", async {
                upkeep::erase(&self.collection().await?, member_id, now).await
            })
            .await
    }

    async fn retain(&self, age: Option<Duration>) -> Result<u64, Error> {
        self.link
            .within(UPKEEP_TIMEOUT, "setting how long events are kept", async {
                upkeep::retain(&self.collection().await?, age).await
            })
            .await
            .map(|()| 0)
    }

    async fn follow(
        &self,
        after: Option<ResumeToken>,
        filter: WatchFilter,
    ) -> Result<Steps, FollowError> {
        // Not before the collection is there.
        self.link
            .within(LIST_TIMEOUT, "opening a watch", self.collection())
            .await?;
        follow::start(&self.link, after, filter).await
    }

    fn stored_signal(&self) -> watch::Receiver<()> {
        self.stored.subscribe()
    }

    async fn ping(&self) -> Result<(), Error> {
        self.link
            .within(PING_TIMEOUT, "asking for a sign of life", async {
                let database = self.link.database().await?;
                database.run_command(doc! { "ping": 1 }).await
            })
            .await
            .map(|_| ())
    }
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
