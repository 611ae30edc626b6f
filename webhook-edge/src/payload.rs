//! What a verified webhook says, as far as the edge needs to know it.
//!
//! Two shapes come in: BetterMode's own envelope (`type`, `networkId`, `data`) and
//! the flat one (`event_type`, `timestamp`, `data`) of the integration that this
//! product replaces. The body itself is kept byte for byte; only a few fields are
//! copied out of it. Types, nouns and verbs that nobody has heard of pass through.
//! It reads [`Verified`] deliveries and nothing else.

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use trace_kit::TraceParent;

use crate::signature::{Delivery, Verified};

mod circle;
mod fields;
pub mod ids;
pub mod vocabulary;

pub use circle::CircleTopic;
use fields::Fields;
use ids::{EventId, MemberId, NetworkId, ObjectId};

/// The type that carries events; the other types ask for something.
const SUBSCRIPTION: &str = "SUBSCRIPTION";
/// The type by which BetterMode tries an address before it is saved.
const TEST: &str = "TEST";

/// What a webhook wants of the edge.
#[derive(Clone)]
pub enum Payload {
    /// BetterMode tries the address: give the challenge back, store nothing.
    Challenge {
        /// The text to give back.
        challenge: String,
    },
    /// Something to store.
    Event(Box<Event>),
}

/// The shape in which a webhook arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// BetterMode's own envelope.
    BetterMode,
    /// `event_type`, `timestamp`, `data`.
    Flat,
    /// One of Circle's flat objects.
    Circle,
}

/// A webhook to store. Fields that were not sent are empty, never guessed. It has
/// no `Debug`: its body holds personal data.
#[derive(Clone)]
pub struct Event {
    /// Its identity for deduplication.
    pub id: EventId,
    /// The envelope's type, for example `SUBSCRIPTION`; the event type of a flat
    /// body. The answer repeats it.
    pub envelope_type: String,
    /// What happened, for example `post.published`; the envelope's type where it
    /// names no event.
    pub event_type: String,
    /// The thing it happened to, for example `POST`.
    pub noun: String,
    /// What happened to it, for example `PUBLISHED`.
    pub verb: String,
    /// The network it happened in; empty in the flat format.
    pub network_id: NetworkId,
    /// Who did it.
    pub actor_id: MemberId,
    /// What it was done to.
    pub object_id: ObjectId,
    /// When it happened, by the sender's clock.
    pub occurred_at: Option<Timestamp>,
    /// When it was verified, by ours.
    pub received_at: Timestamp,
    /// The shape in which it arrived.
    pub format: Format,
    /// The route on which it arrived.
    pub path: std::borrow::Cow<'static, str>,
    /// The body, byte for byte as it was signed.
    pub body: Bytes,
    /// What its spans are put under; `None` while nobody traces.
    pub trace_parent: Option<TraceParent>,
}

/// Why a verified body cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON, or JSON that is not an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// Neither shape.
    #[error("the body has neither a type (BetterMode) nor an event_type (flat) of 1 to 128 bytes")]
    NoType,
    /// A network id that is not a usable string.
    #[error("the network id is not a string of 1 to 128 bytes")]
    MalformedNetworkId,
    /// A trial of the address with nothing to give back.
    #[error("the TEST webhook has no data.challenge")]
    NoChallenge,
    /// Rightly signed, but of another community than the configured one.
    #[error("the webhook is of another network than BETTERMODE_NETWORK_ID")]
    ForeignNetwork,
}

impl Error {
    /// A short name for metrics; the set is fixed.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::NoType => "no_type",
            Self::MalformedNetworkId => "malformed_network_id",
            Self::NoChallenge => "no_challenge",
            Self::ForeignNetwork => "foreign_network",
        }
    }
}

impl Payload {
    /// Reads a verified webhook. With `home`, webhooks that name another network
    /// are errors.
    ///
    /// # Errors
    /// [`Error`] when the body is no webhook of either shape, or not of `home`.
    pub fn read(delivery: &Delivery<Verified>, home: Option<&NetworkId>) -> Result<Self, Error> {
        let fields = Fields::read(delivery.body()).ok_or(Error::NotAnObject)?;
        if let Some(envelope_type) = fields.text("type") {
            return Self::read_envelope(delivery, &fields, envelope_type, home);
        }
        let event_type = fields.text("event_type").ok_or(Error::NoType)?;
        check_network(&fields, "network_id", home)?;
        Ok(Self::Event(Box::new(flat_event(
            delivery, &fields, event_type,
        ))))
    }

