//! An event as a document, and back. `event_type`, `timestamp` and `data` are
//! as the legacy guide has them; the rest is what it lacked.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::events::data::{self, Data};
use crate::events::{
    Error, EventState, Format, NewEvent, Projection, ProjectionStatus, Standing, StoredEvent,
    millis,
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EventDocument {
    #[serde(rename = "_id")]
    id: String,
    event_id: String,
    event_type: String,
    /// When it happened; when it was received, where that is not known.
    timestamp: DateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noun: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verb: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor_member_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at: Option<DateTime>,
    received_at: DateTime,
    stored_at: DateTime,
    format: String,
    /// For reading only: the format says it too.
    #[serde(default)]
    platform: String,
    path: String,
    /// Who did it and whom it is about.
    #[serde(default)]
    member_ids: Vec<String>,
    /// What `projections` adds up to; events that have none of the two are older
    /// than projections and took effect when they arrived.
    #[serde(default = "done")]
    state: String,
    /// When the first of the projections is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<DateTime>,
    /// Those that have not run yet or were given up on, by name.
    #[serde(default)]
    projections: BTreeMap<String, ProjectionDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erased_at: Option<DateTime>,
    /// For reading only; never turned back into an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Document>,
    /// Why a body's data is not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_omitted: Option<String>,
    payload: Binary,
    /// A W3C traceparent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_parent: Option<String>,
}

/// A projection that is due at a time, or was given up on at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ProjectionDocument {
    pub(super) attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed_at: Option<DateTime>,
    /// Which claim took it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<ObjectId>,
}

impl ProjectionDocument {
    pub(super) fn due(at: DateTime) -> Self {
        Self {
            attempts: 0,
            reason: None,
            at: Some(at),
            failed_at: None,
            claim: None,
        }
    }

    fn into_status(self, projection: Projection) -> Result<ProjectionStatus, Error> {
        let standing = match (self.at, self.failed_at) {
            (_, Some(at)) => Standing::Dead(timestamp(at)?),
            (Some(at), None) => Standing::Due(timestamp(at)?),
            (None, None) => return Err(unreadable("a projection without a time".to_owned())),
        };
        Ok(ProjectionStatus {
            projection,
            attempts: self.attempts,
            reason: self.reason,
            standing,
        })
    }
}

impl EventDocument {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The projections that this claim took, and how often each failed before.
    pub(super) fn taken_by(&self, claim: ObjectId) -> Vec<(Projection, u32)> {
        Projection::ALL
            .into_iter()
            .filter_map(|projection| {
                let found = self.projections.get(projection.name())?;
                (found.claim == Some(claim)).then_some((projection, found.attempts))
            })
            .collect()
    }

    pub(super) fn payload_bytes(&self) -> usize {
        self.payload.bytes.len()
    }

    pub(super) fn new(event: &NewEvent, stored_at: Timestamp) -> Self {
        let found = data::of(event);
        let member_ids = data::member_ids(event, &found);
        let (data, data_omitted) = match found {
            Data::Object(object) => match document(object) {
                Ok(data) => (Some(data), None),
                Err(reason) => (None, Some(reason.to_owned())),
            },
            Data::None => (None, None),
            Data::Omitted(reason) => (None, Some(reason.to_owned())),
        };
        Self {
            id: event.event_id.clone(),
            event_id: event.event_id.clone(),
            event_type: event.event_type.clone(),
            timestamp: date(event.occurred_at.unwrap_or(event.received_at)),
            noun: event.noun.clone(),
            verb: event.verb.clone(),
            network_id: event.network_id.clone(),
            actor_member_id: event.actor_member_id.clone(),
            object_id: event.object_id.clone(),
            occurred_at: event.occurred_at.map(date),
            received_at: date(event.received_at),
            stored_at: date(stored_at),
            format: event.format.name().to_owned(),
            platform: event.format.platform().to_owned(),
            path: event.path.clone(),
            member_ids,
            state: EventState::Pending.name().to_owned(),
            next_attempt_at: Some(date(stored_at)),
            projections: Projection::ALL
                .into_iter()
                .map(|one| {
                    let due = ProjectionDocument::due(date(stored_at));
                    (one.name().to_owned(), due)
                })
                .collect(),
            erased_at: None,
            data,
            data_omitted,
            payload: Binary {
                subtype: BinarySubtype::Generic,
                bytes: event.payload.to_vec(),
            },
            trace_parent: event.trace_parent.map(|parent| parent.to_string()),
        }
    }

    pub(super) fn into_event(mut self) -> Result<StoredEvent, Error> {
        let mut projections = Vec::new();
        for projection in Projection::ALL {
            if let Some(found) = self.projections.remove(projection.name()) {
                projections.push(found.into_status(projection)?);
            }
        }
        let format = Format::from_name(&self.format)
            .ok_or_else(|| unreadable(format!("unknown format of {}", self.event_id)))?;
        Ok(StoredEvent {
            stored_at: timestamp(self.stored_at)?,
            state: state(&self.state)?,
            projections,
            erased_at: self.erased_at.map(timestamp).transpose()?,
            event: NewEvent {
                event_id: self.event_id,
                event_type: self.event_type,
                noun: self.noun,
                verb: self.verb,
                network_id: self.network_id,
                actor_member_id: self.actor_member_id,
                object_id: self.object_id,
                occurred_at: self.occurred_at.map(timestamp).transpose()?,
                received_at: timestamp(self.received_at)?,
                format,
                path: self.path,
                payload: Bytes::from(self.payload.bytes),
                trace_parent: self.trace_parent.and_then(|text| text.parse().ok()),
            },
        })
    }
}

pub(super) fn state(name: &str) -> Result<EventState, Error> {
    EventState::from_name(name).ok_or_else(|| unreadable("an unknown state".to_owned()))
}

pub(super) fn done() -> String {
    EventState::Done.name().to_owned()
}

pub(super) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(millis(time))
}

pub(super) fn timestamp(date: DateTime) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(date.timestamp_millis())
        .map_err(|_| unreadable("a date is out of range".to_owned()))
}

pub(super) fn unreadable(what: String) -> Error {
    Error::Unreadable {
        store: "mongodb",
        what,
    }
}

/// The object as BSON, or why it has no such form. The depth is checked already.
fn document(object: Map<String, Value>) -> Result<Document, &'static str> {
    object
        .into_iter()
        .map(|(key, value)| {
            if key.contains('\0') {
                return Err("a name holds a NUL character");
            }
            if key.starts_with('$') {
                return Err("a name starts with a dollar sign");
            }
            Ok((key, bson(value)?))
        })
        .collect()
}

fn bson(value: Value) -> Result<Bson, &'static str> {
    Ok(match value {
        Value::Null => Bson::Null,
        Value::Bool(value) => Bson::Boolean(value),
        Value::Number(number) => self::number(&number)?,
        Value::String(text) => Bson::String(text),
        Value::Array(items) => Bson::Array(items.into_iter().map(bson).collect::<Result<_, _>>()?),
        Value::Object(object) => Bson::Document(document(object)?),
    })
}

/// The smallest type that holds it: mongosh shows an `Int32` as a plain number.
fn number(number: &Number) -> Result<Bson, &'static str> {
    if let Some(integer) = number.as_i64() {
        return Ok(i32::try_from(integer).map_or(Bson::Int64(integer), Bson::Int32));
    }
    if number.is_u64() {
        return Err("a whole number is larger than 64 bits with a sign hold");
    }
    number
        .as_f64()
        .map(Bson::Double)
        .ok_or("a number is out of range")
}
