//! Events as rows, and back.

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, Row, ToSql, Transaction, named_params};

use crate::events::data::{self, Data};
use crate::events::{
    Error, EventQuery, Format, NewEvent, Outcome, PAGE_BYTES, StoredEvent, millis,
};

const INSERT: &str = "
INSERT INTO bettermode_webhook_events (
    event_id, event_type, timestamp, noun, verb, network_id, actor_member_id, object_id,
    occurred_at, received_at, stored_at, format, path, data, data_omitted, payload
) VALUES (
    :event_id, :event_type, :timestamp, :noun, :verb, :network_id, :actor_member_id, :object_id,
    :occurred_at, :received_at, :stored_at, :format, :path, :data, :data_omitted, :payload
) ON CONFLICT (event_id) DO NOTHING";

/// `event_type = ..` goes where the braces are, so that each of the two
/// statements keeps to its index.
const SELECT: &str = "
SELECT event_id, event_type, noun, verb, network_id, actor_member_id, object_id,
       occurred_at, received_at, stored_at, format, path, payload
FROM bettermode_webhook_events
WHERE {} (received_at, event_id) < (:received_at, :event_id)
ORDER BY received_at DESC, event_id DESC LIMIT :limit";

/// Sorts after every time.
const END_OF_TIME: &str = "~";

/// Stores each event that is not there yet.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    events: &[NewEvent],
    stored_at: Timestamp,
) -> Result<Vec<Outcome>, rusqlite::Error> {
    let mut statement = transaction.prepare_cached(INSERT)?;
    let mut outcomes = Vec::with_capacity(events.len());
    for event in events {
        let (data, data_omitted) = match data::find(&event.payload) {
            Data::Object(object) => (serde_json::to_string(&object).ok(), None),
            Data::None => (None, None),
            Data::Omitted(reason) => (None, Some(reason)),
        };
        let added = statement.execute(named_params! {
            ":event_id": event.event_id,
            ":event_type": event.event_type,
            ":timestamp": text(event.occurred_at.unwrap_or(event.received_at)),
            ":noun": event.noun,
            ":verb": event.verb,
            ":network_id": event.network_id,
            ":actor_member_id": event.actor_member_id,
            ":object_id": event.object_id,
            ":occurred_at": event.occurred_at.map(text),
            ":received_at": text(event.received_at),
            ":stored_at": text(stored_at),
            ":format": event.format.name(),
            ":path": event.path,
            ":data": data,
            ":data_omitted": data_omitted,
            ":payload": &event.payload[..],
        })?;
        outcomes.push(if added == 1 {
            Outcome::Stored
        } else {
            Outcome::Duplicate
        });
    }
    Ok(outcomes)
}

/// The rows that `query` selects, in order.
pub(super) fn select(
    connection: &Connection,
    query: &EventQuery,
) -> Result<Vec<EventRow>, rusqlite::Error> {
    let received_at = query
        .before
        .as_ref()
        .map_or(END_OF_TIME.to_owned(), |cursor| text(cursor.received_at));
    let event_id = query.before.as_ref().map_or("", |cursor| &cursor.event_id);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut params: Vec<(&str, &dyn ToSql)> = vec![
        (":received_at", &received_at),
        (":event_id", &event_id),
        (":limit", &limit),
    ];
    let mut condition = "";
    if let Some(event_type) = &query.event_type {
        condition = "event_type = :event_type AND";
        params.push((":event_type", event_type));
    }
    let mut statement = connection.prepare_cached(&SELECT.replace("{}", condition))?;
    let mut rows = statement.query(&params[..])?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let row = EventRow::read(row)?;
        bytes += row.payload.len();
        page.push(row);
    }
    Ok(page)
}

/// A row as it is in the file.
pub(super) struct EventRow {
    event_id: String,
    event_type: String,
    noun: Option<String>,
    verb: Option<String>,
    network_id: Option<String>,
    actor_member_id: Option<String>,
    object_id: Option<String>,
    occurred_at: Option<String>,
    received_at: String,
    stored_at: String,
    format: String,
    path: String,
    payload: Vec<u8>,
}

impl EventRow {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            event_id: row.get("event_id")?,
            event_type: row.get("event_type")?,
            noun: row.get("noun")?,
            verb: row.get("verb")?,
            network_id: row.get("network_id")?,
            actor_member_id: row.get("actor_member_id")?,
            object_id: row.get("object_id")?,
            occurred_at: row.get("occurred_at")?,
            received_at: row.get("received_at")?,
            stored_at: row.get("stored_at")?,
            format: row.get("format")?,
            path: row.get("path")?,
            payload: row.get("payload")?,
        })
    }

    pub(super) fn into_event(self) -> Result<StoredEvent, Error> {
        let format = Format::from_name(&self.format)
            .ok_or_else(|| unreadable(format!("unknown format of {}", self.event_id)))?;
        Ok(StoredEvent {
            stored_at: time(&self.stored_at)?,
            event: NewEvent {
                event_id: self.event_id,
                event_type: self.event_type,
                noun: self.noun,
                verb: self.verb,
                network_id: self.network_id,
                actor_member_id: self.actor_member_id,
                object_id: self.object_id,
                occurred_at: self.occurred_at.as_deref().map(time).transpose()?,
                received_at: time(&self.received_at)?,
                format,
                path: self.path,
                payload: Bytes::from(self.payload),
            },
        })
    }
}

/// `2026-03-04T05:06:07.089Z`
fn text(at: Timestamp) -> String {
    let at = Timestamp::from_millisecond(millis(at)).unwrap_or(at);
    format!("{at:.3}")
}

fn time(text: &str) -> Result<Timestamp, Error> {
    text.parse()
        .map_err(|_| unreadable("a time is not RFC 3339".to_owned()))
}

fn unreadable(what: String) -> Error {
    Error::Unreadable {
        store: "sqlite",
        what,
    }
}
