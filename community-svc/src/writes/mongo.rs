//! Writes in MongoDB: the collection `bettermode_writes`.
//!
//! Every change is one update of one document that says what it must be before; that
//! no object is the outcome of two writes is held by a unique index.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, doc};
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};
use mongodb::options::IndexOptions;
use mongodb::{Collection, IndexModel};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::{
    Done, Effect, Equal, Fingerprint, Finished, Holder, LONGER, Open, Record, RequestId, State,
    WriteStore,
};
use crate::stores::mongo::expiry;
use crate::stores::{MongoLink, StoreError};

const COLLECTION: &str = "bettermode_writes";

/// How long a whole call may take.
const TIMEOUT: Duration = Duration::from_secs(5);
const UPKEEP_TIMEOUT: Duration = Duration::from_secs(60);

const DUPLICATE_KEY: i32 = 11_000;

/// Writes in MongoDB.
#[derive(Debug)]
pub struct MongoWrites {
    link: MongoLink,
    window: Duration,
    indexes: OnceCell<()>,
}

impl MongoWrites {
    /// Over this link; nothing is sent yet. A write is known for `window` at least.
    #[must_use]
    pub fn new(link: MongoLink, window: Duration) -> Self {
        Self {
            link,
            window,
            indexes: OnceCell::new(),
        }
    }

    /// The collection, with its indexes made once.
    async fn collection(&self) -> Result<Collection<WriteDocument>, DriverError> {
        let database = self.link.database().await?;
        let collection = database.collection(COLLECTION);
        self.indexes
            .get_or_try_init(async || collection.create_indexes(indexes()).await.map(|_| ()))
            .await?;
        Ok(collection)
    }

    async fn find(&self, id: RequestId) -> Result<Option<Record>, StoreError> {
        let found = self
            .link
            .within(TIMEOUT, "reading a write", async {
                let collection = self.collection().await?;
                collection.find_one(doc! { "_id": id.to_string() }).await
            })
            .await?;
        found.map(WriteDocument::into_record).transpose()
    }
}

#[async_trait]
impl WriteStore for MongoWrites {
    async fn begin(&self, intent: &Record) -> Result<Option<Record>, StoreError> {
        let document = WriteDocument::new(intent);
        let is_new = self
            .link
            .within(TIMEOUT, "recording an intent", async {
                let collection = self.collection().await?;
                unless_duplicate(collection.insert_one(document).await.map(|_| ()))
            })
            .await?;
        if is_new {
            return Ok(None);
        }
        let known = self.find(intent.request_id).await?;
        if known.is_none() {
            return Err(StoreError::Unavailable {
                store: "mongodb",
                attempted: "recording an intent",
                advice: "the record was deleted at this moment; call again",
                source: "neither new nor there".into(),
            });
        }
        let holder = intent.open().map(|open| open.holder);
        Ok(known.filter(|known| known.open().map(|open| open.holder) != holder))
    }

    async fn hand_over(
        &self,
        id: RequestId,
        from: Holder,
        to: &Open,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let open = doc! { "_id": id.to_string(), "holder": from.to_string() };
        let change = doc! { "$set": {
            "holder": to.holder.to_string(),
            "held_until": date(to.held_until),
            "settled_from": date(to.settled_from),
            "changed_at": date(at),
        } };
        let updated = self
            .link
            .within(TIMEOUT, "taking up a write", async {
                self.collection().await?.update_one(open, change).await
            })
            .await?;
        Ok(updated.matched_count > 0)
    }

    async fn finish(
        &self,
        id: RequestId,
        done: &Done,
        at: Timestamp,
    ) -> Result<Finished, StoreError> {
        let open = doc! { "_id": id.to_string(), "answer": { "$exists": false } };
        let mut set = doc! { "answer": binary(&done.answer), "changed_at": date(at) };
        if let Some(object_id) = &done.object_id {
            set.insert("object_id", object_id);
        }
        let change = doc! {
            "$set": set,
            "$unset": { "holder": "", "held_until": "", "settled_from": "" },
        };
        let (mut is_there, mut is_claimed) = (false, false);
        self.link
            .within(TIMEOUT, "recording an outcome", async {
                let updated = self.collection().await?.update_one(open, change).await;
                let updated = updated.map(|updated| is_there = updated.matched_count > 0);
                is_claimed = !unless_duplicate(updated)?;
                Ok(())
            })
            .await?;
        if is_claimed {
            return Ok(Finished::Claimed);
        }
        if is_there {
            return Ok(Finished::Recorded);
        }
        match self.find(id).await?.map(|record| record.state) {
            None => Ok(Finished::Gone),
            Some(State::Done(first)) => Ok(Finished::AlreadyDone(first)),
            Some(State::Open(_)) => Err(unreadable("an open write cannot be settled")),
        }
    }

    async fn forget(&self, id: RequestId, holder: Holder) -> Result<(), StoreError> {
        let open = doc! { "_id": id.to_string(), "holder": holder.to_string() };
        self.link
            .within(TIMEOUT, "forgetting a write", async {
                self.collection().await?.delete_one(open).await
            })
            .await
            .map(|_| ())
    }