    fn read_envelope(
        delivery: &Delivery<Verified>,
        fields: &Fields<'_>,
        envelope_type: String,
        home: Option<&NetworkId>,
    ) -> Result<Self, Error> {
        let data = fields.object("data");
        if envelope_type == TEST {
            // No look at the network: no source says whose id the trial carries,
            // and nothing but an echo comes of it.
            let challenge = data.string("challenge").filter(|text| !text.is_empty());
            let challenge = challenge.ok_or(Error::NoChallenge)?;
            return Ok(Self::Challenge { challenge });
        }
        let network_id = check_network(fields, "networkId", home)?;
        Ok(Self::Event(Box::new(event(
            delivery,
            &data,
            envelope_type,
            network_id.unwrap_or_default(),
        ))))
    }
}

fn check_network(
    fields: &Fields<'_>,
    key: &str,
    home: Option<&NetworkId>,
) -> Result<Option<NetworkId>, Error> {
    if fields.raw(key).is_none() {
        return Ok(None);
    }
    let id = NetworkId::new(fields.text(key).ok_or(Error::MalformedNetworkId)?);
    if home.is_some_and(|home| *home != id) {
        return Err(Error::ForeignNetwork);
    }
    Ok(Some(id))
}

fn event(
    delivery: &Delivery<Verified>,
    data: &Fields<'_>,
    envelope_type: String,
    network_id: NetworkId,
) -> Event {
    let noun = data.text("noun").unwrap_or_default();
    // Only an event's data.id is the id of an event. An installation's is that of
    // the installation, which comes again with every change of it.
    let sent_id = (envelope_type == SUBSCRIPTION)
        .then(|| data.text("id"))
        .flatten()
        .filter(|id| is_event_id(id));
    Event {
        id: EventId::new(sent_id.unwrap_or_else(|| digest_of(delivery.body()))),
        event_type: data.text("name").unwrap_or_else(|| envelope_type.clone()),
        object_id: ObjectId::new(object_id(data, &noun).unwrap_or_default()),
        actor_id: MemberId::new(data.object("actor").text("id").unwrap_or_default()),
        verb: data.text("verb").unwrap_or_default(),
        occurred_at: data.text("time").and_then(|time| time.parse().ok()),
        noun,
        envelope_type,
        network_id,
        received_at: delivery.received_at(),
        format: Format::BetterMode,
        path: delivery.path().into(),
        body: delivery.body().clone(),
        trace_parent: None,
    }
}

fn flat_event(delivery: &Delivery<Verified>, fields: &Fields<'_>, event_type: String) -> Event {
    Event {
        // data.id is the id of the member or post here: as the id of an event it
        // would make a thing's second event a duplicate of its first.
        id: EventId::new(digest_of(delivery.body())),
        envelope_type: event_type.clone(),
        event_type,
        noun: String::new(),
        verb: String::new(),
        network_id: NetworkId::default(),
        actor_id: MemberId::default(),
        object_id: ObjectId::new(fields.object("data").text("id").unwrap_or_default()),
        occurred_at: flat_time(fields),
        received_at: delivery.received_at(),
        format: Format::Flat,
        path: delivery.path().into(),
        body: delivery.body().clone(),
        trace_parent: None,
    }
}

fn object_id(data: &Fields<'_>, noun: &str) -> Option<String> {
    data.object("object")
        .text("id")
        .or_else(|| data.object("target").text(vocabulary::target_key(noun)?))
}

/// ISO 8601 with an offset, or whole milliseconds.
fn flat_time(fields: &Fields<'_>) -> Option<Timestamp> {
    match fields.text("timestamp") {
        Some(text) => text.parse().ok(),
        None => Timestamp::from_millisecond(fields.raw("timestamp")?.parse().ok()?).ok(),
    }
}

fn is_event_id(id: &str) -> bool {
    id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn digest_of(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

#[cfg(test)]
mod tests;
