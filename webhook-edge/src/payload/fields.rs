//! Reads single fields out of JSON without believing anything about the rest.
//!
//! Values stay raw until they are asked for, so that depth, huge numbers and
//! broken escapes elsewhere in the body cost nothing and break nothing. Of a key
//! that comes twice the last one counts, as in the JavaScript that sends it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Longest text that is taken as a name or an id, in bytes: what the service takes.
/// Longer ones stay in the body, where they are stored, and are not indexed.
const TEXT_BYTES: usize = 128;

/// The fields of one JSON object.
#[derive(Default)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// The fields of `json`, when it is one JSON object and nothing else.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().map(Self)
    }

    /// The object under `key`; empty when there is none.
    pub(super) fn object(&self, key: &str) -> Self {
        self.0
            .get(key)
            .and_then(|raw| Self::read(raw.get().as_bytes()))
            .unwrap_or_default()
    }

    /// The value under `key`, as it stands; a null counts as none.
    pub(super) fn raw(&self, key: &str) -> Option<&'a str> {
        let text = self.0.get(key)?.get();
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
