//! An event as bytes on disk: a version, a checksum, then the fields.
//!
//! Reading is total: whatever the bytes are, the answer is an event or an error.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trace_kit::TraceParent;

use crate::payload::ids::{EventId, MemberId, NetworkId, ObjectId};
use crate::payload::{CircleTopic, Event, Format};

/// The first byte of a record of an event that nobody traces: an edge of before reads it.
const VERSION: u8 = 1;
/// That of one whose trace stands behind the fields.
const TRACED: u8 = 2;
/// Version and checksum.
const HEAD: usize = 1 + size_of::<u32>();

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing, or not even a head.
    #[error("the record is cut short")]
    Short,
    /// Another version wrote it.
    #[error("the record has version {0}, which this version of webhook-edge does not read")]
    Version(u8),
    /// Not the bytes that were written.
    #[error("the record's checksum does not fit: it was damaged on disk")]
    Checksum,
    /// The right checksum over something else.
    #[error("the record's fields cannot be read")]
    Fields,
}

/// The fields as they are on disk; their order is the format.
#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    queued_at: i128,
    id: &'a str,
    envelope_type: &'a str,
    event_type: &'a str,
    noun: &'a str,
    verb: &'a str,
    network_id: &'a str,
    actor_id: &'a str,
    object_id: &'a str,
    occurred_at: Option<i128>,
    received_at: i128,
    is_flat: bool,
    path: &'a str,
    #[serde(with = "serde_bytes")]
    body: &'a [u8],
}

/// What an event's spans are under: trace, span, whether the trace is recorded.
type Trace = (u128, u64, bool);

/// The record of an event that is queued now.
#[must_use]
pub fn encode(event: &Event, queued_at: Timestamp) -> Vec<u8> {
    let fields = Fields {
        queued_at: queued_at.as_nanosecond(),
        id: event.id.as_str(),
        envelope_type: &event.envelope_type,
        event_type: &event.event_type,
        noun: &event.noun,
        verb: &event.verb,
        network_id: event.network_id.as_str(),
        actor_id: event.actor_id.as_str(),
        object_id: event.object_id.as_str(),
        occurred_at: event.occurred_at.map(Timestamp::as_nanosecond),
        received_at: event.received_at.as_nanosecond(),
        // Circle's are flat too; their path tells them apart.
        is_flat: event.format != Format::BetterMode,
        path: &event.path,
        body: &event.body,
    };
    let mut record = Vec::with_capacity(HEAD + 512 + event.body.len());
    record.extend([0; HEAD]);
    // Writing plain fields to memory has no way to fail.
    let mut record = postcard::to_extend(&fields, record).unwrap_or_default();
    let mut version = VERSION;
    if let Some(parent) = event.trace_parent {
        version = TRACED;
        record = postcard::to_extend(&parent.parts(), record).unwrap_or_default();
    }
    if let Some((head, fields)) = record.split_at_mut_checked(HEAD) {
        head[0] = version;
        head[1..].copy_from_slice(&crc32fast::hash(fields).to_le_bytes());
    }
    record
}

/// The event in a record, and when it was queued.
///
/// # Errors
/// [`DecodeError`] when the bytes are none that [`encode`] wrote.
pub fn decode(record: &[u8]) -> Result<(Event, Timestamp), DecodeError> {
    let (fields, trace) = fields(record)?;
    let body = Bytes::copy_from_slice(fields.body);
    event(&fields, trace, body)
}

/// The same; the body is a part of the record's memory, not a copy.
pub(super) fn decode_shared(record: &Bytes) -> Result<(Event, Timestamp), DecodeError> {
    let (fields, trace) = fields(record)?;
    let body = record.slice_ref(fields.body);
    event(&fields, trace, body)
}

/// The id of the event in a record.
pub(super) fn id(record: &[u8]) -> Result<&str, DecodeError> {
    Ok(fields(record)?.0.id)
}

fn fields(record: &[u8]) -> Result<(Fields<'_>, Option<Trace>), DecodeError> {
    let (head, rest) = record.split_at_checked(HEAD).ok_or(DecodeError::Short)?;
    if ![VERSION, TRACED].contains(&head[0]) {
        return Err(DecodeError::Version(head[0]));
    }
    if head[1..] != crc32fast::hash(rest).to_le_bytes() {
        return Err(DecodeError::Checksum);
    }
    let (fields, mut left) =
        postcard::take_from_bytes::<Fields<'_>>(rest).map_err(|_| DecodeError::Fields)?;
    let mut trace = None;
    if head[0] == TRACED {
        let (found, behind) =
            postcard::take_from_bytes::<Trace>(left).map_err(|_| DecodeError::Fields)?;
        (trace, left) = (Some(found), behind);
    }
    if left.is_empty() {
        Ok((fields, trace))
    } else {
        Err(DecodeError::Fields)
    }
}

