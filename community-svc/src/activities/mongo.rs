//! Activities in MongoDB: collections `bettermode_member_activities` and
//! `bettermode_activity_counts`.
//!
//! An activity and what it counts are written in one transaction, which needs a
//! replica set; the driver repeats one that met another. The transaction of a
//! process that was killed in it holds its counts until the server gives it up
//! (`transactionLifetimeLimitSeconds`, a minute by default): activities wait then.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use bettermode::MemberId;
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryStreamExt as _};
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::{Acknowledgment, Hint, ReadConcern, TransactionOptions, WriteConcern};
use mongodb::{ClientSession, Collection, Database};
use service_kit::clock::SharedClock;
use tokio::sync::OnceCell;

use super::counts::{Scope, additions};
use super::{Activity, ActivityQuery, ActivityStore, Retention, Summary, SummaryQuery, period};
use crate::stores::mongo::expiry::code;
use crate::stores::{MongoLink, StoreError};

mod document;
pub(super) mod indexes;

use document::{ActivityDocument, CountDocument, count_id, count_update, date};

const ACTIVITIES: &str = "bettermode_member_activities";
const COUNTS: &str = "bettermode_activity_counts";

/// How long a whole call may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Deleting by the thousand takes its time.
const ERASE_TIMEOUT: Duration = Duration::from_secs(60);

/// "Transaction numbers are only allowed on a replica set member or mongos".
const ILLEGAL_OPERATION: i32 = 20;

/// Activities in MongoDB.
#[derive(Debug)]
pub struct MongoActivities {
    link: MongoLink,
    clock: SharedClock,
    retention: Retention,
    indexes: OnceCell<()>,
}

impl MongoActivities {
    /// In the database of `link`, kept as long as `retention` says.
    #[must_use]
    pub fn new(link: MongoLink, clock: SharedClock, retention: Retention) -> Self {
        Self {
            link,
            clock,
            retention,
            indexes: OnceCell::new(),
        }
    }

    /// The database, with its indexes made once.
    async fn database(&self) -> Result<Database, DriverError> {
        let database = self.link.database().await?;
        self.indexes
            .get_or_try_init(|| indexes::create(&database))
            .await?;
        Ok(database)
    }

    async fn insert(&self, activities: &[Activity]) -> Result<(), DriverError> {
        let database = self.database().await?;
        let mut session = database.client().start_session().await?;
        // A batch that names an activity twice means it once.
        let by_id: BTreeMap<_, _> = activities
            .iter()
            .map(|activity| (activity.id(), activity.clone()))
            .collect();
        session
            .start_transaction()
            .with_options(transaction_options())
            .and_run((database, by_id), insert_in_transaction)
            .await
    }

    async fn find(&self, query: ActivityQuery) -> Result<Vec<ActivityDocument>, DriverError> {
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let index = indexes::of_list(query.member_id.is_some(), query.kind.is_some());
        self.database()
            .await?
            .collection(ACTIVITIES)
            .find(filter(query))
            .sort(doc! { "timestamp": -1, "_id": -1 })
            // Left to itself, the planner guesses by what it met before.
            .hint(Hint::Keys(index))
            .limit(limit)
            .max_time(READ_TIMEOUT)
            .await?
            .try_collect()
            .await
    }

    async fn counts(&self, query: &SummaryQuery) -> Result<Counts, DriverError> {
        let collection: Collection<CountDocument> = self.database().await?.collection(COUNTS);
        let scope = Scope::of(query.member_id.as_ref());
        let (level, name) = (query.period.level(), query.period.name());
        let (part, from, until) = query.period.parts();
        let parts = doc! { "_id": {
            "$gte": count_id(&scope, part, &from),
            "$lt": count_id(&scope, part, &until),
        } };
        let mut counts = Counts {
            whole: collection
                .find_one(doc! { "_id": count_id(&scope, level, name) })
                .max_time(READ_TIMEOUT)
                .await?,
            parts: collection
                .find(parts)
                .sort(doc! { "_id": 1 })
                .max_time(READ_TIMEOUT)
                .await?
                .try_collect()
                .await?,
            most_active: Vec::new(),
        };
        if scope == Scope::Community && query.most_active > 0 {
            counts.most_active = collection
                .find(doc! { "ranked": true, "level": level.name(), "period": name })
                .sort(doc! { "count": -1, "member_id": 1 })
                .limit(i64::try_from(query.most_active).unwrap_or(i64::MAX))
                .max_time(READ_TIMEOUT)
                .await?
                .try_collect()
                .await?;
        }
        Ok(counts)
    }

