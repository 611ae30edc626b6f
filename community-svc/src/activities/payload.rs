//! The few fields of a webhook's body that projections read, wherever the two
//! envelopes have them. Anything that is missing or of another type is `None`.

use bettermode::{MemberId, PostId, SpaceId};
use jiff::Timestamp;
use serde_json::Value;

use crate::events::{Format, NewEvent};

/// Longest id that is taken from a body, as callers may send.
const MAX_ID: usize = 128;

/// A parsed body.
pub(crate) struct Payload(Value);

impl Payload {
    /// The body of an event that is about the community; `None` for a body that is
    /// no JSON, was erased, asks for something instead of telling, or is Circle's.
    pub(crate) fn read(event: &NewEvent) -> Option<Self> {
        let body: Value = serde_json::from_slice(&event.payload).ok()?;
        match event.format {
            Format::BetterMode if body["type"] != "SUBSCRIPTION" => None,
            // It names people by e-mail address alone, and records hold none.
            Format::Circle => None,
            _ => Some(Self(body)),
        }
    }

    /// The text at the first of these JSON pointers below `data` that has one.
    pub(crate) fn text(&self, pointers: &[&str]) -> Option<&str> {
        let data = self.0.get("data")?;
        let entities = self.0.get("entities");
        let find = |pointer: &&str| match pointer.strip_prefix("entities") {
            Some(rest) => entities?.pointer(rest),
            None => data.pointer(pointer),
        };
        pointers
            .iter()
            .filter_map(find)
            .filter_map(Value::as_str)
            .find(|text| !text.is_empty())
    }

    /// Whether the value at this JSON pointer below `data` is `true`.
    pub(crate) fn is_true(&self, pointer: &str) -> bool {
        let value = self.0.get("data").and_then(|data| data.pointer(pointer));
        value == Some(&Value::Bool(true))
    }

    fn id(&self, pointers: &[&str]) -> Option<&str> {
        let is_id = |text: &&str| {
            text.chars().count() <= MAX_ID
                && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        };
        self.text(pointers).filter(is_id)
    }

    pub(crate) fn member(&self, pointers: &[&str]) -> Option<MemberId> {
        self.id(pointers).map(MemberId::new)
    }

    pub(crate) fn post(&self, pointers: &[&str]) -> Option<PostId> {
        self.id(pointers).map(PostId::new)
    }

    pub(crate) fn space(&self, pointers: &[&str]) -> Option<SpaceId> {
        self.id(pointers).map(SpaceId::new)
    }

    pub(crate) fn time(&self, pointers: &[&str]) -> Option<Timestamp> {
        self.text(pointers)?.parse().ok().filter(is_plausible)
    }

    /// An address that a browser can open.
    pub(crate) fn url(&self, pointers: &[&str]) -> Option<String> {
        let text = self.text(pointers).filter(|text| text.len() <= 2048)?;
        let url = url::Url::parse(text).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| text.to_owned())
    }
}

/// When an event happened. A time from the future would make every later event
/// look late, so one that is ahead of its receipt counts as not sent.
pub(crate) fn occurred_at(event: &NewEvent) -> Timestamp {
    let ahead = event
        .received_at
        .checked_add(SKEW)
        .unwrap_or(event.received_at);
    let at = event
        .occurred_at
        .filter(|at| is_plausible(at) && *at <= ahead)
        .unwrap_or(event.received_at);
    to_millisecond(at)
}

/// How far BetterMode's clock may be ahead of ours.
const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Not before 1970, and with a year of four digits: such times sort as text.
fn is_plausible(at: &Timestamp) -> bool {
    const END: i64 = 253_402_300_800;
    (0..END).contains(&at.as_second())
}

/// Stores keep milliseconds.
pub(crate) fn to_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
