//! Activities in the service's SQLite file.

use async_trait::async_trait;
use bettermode::MemberId;
use service_kit::clock::SharedClock;

use super::{Activity, ActivityQuery, ActivityStore, Retention, Summary, SummaryQuery};
use crate::stores::{SqliteFile, StoreError};

mod rows;
pub(super) mod statements;

/// How many rows one transaction of [`ActivityStore::prune`] deletes, so that
/// other writes get their turn between two.
const SLICE: usize = 2_000;

/// Activities in SQLite.
#[derive(Debug)]
pub struct SqliteActivities {
    file: SqliteFile,
    clock: SharedClock,
    retention: Retention,
}

impl SqliteActivities {
    /// In `file`, kept as long as `retention` says.
    #[must_use]
    pub fn new(file: SqliteFile, clock: SharedClock, retention: Retention) -> Self {
        Self {
            file,
            clock,
            retention,
        }
    }
}

#[async_trait]
impl ActivityStore for SqliteActivities {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    async fn put(&self, activities: &[Activity]) -> Result<(), StoreError> {
        let activities = self.retention.kept(self.clock.now(), activities);
        if activities.is_empty() {
            return Ok(());
        }
        self.file
            .write("storing activities", move |transaction| {
                rows::put(transaction, &activities)
            })
            .await
    }

    async fn missing(&self, activities: &[Activity]) -> Result<Vec<Activity>, StoreError> {
        let activities = self.retention.kept(self.clock.now(), activities);
        self.file
            .read("looking activities up", move |connection| {
                let mut missing = Vec::new();
                for activity in activities {
                    if !rows::is_there(connection, &activity.id())? {
                        missing.push(activity);
                    }
                }
                Ok(missing)
            })
            .await
    }

    async fn list(&self, query: ActivityQuery) -> Result<Vec<Activity>, StoreError> {
        self.file
            .read("listing activities", move |connection| {
                rows::select(connection, &query)
            })
            .await?
            .into_iter()
            .map(rows::ActivityRow::into_activity)
            .collect()
    }

    async fn summary(&self, query: SummaryQuery) -> Result<Summary, StoreError> {
        self.file
            .read("counting activities", move |connection| {
                rows::summary(connection, &query)
            })
            .await?
            .into_summary()
    }

    async fn erase(&self, member: &MemberId) -> Result<u64, StoreError> {
        let member = member.clone();
        let deleted = self
            .file
            .write("erasing a member's activities", move |transaction| {
                rows::erase(transaction, &member)
            })
            .await?;
        Ok(deleted as u64)
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        let Some(before) = self.retention.cutoff(self.clock.now()) else {
            return Ok(0);
        };
        let mut pruned = 0;
        loop {
            let (activities, counts) = self
                .file
                .write("deleting old activities", move |transaction| {
                    rows::prune(transaction, before, SLICE)
                })
                .await?;
            pruned += activities as u64;
            if activities < SLICE && counts < SLICE {
                return Ok(pruned);
            }
        }
    }

    /// The file was opened and brought up to date before this store was made.
    async fn check(&self) -> Result<(), StoreError> {
        self.file
            .read("asking for a sign of life", |connection| {
                rows::is_there(connection, "").map(|_| ())
            })
            .await
    }
}
