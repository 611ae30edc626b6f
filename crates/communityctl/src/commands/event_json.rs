//! Stored events as JSON lines and as rows.

use community_proto::v1::{Projection, StoredWebhookEvent, WebhookEventState};
use serde_json::{Value, json};

use crate::cli::{ProjectionName, StateName};
use crate::error::Error;
use crate::proto_json::ProtoJson;
use crate::when;

/// The columns of [`row`].
pub(super) const HEADS: &[&str] = &["EVENT ID", "TYPE", "MEMBER", "OBJECT", "RECEIVED", "STATE"];

/// The event as proto3's JSON, but for its payload: JSON where it is JSON, else
/// `payloadBase64`; without it only its length.
pub(super) fn line(
    json: &ProtoJson,
    stored: &StoredWebhookEvent,
    with_payload: bool,
) -> Result<Value, Error> {
    let mut line = json.of("StoredWebhookEvent", stored)?;
    let payload = stored.event.as_ref().map(|event| event.payload.as_ref());
    let payload: &[u8] = payload.unwrap_or_default();
    let Some(event) = line.get_mut("event").and_then(Value::as_object_mut) else {
        return Ok(line);
    };
    let encoded = event.remove("payload");
    event.insert("payloadBytes".to_owned(), json!(payload.len()));
    if let (true, Some(encoded)) = (with_payload, encoded) {
        match serde_json::from_slice(payload) {
            Ok(parsed) => event.insert("payload".to_owned(), parsed),
            Err(_) => event.insert("payloadBase64".to_owned(), encoded),
        };
    }
    Ok(line)
}

pub(super) fn row(stored: &StoredWebhookEvent) -> Vec<String> {
    let event = stored.event.clone().unwrap_or_default();
    vec![
        event.event_id,
        event.event_type,
        event.actor_member_id,
        event.object_id,
        when::shown(event.receive_time.as_ref()),
        state(stored.state()).to_owned(),
    ]
}

pub(super) fn state(state: WebhookEventState) -> &'static str {
    match state {
        WebhookEventState::Unspecified => "?",
        WebhookEventState::Pending => "pending",
        WebhookEventState::Done => "done",
        WebhookEventState::Dead => "dead",
    }
}

pub(super) fn projection(projection: Projection) -> &'static str {
    match projection {
        Projection::Unspecified => "?",
        Projection::Cache => "cache",
        Projection::Members => "members",
        Projection::Activities => "activities",
    }
}

impl From<StateName> for WebhookEventState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Pending => Self::Pending,
            StateName::Done => Self::Done,
            StateName::Dead => Self::Dead,
        }
    }
}

impl From<ProjectionName> for Projection {
    fn from(name: ProjectionName) -> Self {
        match name {
            ProjectionName::Cache => Self::Cache,
            ProjectionName::Members => Self::Members,
            ProjectionName::Activities => Self::Activities,
        }
    }
}
