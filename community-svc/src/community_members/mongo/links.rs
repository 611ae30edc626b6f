//! Who was whom in Circle, in MongoDB.
//!
//! Each link is one update that sets the id where there is none; the unique index keeps an
//! id from two members. What came of it is read afterwards, so that a link that was there
//! before and one that another writer made count alike.

use std::collections::HashMap;

use mongodb::Database;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::error::Error as DriverError;
use serde::Deserialize;

use super::{COLLECTION, DUPLICATE_KEY, TRIES};
use crate::community_members::{CircleLink, LinkOutcome};

#[derive(Deserialize)]
struct Linked {
    bettermode_member_id: String,
    circle_member_id: Option<String>,
}

pub(super) async fn link(
    database: impl AsyncFnOnce() -> Result<Database, DriverError>,
    links: &[CircleLink],
    now: DateTime,
) -> Result<Vec<LinkOutcome>, DriverError> {
    let database = database().await?;
    // A member that another writer adds at the same moment looks like an id that belongs
    // to somebody else; the next try finds the record.
    for _ in 0..TRIES {
        let updates: Vec<_> = links.iter().map(|link| statement(link, now)).collect();
        let answer = database
            .run_command(doc! {
                "update": COLLECTION,
                "updates": updates,
                "ordered": false,
                "writeConcern": { "w": "majority", "j": true, "wtimeout": 5_000 },
            })
            .await?;
        if !has_conflicts(&answer)? {
            break;
        }
    }
    read(&database, links).await
}

fn statement(link: &CircleLink, now: DateTime) -> Document {
    let known = doc! { "$ifNull": ["$circle_member_id", { "$literal": &link.circle_member_id }] };
    let is_new = doc! { "$eq": [{ "$type": "$circle_member_id" }, "missing"] };
    doc! {
        "q": { "bettermode_member_id": link.member_id.as_str() },
        "u": [{ "$set": {
            "bettermode_member_id": { "$literal": link.member_id.as_str() },
            "primary_platform": { "$ifNull": ["$primary_platform", "BetterMode"] },
            "created_at": { "$ifNull": ["$created_at", now] },
            "circle_member_id": known,
            "updated_at": { "$cond": [is_new, now, { "$ifNull": ["$updated_at", now] }] },
        } }],
        "upsert": true,
    }
}

/// Whether a link was refused for an id that exists; anything else is an error.
fn has_conflicts(answer: &Document) -> Result<bool, DriverError> {
    let Ok(errors) = answer.get_array("writeErrors") else {
        return match answer.get("writeConcernError") {
            Some(error) => Err(DriverError::custom(format!("not confirmed: {error}"))),
            None => Ok(false),
        };
    };
    let is_conflict = |code: i32| code == DUPLICATE_KEY;
    let mut codes = errors.iter().map(|error| {
        error
            .as_document()
            .and_then(|error| error.get_i32("code").ok())
    });
    if codes.all(|code| code.is_some_and(is_conflict)) {
        Ok(true)
    } else {
        Err(DriverError::custom("a link was refused"))
    }
}

async fn read(database: &Database, links: &[CircleLink]) -> Result<Vec<LinkOutcome>, DriverError> {
    let ids: Vec<_> = links.iter().map(|link| link.member_id.as_str()).collect();
    let mut found = database
        .collection::<Linked>(COLLECTION)
        .find(doc! { "bettermode_member_id": { "$in": ids } })
        .projection(doc! { "bettermode_member_id": 1, "circle_member_id": 1 })
        .await?;
    let mut of_member = HashMap::new();
    while found.advance().await? {
        let linked = found.deserialize_current()?;
        of_member.insert(linked.bettermode_member_id, linked.circle_member_id);
    }
    let outcome = |link: &CircleLink| {
        let known = of_member
            .get(link.member_id.as_str())
            .and_then(Option::as_deref);
        if known == Some(link.circle_member_id.as_str()) {
            LinkOutcome::Linked
        } else {
            LinkOutcome::Conflict
        }
    };
    Ok(links.iter().map(outcome).collect())
}
