//! Events in SQLite, for one process.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use service_kit::clock::SharedClock;
use tokio::sync::watch;

use super::{
    DeadLetter, DeadLetterQuery, Error, EventQuery, EventStore, FollowError, NewEvent, Outcome,
    Outline, Projection, ResumeToken, Settled, Steps, StoredEvent, WatchFilter, Work,
};
use crate::stores::SqliteFile;

mod follow;
mod lists;
#[cfg(test)]
mod plan_tests;
mod rows;
mod upkeep;
mod work;

/// Events in SQLite.
pub struct SqliteStore {
    file: SqliteFile,
    clock: SharedClock,
    stored: watch::Sender<()>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

impl SqliteStore {
    /// Over this file.
    #[must_use]
    pub fn new(file: SqliteFile, clock: SharedClock) -> Self {
        Self {
            file,
            clock,
            stored: watch::Sender::new(()),
        }
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn is_embedded(&self) -> bool {
        true
    }

    async fn ingest(&self, events: &[NewEvent]) -> Result<Vec<Outcome>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let events = events.to_vec();
        let stored_at = self.clock.now();
        let outcomes = self
            .file
            .write("storing events", move |transaction| {
                rows::insert(transaction, &events, stored_at)
            })
            .await?;
        self.stored.send_replace(());
        Ok(outcomes)
    }

    async fn get(&self, event_id: &str) -> Result<Option<StoredEvent>, Error> {
        let event_id = event_id.to_owned();
        self.file
            .read("reading an event", move |view| rows::get(view, &event_id))
            .await?
            .map(rows::EventRow::into_event)
            .transpose()
    }

    async fn list(&self, query: EventQuery) -> Result<Vec<StoredEvent>, Error> {
        self.file
            .read("listing events", move |view| lists::events(view, &query))
            .await?
            .into_iter()
            .map(rows::EventRow::into_event)
            .collect()
    }

    async fn outlines(&self, query: EventQuery) -> Result<Vec<Outline>, Error> {
        self.file
            .read("listing events", move |view| lists::outlines(view, &query))
            .await?
            .into_iter()
            .map(lists::OutlineRow::into_outline)
            .collect()
    }

    async fn outlines_of(&self, event_ids: &[String]) -> Result<Vec<Outline>, Error> {
        let event_ids = event_ids.to_vec();
        self.file
            .read("looking up events", move |view| {
                lists::outlines_of(view, &event_ids)
            })
            .await?
            .into_iter()
            .map(lists::OutlineRow::into_outline)
            .collect()
    }

    async fn count(&self, query: EventQuery) -> Result<u64, Error> {
        self.file
            .read("counting events", move |view| lists::count(view, &query))
            .await
    }

    async fn dead_letters(&self, query: DeadLetterQuery) -> Result<Vec<DeadLetter>, Error> {
        self.file
            .read("listing dead letters", move |view| {
                lists::dead_letters(view, &query)
            })
            .await?
            .into_iter()
            .map(lists::DeadRow::into_dead_letter)
            .collect()
    }

    async fn claim(&self, now: Timestamp, limit: usize) -> Result<Vec<Work>, Error> {
        self.file
            .write("claiming work", move |transaction| {
                work::claim(transaction, now, limit)
            })
            .await?
            .into_iter()
            .map(work::Claimed::into_work)
            .collect()
    }

    async fn settle(&self, settled: &[Settled]) -> Result<(), Error> {
        if settled.is_empty() {
            return Ok(());
        }
        let settled = settled.to_vec();
        self.file
            .write("settling work", move |transaction| {
                work::settle(transaction, &settled)
            })
            .await
    }

    async fn redo(
        &self,
        event_ids: &[String],
        projections: &[Projection],
        now: Timestamp,
    ) -> Result<(), Error> {
        let (event_ids, projections) = (event_ids.to_vec(), projections.to_vec());
        self.file
            .write("replaying events", move |transaction| {
                work::redo(transaction, &event_ids, &projections, now)
            })
            .await?;
        self.stored.send_replace(());
        Ok(())
    }

    async fn erase(&self, member_id: &str) -> Result<u64, Error> {
        let now = self.clock.now();
        let mut erased = 0;
        loop {
            let member_id = member_id.to_owned();
            let slice = self
                .file
                .write("erasing a member's events", move |transaction| {
                    upkeep::erase(transaction, &member_id, now)
                })
                .await?;
            if slice == 0 {
                return Ok(erased);
            }
            erased += slice;
        }
    }

    async fn retain(&self, age: Option<Duration>) -> Result<u64, Error> {
        let Some(before) = age.and_then(|age| self.clock.now().checked_sub(age).ok()) else {
            return Ok(0);
        };
        let mut pruned = 0;
        loop {
            let slice = self
                .file
                .write("deleting old events", move |transaction| {
                    upkeep::prune(transaction, before)
                })
                .await?;
            if slice == 0 {
                return Ok(pruned);
            }
            pruned += slice;
        }
    }

    async fn follow(
        &self,
        after: Option<ResumeToken>,
        filter: WatchFilter,
    ) -> Result<Steps, FollowError> {
        follow::start(self.file.clone(), self.stored.subscribe(), after, filter).await
    }

    fn stored_signal(&self) -> watch::Receiver<()> {
        self.stored.subscribe()
    }

    async fn ping(&self) -> Result<(), Error> {
        self.file
            .run("asking for a sign of life", |connection| {
                connection.query_row(
                    "SELECT EXISTS (SELECT 1 FROM bettermode_webhook_events)",
                    [],
                    |_| Ok(()),
                )
            })
            .await
    }
}
