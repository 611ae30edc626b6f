//! Reads single fields out of JSON without believing anything about the rest.
//!
//! Values stay raw until they are asked for, so that depth, huge numbers and
//! broken escapes elsewhere in the body cost nothing and break nothing. Of a key
//! that comes twice the last one counts, as in the JavaScript that sends it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Longest text that is taken as a name or an id, in bytes: what the service takes.
/// Longer ones stay in the body, where they are stored, and are not indexed.
const TEXT_BYTES: usize = 128;

/// The fields of one JSON object, in their order. It has few: looking through them
/// costs less than sorting them.
#[derive(Default)]
pub(super) struct Fields<'a>(Vec<(Key<'a>, &'a RawValue)>);

/// A key; a copy only where it is written with escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Fields<'a> {
    /// The fields of `json`, when it is one JSON object and nothing else.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        // Once for all that is looked at in it.
        Self::read_text(std::str::from_utf8(json).ok()?)
    }

    fn read_text(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The object under `key`; empty when there is none.
    pub(super) fn object(&self, key: &str) -> Self {
        self.last(key)
            .and_then(|raw| Self::read_text(raw.get()))
            .unwrap_or_default()
    }

    fn last(&self, key: &str) -> Option<&'a RawValue> {
        let mut all = self.0.iter().rev();
        all.find(|(name, _)| name.0 == key).map(|(_, raw)| *raw)
    }

    /// The value under `key`, as it stands; a null counts as none.
    pub(super) fn raw(&self, key: &str) -> Option<&'a str> {
        let text = self.last(key)?.get();
        (text != "null").then_some(text)
    }

    /// The string under `key`, whatever it holds.
    pub(super) fn string(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.raw(key)?).ok()
    }

    /// The string under `key`, when it is one that can be a name or an id: not
    /// blank, not long, no control characters. The service refuses the others, and a
    /// webhook that is refused for ever would come again for ever.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.string(key)
            .filter(|text| !text.trim().is_empty() && text.len() <= TEXT_BYTES)
            .filter(|text| !text.contains(char::is_control))
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