    /// Each step can be done again; the last makes the member unknown for good.
    async fn delete(&self, member: &MemberId) -> Result<u64, DriverError> {
        let database = self.database().await?;
        let activities: Collection<Document> = database.collection(ACTIVITIES);
        let member = member.as_str();
        let deleted = activities
            .delete_many(doc! { "member_id": member })
            .await?
            .deleted_count;
        for field in ["actor_member_id", "data.member_id"] {
            activities
                .update_many(
                    doc! { "others": member, field: member },
                    doc! { "$unset": { field: "" } },
                )
                .await?;
        }
        activities
            .update_many(
                doc! { "others": member },
                doc! { "$pull": { "others": member } },
            )
            .await?;
        let counts: Collection<Document> = database.collection(COUNTS);
        // From the first id of the member to the end: '!' comes after the space.
        let of_member = doc! { "$gte": format!("{member} "), "$lt": format!("{member}!") };
        counts.delete_many(doc! { "_id": of_member }).await?;
        Ok(deleted)
    }
}

#[async_trait]
impl ActivityStore for MongoActivities {
    fn kind(&self) -> &'static str {
        "mongodb"
    }

    async fn put(&self, activities: &[Activity]) -> Result<(), StoreError> {
        let activities = self.retention.kept(self.clock.now(), activities);
        if activities.is_empty() {
            return Ok(());
        }
        let stored = async {
            match self.insert(&activities).await {
                Err(error) if code(&error) == Some(ILLEGAL_OPERATION) => Ok(Err(NO_TRANSACTIONS)),
                other => other.map(Ok),
            }
        };
        self.link
            .within(WRITE_TIMEOUT, "storing activities", stored)
            .await?
    }

    async fn missing(&self, activities: &[Activity]) -> Result<Vec<Activity>, StoreError> {
        let mut activities = self.retention.kept(self.clock.now(), activities);
        let ids: Vec<_> = activities.iter().map(Activity::id).collect();
        let there = self
            .link
            .within(READ_TIMEOUT, "looking activities up", async {
                let found = self.database().await?;
                let found = found.collection::<Document>(ACTIVITIES);
                let found = found.find(doc! { "_id": { "$in": ids } });
                let found: Vec<_> = found
                    .projection(doc! { "_id": 1 })
                    .await?
                    .try_collect()
                    .await?;
                Ok(ids_of(found))
            })
            .await?;
        activities.retain(|activity| !there.contains(&activity.id()));
        Ok(activities)
    }

    async fn list(&self, query: ActivityQuery) -> Result<Vec<Activity>, StoreError> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        self.link
            .within(READ_TIMEOUT, "listing activities", self.find(query))
            .await?
            .into_iter()
            .map(ActivityDocument::into_activity)
            .collect()
    }

    async fn summary(&self, query: SummaryQuery) -> Result<Summary, StoreError> {
        self.link
            .within(READ_TIMEOUT, "counting activities", self.counts(&query))
            .await?
            .into_summary()
    }

    async fn erase(&self, member: &MemberId) -> Result<u64, StoreError> {
        let attempted = "erasing a member's activities";
        self.link
            .within(ERASE_TIMEOUT, attempted, self.delete(member))
            .await
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        self.link
            .within(
                WRITE_TIMEOUT,
                "setting how long activities are kept",
                async { indexes::expire(&self.database().await?, self.retention).await },
            )
            .await?;
        Ok(0)
    }

    async fn check(&self) -> Result<(), StoreError> {
        let hello = self
            .link
            .within(READ_TIMEOUT, "asking for a sign of life", async {
                let database = self.link.database().await?;
                database.run_command(doc! { "hello": 1 }).await
            })
            .await?;
        let has_transactions =
            hello.contains_key("setName") || matches!(hello.get_str("msg"), Ok("isdbgrid"));
        has_transactions.then_some(()).ok_or(NO_TRANSACTIONS)
    }
}

const NO_TRANSACTIONS: StoreError = StoreError::Setting {
    setting: "MONGODB_URI",
    rule: "names a MongoDB that is not a replica set and so has no transactions, without which \
           activities cannot be counted exactly; a replica set of one member will do",
};

