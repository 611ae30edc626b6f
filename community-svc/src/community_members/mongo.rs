//! The record of members in MongoDB: the collection `community_members`.
//!
//! A change is one update that compares versions on the server, so no transaction
//! is needed and two writers do not undo each other.

use std::time::Duration;

use async_trait::async_trait;
use bettermode::MemberId;
use jiff::Timestamp;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::IndexOptions;
use mongodb::{Database, IndexModel};
use serde::Deserialize;
use service_kit::clock::SharedClock;
use tokio::sync::OnceCell;

use super::{CircleLink, LinkOutcome, MemberChange, MemberRecord, MemberStore, Versioned};
use crate::stores::{MongoLink, StoreError};

mod links;

const COLLECTION: &str = "community_members";

/// How long a whole call may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Two writers added the same member at once; the second finds it the next time.
const DUPLICATE_KEY: i32 = 11_000;
const TRIES: usize = 3;

/// The record of members in MongoDB.
#[derive(Debug)]
pub struct MongoCommunityMembers {
    link: MongoLink,
    clock: SharedClock,
    indexes: OnceCell<()>,
}

impl MongoCommunityMembers {
    /// In the database of `link`.
    #[must_use]
    pub fn new(link: MongoLink, clock: SharedClock) -> Self {
        Self {
            link,
            clock,
            indexes: OnceCell::new(),
        }
    }

    /// The database, with its indexes made once.
    async fn database(&self) -> Result<Database, DriverError> {
        let database = self.link.database().await?;
        self.indexes
            .get_or_try_init(async || {
                let collection = database.collection::<Document>(COLLECTION);
                collection.create_indexes(indexes()).await.map(|_| ())
            })
            .await?;
        Ok(database)
    }

    async fn update(&self, changes: &[MemberChange]) -> Result<(), DriverError> {
        let database = self.database().await?;
        let now = date(self.clock.now());
        let mut changes: Vec<_> = changes.iter().collect();
        for _ in 0..TRIES {
            let updates: Vec<_> = changes
                .iter()
                .map(|change| statement(change, now))
                .collect();
            let answer = database
                .run_command(doc! {
                    "update": COLLECTION,
                    "updates": updates,
                    "ordered": false,
                    // A plain command does not take over what the client was told.
                    "writeConcern": { "w": "majority", "j": true, "wtimeout": 5_000 },
                })
                .await?;
            let again = refused(&answer)?;
            changes = again
                .iter()
                .filter_map(|at| changes.get(*at).copied())
                .collect();
            if changes.is_empty() {
                return Ok(());
            }
        }
        Err(DriverError::custom(
            "records were added and deleted at once, again and again",
        ))
    }
}

#[async_trait]
impl MemberStore for MongoCommunityMembers {
    fn kind(&self) -> &'static str {
        "mongodb"
    }

    async fn apply(&self, changes: &[MemberChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.link
            .within(WRITE_TIMEOUT, "recording members", self.update(changes))
            .await
    }

    async fn link(&self, links: &[CircleLink]) -> Result<Vec<LinkOutcome>, StoreError> {
        if links.is_empty() {
            return Ok(Vec::new());
        }
        let database = async || self.database().await;
        let linking = links::link(database, links, date(self.clock.now()));
        self.link
            .within(WRITE_TIMEOUT, "linking members", linking)
            .await
    }

    async fn get(&self, member: &MemberId) -> Result<Option<MemberRecord>, StoreError> {
        let found = self
            .link
            .within(READ_TIMEOUT, "reading the record of a member", async {
                let collection = self
                    .database()
                    .await?
                    .collection::<MemberDocument>(COLLECTION);
                collection
                    .find_one(doc! { "bettermode_member_id": member.as_str() })
                    .await
            })
            .await?;
        found.map(|found| found.into_record(member)).transpose()
    }

    async fn erase(&self, member: &MemberId) -> Result<bool, StoreError> {
        let deleted = self
            .link
            .within(WRITE_TIMEOUT, "erasing the record of a member", async {
                let collection = self.database().await?.collection::<Document>(COLLECTION);
                collection
                    .delete_one(doc! { "bettermode_member_id": member.as_str() })
                    .await
            })
            .await?;
        Ok(deleted.deleted_count > 0)
    }
}

