//! Erasing a member's data, and having what is old deleted.

use std::time::Duration;

use jiff::Timestamp;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind};
use mongodb::options::IndexOptions;
use mongodb::{Collection, IndexModel};

use super::COLLECTION;
use super::document::{EventDocument, date};
use crate::events::EventState;

const INDEX_NOT_FOUND: i32 = 27;

/// Erases every event of the member and says how many.
pub(super) async fn erase(
    events: &Collection<EventDocument>,
    member_id: &str,
    now: Timestamp,
) -> Result<u64, DriverError> {
    let nothing = Binary {
        subtype: BinarySubtype::Generic,
        bytes: Vec::new(),
    };
    let erased = doc! {
        // No longer an event of anybody, the other members in it included.
        "$set": {
            "payload": nothing, "member_ids": [], "projections": {},
            "state": EventState::Done.name(), "erased_at": date(now),
        },
        "$unset": {
            "data": "", "data_omitted": "", "actor_member_id": "", "object_id": "",
            "next_attempt_at": "",
        },
    };
    let result = events
        .update_many(doc! { "member_ids": member_id }, erased)
        .await?;
    Ok(result.modified_count)
}

/// Has events deleted that are done and are older than `age`; none without one.
pub(super) async fn retain(
    events: &Collection<EventDocument>,
    age: Option<Duration>,
) -> Result<(), DriverError> {
    let Some(age) = age else {
        let dropped = events.drop_index("received_at_1").await;
        return dropped.or_else(unless_missing);
    };
    // MongoDB takes whole seconds in 32 bits with a sign.
    let seconds = i32::try_from(age.as_secs()).unwrap_or(i32::MAX);
    let change = doc! {
        "collMod": COLLECTION,
        "index": { "keyPattern": keys(), "expireAfterSeconds": seconds },
    };
    let database = events.client().database(&events.namespace().db);
    match database.run_command(change).await {
        Ok(_) => return Ok(()),
        Err(error) => unless_missing(error)?,
    }
    let options = IndexOptions::builder()
        .expire_after(Duration::from_secs(u64::from(seconds.unsigned_abs())))
        .partial_filter_expression(doc! { "state": EventState::Done.name() })
        .build();
    let index = IndexModel::builder().keys(keys()).options(options).build();
    events.create_index(index).await.map(|_| ())
}

fn keys() -> Document {
    doc! { "received_at": 1 }
}

fn unless_missing(error: DriverError) -> Result<(), DriverError> {
    match error.kind.as_ref() {
        ErrorKind::Command(command) if command.code == INDEX_NOT_FOUND => Ok(()),
        _ => Err(error),
    }
}