fn transaction_options() -> TransactionOptions {
    TransactionOptions::builder()
        .read_concern(ReadConcern::snapshot())
        .write_concern(
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .w_timeout(WRITE_TIMEOUT)
                .build(),
        )
        .build()
}

/// Stores and counts what is not there yet.
fn insert_in_transaction<'a>(
    session: &'a mut ClientSession,
    (database, by_id): &'a mut (Database, BTreeMap<String, Activity>),
) -> BoxFuture<'a, Result<(), DriverError>> {
    async move {
        let collection = database.collection::<Document>(ACTIVITIES);
        let ids: Vec<_> = by_id.keys().map(String::as_str).collect();
        let found: Vec<Document> = collection
            .find(doc! { "_id": { "$in": ids } })
            .projection(doc! { "_id": 1 })
            .session(&mut *session)
            .await?
            .stream(&mut *session)
            .try_collect()
            .await?;
        let there = ids_of(found);
        let is_new = |(id, _): &(&String, &Activity)| !there.contains(*id);
        let added: Vec<_> = by_id.iter().filter(is_new).map(|(_, new)| new).collect();
        if added.is_empty() {
            return Ok(());
        }
        database
            .collection(ACTIVITIES)
            .insert_many(added.iter().map(|new| ActivityDocument::new(new)))
            .session(&mut *session)
            .await?;
        count(database, session, &added).await
    }
    .boxed()
}

/// One command for all counts, which every server takes; the driver's own bulk
/// write needs MongoDB 8.
async fn count(
    database: &Database,
    session: &mut ClientSession,
    added: &[&Activity],
) -> Result<(), DriverError> {
    let additions = additions(added.iter().copied());
    let updates: Vec<_> = additions.iter().map(count_update).collect();
    let answer = database
        .run_command(doc! { "update": COUNTS, "updates": updates })
        .session(session)
        .await?;
    if let Some(errors) = answer.get("writeErrors") {
        return Err(DriverError::custom(format!(
            "counts were refused: {errors}"
        )));
    }
    Ok(())
}

fn ids_of(found: Vec<Document>) -> HashSet<String> {
    let id = |mut one: Document| match one.remove("_id") {
        Some(Bson::String(id)) => Some(id),
        _ => None,
    };
    found.into_iter().filter_map(id).collect()
}

/// The bound on `timestamp` keeps a page that goes on within its index.
pub(super) fn filter(query: ActivityQuery) -> Document {
    let mut filter = Document::new();
    if let Some(member) = query.member_id {
        filter.insert("member_id", member.as_str());
    }
    if let Some(kind) = query.kind {
        filter.insert("kind", kind);
    }
    let mut range = Document::new();
    if let Some(from) = query.from {
        range.insert("$gte", date_up(from));
    }
    match (query.before, query.until) {
        (Some(cursor), _) => {
            let at = date(cursor.occurred_at);
            range.insert("$lte", at);
            let older = doc! { "timestamp": { "$lt": at } };
            filter.insert("$or", [older, doc! { "_id": { "$lt": cursor.id } }]);
        }
        (None, Some(until)) => {
            range.insert("$lt", date_up(until));
        }
        (None, None) => {}
    }
    if !range.is_empty() {
        filter.insert("timestamp", range);
    }
    filter
}

/// The bound of a range: the next millisecond unless it is a whole one.
fn date_up(at: jiff::Timestamp) -> mongodb::bson::DateTime {
    let whole = date(at);
    if super::to_millisecond(at) < at {
        mongodb::bson::DateTime::from_millis(whole.timestamp_millis() + 1)
    } else {
        whole
    }
}

/// What a summary is made of.
struct Counts {
    whole: Option<CountDocument>,
    parts: Vec<CountDocument>,
    most_active: Vec<CountDocument>,
}

impl Counts {
    fn into_summary(self) -> Result<Summary, StoreError> {
        let mut summary = Summary::default();
        if let Some(whole) = self.whole {
            summary.total = whole.count();
            summary.by_kind = whole.by_kind();
            summary.last_active = Some(whole.last_active()?);
        }
        for part in self.parts {
            let begin = period::begin(&part.period).ok_or_else(|| StoreError::Unreadable {
                store: "mongodb",
                what: "a period of the counts".to_owned(),
            })?;
            summary.by_part.push((begin, part.count()));
        }
        for member in self.most_active {
            summary.most_active.push(member.into_member()?);
        }
        Ok(summary.in_order())
    }
}
