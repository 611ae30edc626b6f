//! The bytes of an entry: `{"schema":1,"fetched_at":"RFC 3339","value":{..}}`,
//! readable with `redis-cli GET`; the value is `null` where BetterMode has none such.
//! And of a tombstone: `{"invalidated":"nonce"}`.

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Error;

#[derive(Serialize)]
struct Written<'a, V> {
    schema: u32,
    fetched_at: Timestamp,
    value: Option<&'a V>,
}

#[derive(Deserialize)]
struct Entry<V> {
    fetched_at: Timestamp,
    value: Option<V>,
}

/// Read first: the value of another version need not have this version's form.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// The bytes of an entry.
pub(super) fn encode<V: Serialize>(
    schema: u32,
    fetched_at: Timestamp,
    value: Option<&V>,
) -> Result<Bytes, Error> {
    serde_json::to_vec(&Written {
        schema,
        fetched_at,
        value,
    })
    .map(Bytes::from)
    .map_err(Error::Encode)
}

/// The value in `raw`; `None` for a tombstone, another version or rubbish.
pub(super) fn decode<V: DeserializeOwned>(
    raw: &[u8],
    schema: u32,
) -> Option<(Option<V>, Timestamp)> {
    let version: Version = serde_json::from_slice(raw).ok()?;
    if version.schema != schema {
        return None;
    }
    let entry: Entry<V> = serde_json::from_slice(raw).ok()?;
    Some((entry.value, entry.fetched_at))
}

/// The bytes of a tombstone; each one is unlike every other.
pub(super) fn tombstone(nonce: Uuid) -> Bytes {
    Bytes::from(format!(r#"{{"invalidated":"{nonce}"}}"#))
}
