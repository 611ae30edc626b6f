//! Messages of the contract as JSON, as proto3's mapping writes it: names in camelCase, enums
//! by name, times as RFC 3339, 64-bit numbers as text; what has its default is left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value,
};
use serde_json::{Map, Value as Json, json};

use crate::error::Error;

/// Turns messages into JSON by the contract's own description.
pub(crate) struct ProtoJson(DescriptorPool);

impl ProtoJson {
    /// Reads the description.
    pub(crate) fn new() -> Result<Self, Error> {
        DescriptorPool::decode(community_proto::FILE_DESCRIPTOR_SET)
            .map(Self)
            .map_err(|error| Error::Unintelligible(format!("the contract cannot be read: {error}")))
    }

    /// A message of this name as JSON.
    pub(crate) fn of(&self, name: &str, message: &impl Message) -> Result<Json, Error> {
        let problem = || Error::Unintelligible(format!("the contract has no {name}"));
        let descriptor = self
            .0
            .get_message_by_name(&format!("community.v1.{name}"))
            .ok_or_else(problem)?;
        let bytes = message.encode_to_vec();
        let message =
            DynamicMessage::decode(descriptor, bytes.as_slice()).map_err(|_| problem())?;
        Ok(object(&message))
    }
}

fn object(message: &DynamicMessage) -> Json {
    let name = message.descriptor();
    if let Some(time) = well_known(name.full_name(), message) {
        return time;
    }
    let fields = message.fields();
    Json::Object(
        fields
            .map(|(field, value)| (field.json_name().to_owned(), json_of(&field, value)))
            .collect::<Map<_, _>>(),
    )
}

fn json_of(field: &FieldDescriptor, value: &Value) -> Json {
    match value {
        Value::Bool(value) => json!(value),
        Value::I32(value) => json!(value),
        Value::U32(value) => json!(value),
        // Past 53 bits a JSON number loses digits.
        Value::I64(value) => json!(value.to_string()),
        Value::U64(value) => json!(value.to_string()),
        Value::F32(value) => json!(value),
        Value::F64(value) => json!(value),
        Value::String(value) => json!(value),
        Value::Bytes(value) => json!(STANDARD.encode(value)),
        Value::EnumNumber(number) => match field.kind() {
            Kind::Enum(kind) => kind
                .get_value(*number)
                .map_or_else(|| json!(number), |value| json!(value.name())),
            _ => json!(number),
        },
        Value::Message(message) => object(message),
        Value::List(values) => values.iter().map(|value| json_of(field, value)).collect(),
        Value::Map(entries) => {
            let key = |key: &prost_reflect::MapKey| match key {
                prost_reflect::MapKey::String(key) => key.clone(),
                prost_reflect::MapKey::Bool(key) => key.to_string(),
                prost_reflect::MapKey::I32(key) => key.to_string(),
                prost_reflect::MapKey::I64(key) => key.to_string(),
                prost_reflect::MapKey::U32(key) => key.to_string(),
                prost_reflect::MapKey::U64(key) => key.to_string(),
            };
            let values = match field.kind() {
                Kind::Message(entry) => entry.map_entry_value_field(),
                _ => field.clone(),
            };
            let pairs = entries.iter();
            Json::Object(pairs.map(|(k, v)| (key(k), json_of(&values, v))).collect())
        }
    }
}

/// Times and durations, which JSON writes as text.
fn well_known(name: &str, message: &DynamicMessage) -> Option<Json> {
    let part = |name: &str| {
        message
            .get_field_by_name(name)
            .map(std::borrow::Cow::into_owned)
    };
    let seconds = || part("seconds").and_then(|value| value.as_i64());
    let nanos = || part("nanos").and_then(|value| value.as_i32());
    match name {
        "google.protobuf.Timestamp" => {
            let time = Timestamp::new(seconds()?, nanos()?).ok()?;
            Some(json!(time.to_string()))
        }
        "google.protobuf.Duration" => {
            let (seconds, nanos) = (seconds()?, nanos()?);
            let whole = format!("{seconds}.{:09}", nanos.unsigned_abs());
            let text = whole.trim_end_matches('0').trim_end_matches('.');
            Some(json!(format!("{text}s")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use community_proto::v1::{
        CircuitBreaker, ReplayWebhookEventsResponse, StoredWebhookEvent, WebhookEvent,
        WebhookEventState,
    };

    use super::*;

    #[test]
    fn a_message_is_written_as_proto3_maps_it() {
        let event = StoredWebhookEvent {
            event: Some(WebhookEvent {
                event_id: "an-id".to_owned(),
                payload: b"{}".to_vec().into(),
                ..WebhookEvent::default()
            }),
            store_time: Some(prost_types::Timestamp {
                seconds: 1_700_000_000,
                nanos: 5_000_000,
            }),
            state: WebhookEventState::Done.into(),
            ..StoredWebhookEvent::default()
        };
        let json = ProtoJson::new().unwrap().of("StoredWebhookEvent", &event);
        assert_eq!(
            json.unwrap(),
            json!({
                "event": { "eventId": "an-id", "payload": "e30=" },
                "storeTime": "2023-11-14T22:13:20.005Z",
                "state": "WEBHOOK_EVENT_STATE_DONE",
            })
        );
    }

    #[test]
    fn large_numbers_and_durations_are_text() {
        let json = ProtoJson::new().unwrap();
        let replayed = ReplayWebhookEventsResponse {
            event_count: 7,
            ..ReplayWebhookEventsResponse::default()
        };
        let replayed = json.of("ReplayWebhookEventsResponse", &replayed).unwrap();
        assert_eq!(replayed, json!({ "eventCount": "7" }));
        let breaker = CircuitBreaker {
            retry_after: Some(prost_types::Duration {
                seconds: 1,
                nanos: 500_000_000,
            }),
            ..CircuitBreaker::default()
        };
        let breaker = json.of("CircuitBreaker", &breaker).unwrap();
        assert_eq!(breaker, json!({ "retryAfter": "1.5s" }));
    }
}