/// Either id is unique where it is known; somebody known by the other id alone has
/// none.
fn indexes() -> [IndexModel; 2] {
    ["bettermode_member_id", "circle_member_id"].map(|field| {
        let options = IndexOptions::builder()
            .unique(true)
            .partial_filter_expression(doc! { field: { "$type": "string" } })
            .build();
        IndexModel::builder()
            .keys(doc! { field: 1 })
            .options(options)
            .build()
    })
}

/// One statement of an `update` command. What stands in one `$set` all reads the
/// document as it was before.
fn statement(change: &MemberChange, now: DateTime) -> Document {
    let version = change.version();
    let mut set = doc! {
        "bettermode_member_id": { "$literal": change.member_id.as_str() },
        "primary_platform": { "$ifNull": ["$primary_platform", "BetterMode"] },
        "created_at": { "$ifNull": ["$created_at", now] },
    };
    let mut news = Vec::new();
    for (field, value) in [
        ("name", &change.name),
        ("username", &change.username),
        ("status", &change.status),
    ] {
        let Some(value) = value else { continue };
        let known = doc! { "$ifNull": [format!("${field}.version"), ""] };
        let is_later = doc! { "$gt": [{ "$literal": &version }, known] };
        let new = doc! { "$literal": { "value": value, "version": &version } };
        set.insert(
            field,
            doc! { "$cond": [&is_later, new, format!("${field}")] },
        );
        news.push(Bson::from(is_later));
    }
    let mut bound = |field: &str, operator: &str, at: Timestamp| {
        let known = doc! { "$ifNull": [format!("${field}"), Bson::Null] };
        let is_new = doc! { "$or": [
            { "$eq": [&known, Bson::Null] },
            { operator: [date(at), format!("${field}")] },
        ] };
        set.insert(
            field,
            doc! { "$cond": [&is_new, date(at), format!("${field}")] },
        );
        news.push(Bson::from(is_new));
    };
    bound("last_event_at", "$gt", change.occurred_at);
    if let Some(joined_at) = change.joined_at {
        bound("joined_at", "$lt", joined_at);
    }
    set.insert(
        "updated_at",
        doc! { "$cond": [{ "$or": news }, now, "$updated_at"] },
    );
    doc! {
        "q": { "bettermode_member_id": change.member_id.as_str() },
        "u": [{ "$set": set }],
        "upsert": true,
    }
}

/// Which statements met another writer and are to be sent again.
fn refused(answer: &Document) -> Result<Vec<usize>, DriverError> {
    let Ok(errors) = answer.get_array("writeErrors") else {
        return match answer.get("writeConcernError") {
            Some(error) => Err(DriverError::custom(format!("not confirmed: {error}"))),
            None => Ok(Vec::new()),
        };
    };
    let index = |error: &Bson| {
        let error = error.as_document()?;
        let is_duplicate = error.get_i32("code").ok()? == DUPLICATE_KEY;
        is_duplicate.then(|| usize::try_from(error.get_i32("index").ok()?).ok())?
    };
    errors
        .iter()
        .map(|error| index(error).ok_or_else(|| DriverError::custom("a record was refused")))
        .collect()
}

#[derive(Deserialize)]
struct MemberDocument {
    circle_member_id: Option<String>,
    primary_platform: String,
    name: Option<Versioned>,
    username: Option<Versioned>,
    status: Option<Versioned>,
    joined_at: Option<DateTime>,
    last_event_at: Option<DateTime>,
    updated_at: DateTime,
}

impl MemberDocument {
    fn into_record(self, member: &MemberId) -> Result<MemberRecord, StoreError> {
        Ok(MemberRecord {
            member_id: member.clone(),
            circle_member_id: self.circle_member_id,
            primary_platform: self.primary_platform,
            name: self.name,
            username: self.username,
            status: self.status,
            joined_at: self.joined_at.map(timestamp).transpose()?,
            last_event_at: self.last_event_at.map(timestamp).transpose()?,
            updated_at: timestamp(self.updated_at)?,
        })
    }
}

fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

fn timestamp(date: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(|_| StoreError::Unreadable {
        store: "mongodb",
        what: "a date is out of range".to_owned(),
    })
}
