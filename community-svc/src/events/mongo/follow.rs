//! Following the collection: a change stream for each watcher, filtered by MongoDB
//! and read only as fast as the watcher asks.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use mongodb::bson::{Document, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::{ChangeStreamEvent, ResumeToken as Place};
use mongodb::error::{Error as DriverError, ErrorKind};
use tokio::time::Instant;

use super::document::EventDocument;
use super::{COLLECTION, LIST_TIMEOUT};
use crate::events::{FollowError, MAX_WATCHERS, ResumeToken, Step, Steps, WatchFilter};
use crate::stores::MongoLink;
use crate::stores::mongo::failed;

/// How often a watcher that sees no events learns how far the store has come.
const PROGRESS: Duration = Duration::from_secs(10);

/// Tries to open a stream at a known place: one that opens just when an event is
/// stored has none.
const ATTEMPTS: usize = 5;

// MongoDB's numbers for what it refuses (its error_codes.yml).
const NOT_A_REPLICA_SET: i32 = 40_573;
const CHANGE_STREAM_FATAL: i32 = 280;
const CHANGE_STREAM_HISTORY_LOST: i32 = 286;
const INVALID_RESUME_TOKEN: i32 = 260;

type Changes = ChangeStream<ChangeStreamEvent<EventDocument>>;

/// The steps after `after`, or from now on.
pub(super) async fn start(
    link: &MongoLink,
    after: Option<ResumeToken>,
    filter: WatchFilter,
) -> Result<Steps, FollowError> {
    let opened = link
        .answered(LIST_TIMEOUT, open(link, after, &filter))
        .await;
    let (changes, place, tag) = opened.map_err(|elapsed| failed("opening a watch", elapsed))??;
    let first = Step {
        event: None,
        token: token(&tag, &place)?,
    };
    let watcher = Watcher {
        changes,
        tag,
        told: place,
        told_at: Instant::now(),
    };
    let rest = stream::unfold(Some(watcher), async |watcher| {
        let mut watcher = watcher?;
        match watcher.next().await {
            Ok(step) => Some((Ok(step), Some(watcher))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(stream::iter([Ok(first)]).chain(rest).boxed())
}

async fn open(
    link: &MongoLink,
    after: Option<ResumeToken>,
    filter: &WatchFilter,
) -> Result<(Changes, Place, String), FollowError> {
    let database = link.database_to_watch(MAX_WATCHERS).await;
    let database = database.map_err(|error| failed("opening a watch", error))?;
    let tag = format!("mongodb {} ", database.name());
    let after = after.map(|token| place(&tag, &token)).transpose()?;
    for _ in 0..ATTEMPTS {
        let changes = database
            .collection::<EventDocument>(COLLECTION)
            .watch()
            .pipeline(pipeline(filter))
            .resume_after(after.clone())
            .await
            .map_err(refused)?;
        if let Some(place) = changes.resume_token().or(after.clone()) {
            return Ok((changes, place, tag));
        }
    }
    let source = "every attempt met an event";
    Err(failed("opening a watch", source).into())
}

struct Watcher {
    changes: Changes,
    tag: String,
    /// The last place that the watcher was told.
    told: Place,
    told_at: Instant,
}

impl Watcher {
    /// The next step, waited for as long as it takes.
    async fn next(&mut self) -> Result<Step, FollowError> {
        loop {
            // Waits a second at most; the driver goes on after a change of the
            // primary by itself.
            let found = self.changes.next_if_any().await.map_err(refused)?;
            let document = found.and_then(|change| change.full_document);
            let place = self.changes.resume_token();
            let is_late = document.is_none() && self.told_at.elapsed() < PROGRESS;
            if let Some(place) = place.filter(|place| !is_late && *place != self.told) {
                let step = Step {
                    event: document.map(EventDocument::into_event).transpose()?,
                    token: token(&self.tag, &place)?,
                };
                self.told = place;
                self.told_at = Instant::now();
                return Ok(step);
            }
            if !self.changes.is_alive() {
                let source = "MongoDB ended the change stream; was the collection dropped?";
                return Err(failed("watching events", source).into());
            }
        }
    }
}

/// Inserts only: what becomes of an event later is no news to a watcher.
fn pipeline(filter: &WatchFilter) -> [Document; 2] {
    let mut matches = doc! { "operationType": "insert" };
    if let Some(event_type) = &filter.event_type {
        matches.insert("fullDocument.event_type", event_type);
    }
    if let Some(member_id) = &filter.member_id {
        matches.insert("fullDocument.member_ids", member_id);
    }
    [
        doc! { "$match": matches },
        doc! { "$unset": "fullDocument.data" },
    ]
}

fn token(tag: &str, place: &Place) -> Result<ResumeToken, FollowError> {
    let mut bytes = tag.as_bytes().to_vec();
    let place = mongodb::bson::serialize_to_vec(place);
    bytes.extend(place.map_err(|error| failed("reading a resume token", error))?);
    Ok(ResumeToken(bytes))
}

/// The place in a token of this database.
fn place(tag: &str, token: &ResumeToken) -> Result<Place, FollowError> {
    token
        .0
        .strip_prefix(tag.as_bytes())
        .and_then(|bytes| mongodb::bson::deserialize_from_slice(bytes).ok())
        .ok_or(FollowError::InvalidToken)
}

fn refused(error: DriverError) -> FollowError {
    match error.kind.as_ref() {
        ErrorKind::Command(command) => match command.code {
            NOT_A_REPLICA_SET => FollowError::Unsupported,
            CHANGE_STREAM_FATAL | CHANGE_STREAM_HISTORY_LOST => FollowError::ExpiredToken,
            INVALID_RESUME_TOKEN => FollowError::InvalidToken,
            _ => failed("watching events", error).into(),
        },
        _ => failed("watching events", error).into(),
    }
}
