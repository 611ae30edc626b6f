//! Events as rows, and back.

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::events::data::{self, Data};
use crate::events::{
    Error, EventState, Format, NewEvent, Outcome, Projection, ProjectionStatus, Standing,
    StoredEvent,
};
use crate::stores::sqlite::{text, time};

const INSERT: &str = "
INSERT INTO bettermode_webhook_events (
    event_id, event_type, timestamp, noun, verb, network_id, actor_member_id, object_id,
    occurred_at, received_at, stored_at, format, path, state, data, data_omitted, payload,
    trace_parent
) VALUES (
    :event_id, :event_type, :timestamp, :noun, :verb, :network_id, :actor_member_id, :object_id,
    :occurred_at, :received_at, :stored_at, :format, :path, 'pending', :data, :data_omitted,
    :payload, :trace_parent
) ON CONFLICT (event_id) DO NOTHING";

const INSERT_MEMBER: &str = "
INSERT INTO bettermode_webhook_event_members (member_id, event_type, received_at, event_id)
VALUES (?1, ?2, ?3, ?4)";

const INSERT_PROJECTION: &str = "
INSERT INTO bettermode_webhook_projections (event_id, projection, seq, next_attempt_at)
VALUES (?1, ?2, ?3, ?4)";

/// What [`EventRow::read`] reads, of a table called `e`.
pub(super) const COLUMNS: &str = "
    e.seq, e.event_id, e.event_type, e.noun, e.verb, e.network_id, e.actor_member_id,
    e.object_id, e.occurred_at, e.received_at, e.stored_at, e.format, e.path, e.state,
    e.erased_at, e.payload, e.trace_parent";

const PROJECTIONS: &str = "
SELECT projection, attempts, reason, next_attempt_at, failed_at
FROM bettermode_webhook_projections WHERE event_id = ?1";

/// Stores each event that is not there yet, its projections due.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    events: &[NewEvent],
    stored_at: Timestamp,
) -> Result<Vec<Outcome>, rusqlite::Error> {
    let stored_at = text(stored_at);
    let mut outcomes = Vec::with_capacity(events.len());
    for event in events {
        let data = data::of(event);
        let outcome = if insert_one(transaction, event, &data, &stored_at)? {
            let seq = transaction.last_insert_rowid();
            add_members(transaction, event, &data)?;
            let mut due = transaction.prepare_cached(INSERT_PROJECTION)?;
            for projection in Projection::ALL {
                due.execute((&event.event_id, projection.name(), seq, &stored_at))?;
            }
            Outcome::Stored
        } else {
            Outcome::Duplicate
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn insert_one(
    transaction: &Transaction<'_>,
    event: &NewEvent,
    data: &Data,
    stored_at: &str,
) -> Result<bool, rusqlite::Error> {
    let (data, data_omitted) = match data {
        Data::Object(object) => (serde_json::to_string(object).ok(), None),
        Data::None => (None, None),
        Data::Omitted(reason) => (None, Some(reason)),
    };
    let added = transaction.prepare_cached(INSERT)?.execute(named_params! {
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
        ":stored_at": stored_at,
        ":format": event.format.name(),
        ":path": event.path,
        ":data": data,
        ":data_omitted": data_omitted,
        ":payload": &event.payload[..],
        ":trace_parent": event.trace_parent.map(|parent| parent.to_string()),
    })?;
    Ok(added == 1)
}

fn add_members(
    transaction: &Transaction<'_>,
    event: &NewEvent,
    data: &Data,
) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare_cached(INSERT_MEMBER)?;
    for member_id in data::member_ids(event, data) {
        statement.execute((
            member_id,
            &event.event_type,
            text(event.received_at),
            &event.event_id,
        ))?;
    }
    Ok(())
}

/// The event with this id.
pub(super) fn get(
    connection: &Connection,
    event_id: &str,
) -> Result<Option<EventRow>, rusqlite::Error> {
    let sql = format!("SELECT {COLUMNS} FROM bettermode_webhook_events e WHERE e.event_id = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([event_id], EventRow::read)
        .optional()?
        .map(|row| row.with_projections(connection))
        .transpose()
}

/// A row as it is in the file.
pub(super) struct EventRow {
    pub(super) seq: i64,
    pub(super) event_id: String,
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
    state: String,
    erased_at: Option<String>,
    pub(super) payload: Vec<u8>,
    trace_parent: Option<String>,
    projections: Vec<ProjectionRow>,
}

struct ProjectionRow {
    projection: String,
    attempts: u32,
    reason: Option<String>,
    next_attempt_at: Option<String>,
    failed_at: Option<String>,
}

impl EventRow {
    pub(super) fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            seq: row.get("seq")?,
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
            state: row.get("state")?,
            erased_at: row.get("erased_at")?,
            payload: row.get("payload")?,
            trace_parent: row.get("trace_parent")?,
            projections: Vec::new(),
        })
    }

    /// With what is due of it or dead.
    pub(super) fn with_projections(
        mut self,
        connection: &Connection,
    ) -> Result<Self, rusqlite::Error> {
        if self.state != EventState::Done.name() {
            let mut statement = connection.prepare_cached(PROJECTIONS)?;
            let rows = statement.query_map([&self.event_id], |row| {
                Ok(ProjectionRow {
                    projection: row.get("projection")?,
                    attempts: row.get("attempts")?,
                    reason: row.get("reason")?,
                    next_attempt_at: row.get("next_attempt_at")?,
                    failed_at: row.get("failed_at")?,
                })
            })?;
            self.projections = rows.collect::<Result<_, _>>()?;
        }
        Ok(self)
    }

    pub(super) fn into_event(self) -> Result<StoredEvent, Error> {
        let format = Format::from_name(&self.format)
            .ok_or_else(|| unreadable(format!("unknown format of event {}", self.event_id)))?;
        let mut projections = self
            .projections
            .into_iter()
            .map(ProjectionRow::into_status)
            .collect::<Result<Vec<_>, _>>()?;
        projections.sort_by_key(|status| status.projection);
        Ok(StoredEvent {
            stored_at: time(&self.stored_at)?,
            state: state(&self.state)?,
            projections,
            erased_at: self.erased_at.as_deref().map(time).transpose()?,
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
                trace_parent: self.trace_parent.and_then(|text| text.parse().ok()),
            },
        })
    }
}

impl ProjectionRow {
    fn into_status(self) -> Result<ProjectionStatus, Error> {
        let standing = match (&self.next_attempt_at, &self.failed_at) {
            (_, Some(at)) => Standing::Dead(time(at)?),
            (Some(at), None) => Standing::Due(time(at)?),
            (None, None) => return Err(unreadable("a projection without a time".to_owned())),
        };
        Ok(ProjectionStatus {
            projection: projection(&self.projection)?,
            attempts: self.attempts,
            reason: self.reason,
            standing,
        })
    }
}

pub(super) fn state(name: &str) -> Result<EventState, Error> {
    EventState::from_name(name).ok_or_else(|| unreadable("an unknown state".to_owned()))
}

pub(super) fn projection(name: &str) -> Result<Projection, Error> {
    Projection::from_name(name).ok_or_else(|| unreadable("an unknown projection".to_owned()))
}

fn unreadable(what: String) -> Error {
    Error::Unreadable {
        store: "sqlite",
        what,
    }
}