    async fn equals(&self, effect: &Effect, since: Timestamp) -> Result<Vec<Equal>, StoreError> {
        use futures::TryStreamExt as _;
        let filter = doc! {
            "effect": binary(effect.as_bytes()),
            "changed_at": { "$gte": date(since) },
        };
        let found: Vec<EqualDocument> = self
            .link
            .within(TIMEOUT, "reading equal writes", async {
                let collection = self.collection().await?.clone_with_type::<EqualDocument>();
                let fields = doc! { "settled_from": 1, "object_id": 1 };
                collection
                    .find(filter)
                    .projection(fields)
                    .await?
                    .try_collect()
                    .await
            })
            .await?;
        found.into_iter().map(EqualDocument::into_equal).collect()
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        let seconds = i64::try_from((self.window + LONGER).as_secs()).unwrap_or(i64::MAX);
        self.link
            .within(UPKEEP_TIMEOUT, "setting how long writes are kept", async {
                let database = self.link.database().await?;
                let options = IndexOptions::default();
                expiry::expire_after(&database, COLLECTION, "begun_at", options, seconds).await
            })
            .await
            .map(|()| 0)
    }
}

fn indexes() -> [IndexModel; 2] {
    let unique = IndexOptions::builder()
        .unique(true)
        .partial_filter_expression(doc! { "object_id": { "$type": "string" } })
        .build();
    [
        IndexModel::builder()
            .keys(doc! { "object_id": 1 })
            .options(unique)
            .build(),
        IndexModel::builder()
            .keys(doc! { "effect": 1, "changed_at": 1 })
            .build(),
    ]
}

/// Whether it worked, when all that can have gone wrong is that a key is taken.
fn unless_duplicate(result: Result<(), DriverError>) -> Result<bool, DriverError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) => match error.kind.as_ref() {
            ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == DUPLICATE_KEY => {
                Ok(false)
            }
            _ => Err(error),
        },
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct WriteDocument {
    #[serde(rename = "_id")]
    request_id: String,
    method: String,
    fingerprint: Binary,
    effect: Binary,
    begun_at: DateTime,
    changed_at: DateTime,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    open: Option<OpenDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Binary>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OpenDocument {
    holder: String,
    held_until: DateTime,
    settled_from: DateTime,
}

#[derive(Debug, Deserialize)]
struct EqualDocument {
    #[serde(rename = "_id")]
    request_id: String,
    settled_from: Option<DateTime>,
    object_id: Option<String>,
}

impl WriteDocument {
    fn new(record: &Record) -> Self {
        let (open, done) = match &record.state {
            State::Open(open) => (Some(open), None),
            State::Done(done) => (None, Some(done)),
        };
        Self {
            request_id: record.request_id.to_string(),
            method: record.method.clone(),
            fingerprint: binary(record.fingerprint.as_bytes()),
            effect: binary(record.effect.as_bytes()),
            begun_at: date(record.begun_at),
            changed_at: date(record.changed_at),
            open: open.map(|open| OpenDocument {
                holder: open.holder.to_string(),
                held_until: date(open.held_until),
                settled_from: date(open.settled_from),
            }),
            object_id: done.and_then(|done| done.object_id.clone()),
            answer: done.map(|done| binary(&done.answer)),
        }
    }

    fn into_record(self) -> Result<Record, StoreError> {
        let state = match (self.open, self.answer) {
            (Some(open), None) => State::Open(Open {
                holder: Holder::parse(&open.holder)
                    .ok_or_else(|| unreadable("the holder of a write is no UUID"))?,
                held_until: timestamp(open.held_until)?,
                settled_from: timestamp(open.settled_from)?,
            }),
            (None, Some(answer)) => State::Done(Done {
                object_id: self.object_id,
                answer: Bytes::from(answer.bytes),
            }),
            _ => return Err(unreadable("a write is neither open nor done")),
        };
        let digest = || unreadable("a digest has the wrong length");
        Ok(Record {
            request_id: request_id(&self.request_id)?,
            method: self.method,
            fingerprint: Fingerprint::read(&self.fingerprint.bytes).ok_or_else(digest)?,
            effect: Effect::read(&self.effect.bytes).ok_or_else(digest)?,
            begun_at: timestamp(self.begun_at)?,
            changed_at: timestamp(self.changed_at)?,
            state,
        })
    }
}

impl EqualDocument {
    fn into_equal(self) -> Result<Equal, StoreError> {
        Ok(Equal {
            request_id: request_id(&self.request_id)?,
            settled_from: self.settled_from.map(timestamp).transpose()?,
            object_id: self.object_id,
        })
    }
}

fn request_id(text: &str) -> Result<RequestId, StoreError> {
    RequestId::parse(text).ok_or_else(|| unreadable("a request id is no UUID"))
}

fn binary(bytes: &[u8]) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: bytes.to_vec(),
    }
}

fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

fn timestamp(date: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(date.timestamp_millis())
        .map_err(|_| unreadable("a date is out of range"))
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Unreadable {
        store: "mongodb",
        what: what.to_owned(),
    }
}