fn event(
    fields: &Fields<'_>,
    trace: Option<Trace>,
    body: Bytes,
) -> Result<(Event, Timestamp), DecodeError> {
    let event = Event {
        id: EventId::new(fields.id),
        envelope_type: fields.envelope_type.to_owned(),
        event_type: fields.event_type.to_owned(),
        noun: fields.noun.to_owned(),
        verb: fields.verb.to_owned(),
        network_id: NetworkId::new(fields.network_id),
        actor_id: MemberId::new(fields.actor_id),
        object_id: ObjectId::new(fields.object_id),
        occurred_at: fields.occurred_at.map(time).transpose()?,
        received_at: time(fields.received_at)?,
        format: match (fields.is_flat, CircleTopic::of(fields.path)) {
            (false, _) => Format::BetterMode,
            (true, None) => Format::Flat,
            (true, Some(_)) => Format::Circle,
        },
        path: Cow::Owned(fields.path.to_owned()),
        body,
        trace_parent: trace.and_then(|(trace, span, sampled)| {
            // Zeros are no trace; that costs the event its trace, not its life.
            TraceParent::new(trace, span, sampled)
        }),
    };
    Ok((event, time(fields.queued_at)?))
}

fn time(nanoseconds: i128) -> Result<Timestamp, DecodeError> {
    Timestamp::from_nanosecond(nanoseconds).map_err(|_| DecodeError::Fields)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(texts: &[String; 9], body: &[u8], flat: bool, at: i64) -> Event {
        Event {
            id: EventId::new(&*texts[0]),
            envelope_type: texts[1].clone(),
            event_type: texts[2].clone(),
            noun: texts[3].clone(),
            verb: texts[4].clone(),
            network_id: NetworkId::new(&*texts[5]),
            actor_id: MemberId::new(&*texts[6]),
            object_id: ObjectId::new(&*texts[7]),
            occurred_at: (at % 2 == 0).then(|| Timestamp::from_millisecond(at).unwrap()),
            received_at: Timestamp::from_millisecond(at).unwrap(),
            format: if flat {
                Format::Flat
            } else {
                Format::BetterMode
            },
            path: Cow::Owned(texts[8].clone()),
            body: Bytes::copy_from_slice(body),
            trace_parent: TraceParent::new(u128::from(flat), body.len() as u64, at % 3 == 0),
        }
    }

    fn fields(event: &Event) -> impl PartialEq + std::fmt::Debug {
        (
            (
                event.id.clone(),
                event.envelope_type.clone(),
                event.event_type.clone(),
            ),
            (
                event.noun.clone(),
                event.verb.clone(),
                event.network_id.clone(),
            ),
            (
                event.actor_id.clone(),
                event.object_id.clone(),
                event.occurred_at,
            ),
            (
                event.received_at,
                event.format,
                event.path.clone(),
                event.body.clone(),
                event.trace_parent,
            ),
        )
    }

    /// What an edge wrote before events had traces: "e1", a `member.created` of 2024.
    const OF_BEFORE: &str = concat!(
        "0120f941b280a4bbf681a5eacc2f0265310c535542534352495054494f4e0e6d656d6265722e6372",
        "6561746564064d454d4245520743524541544544046e6574310361646103626f620080a4bbf681a5",
        "eacc2f00142f776562686f6f6b732f6265747465726d6f6465077b2261223a317d",
    );

    #[test]
    fn a_record_of_before_traces_is_read_and_one_without_a_trace_is_written_like_it() {
        let old = hex::decode(OF_BEFORE).unwrap();
        let (event, queued_at) = decode(&old).unwrap();
        assert_eq!(event.id.as_str(), "e1");
        assert_eq!(event.event_type, "member.created");
        assert_eq!(event.body, &b"{\"a\":1}"[..]);
        assert_eq!(event.trace_parent, None);
        assert_eq!(encode(&event, queued_at), old);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(
            texts: [String; 9], body: Vec<u8>, flat: bool, at in 0..4_000_000_000_000_i64,
        ) {
            let event = event(&texts, &body, flat, at);
            let (read, queued_at) = decode(&encode(&event, event.received_at)).unwrap();
            prop_assert_eq!(fields(&read), fields(&event));
            prop_assert_eq!(queued_at, event.received_at);
        }

        #[test]
        fn circles_webhooks_are_known_by_their_path(at in 0..3_usize) {
            let path = CircleTopic::ALL[at].path().to_owned();
            let texts = std::array::from_fn(|index| if index == 8 { path.clone() } else { index.to_string() });
            let mut circle = event(&texts, b"{}", true, 7);
            circle.format = Format::Circle;
            let (read, _) = decode(&encode(&circle, circle.received_at)).unwrap();
            prop_assert_eq!(fields(&read), fields(&circle));
        }

        #[test]
        fn a_damaged_record_is_refused(at: usize, flip in 1..=u8::MAX) {
            let texts = std::array::from_fn(|index| format!("text {index}"));
            let mut record = encode(&event(&texts, b"body", false, 7), Timestamp::UNIX_EPOCH);
            let at = at % record.len();
            record[at] ^= flip;
            prop_assert!(decode(&record).is_err());
            prop_assert!(decode(&record[..at]).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _refused = decode(&bytes);
            for version in [VERSION, TRACED] {
                let mut right = vec![version];
                right.extend(crc32fast::hash(&bytes).to_le_bytes());
                right.extend(&bytes);
                let _either = decode(&right);
            }
        }
    }
}
