//! Bodies that somebody has rightly signed, whatever is in them.

use bytes::Bytes;
use http::HeaderMap;
use webhook_edge::payload::{Event, Payload};
use webhook_edge::signature::Delivery;

use crate::verifier::now;

/// An error or something that can be stored.
///
/// # Panics
/// When it is neither.
pub fn run(data: &[u8]) {
    let Some(event) = read(data) else { return };
    let id = event.id.as_str();
    assert!((1..=128).contains(&id.len()), "an id of {} bytes", id.len());
    assert!(id.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?}");
    assert_eq!(event.body, data, "the body is not what was signed");
    for text in [
        event.event_type.as_str(),
        &event.envelope_type,
        &event.noun,
        &event.verb,
        event.network_id.as_str(),
        event.actor_id.as_str(),
        event.object_id.as_str(),
    ] {
        assert!(text.len() <= 128, "a name of {} bytes", text.len());
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    assert!(!event.event_type.trim().is_empty());
    let again = read(data).map(|event| event.id.to_string());
    assert_eq!(again.as_deref(), Some(id), "another id for the same bytes");
}

/// The event in a body, if it is one.
pub(crate) fn read(body: &[u8]) -> Option<Event> {
    let body = Bytes::copy_from_slice(body);
    let delivery = Delivery::new("/webhooks/bettermode", HeaderMap::new(), body);
    match Payload::read(&delivery.trust_unsigned(now()), None) {
        Ok(Payload::Event(event)) => Some(*event),
        Ok(Payload::Challenge { .. }) | Err(_) => None,
    }
}
