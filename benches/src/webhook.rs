//! Signed webhooks in BetterMode's shape, made at a fraction of what checking one costs.
//!
//! All webhooks of a run begin alike, so the digest of that part is computed once. What
//! differs, the ids, stands at the end. The harness's own `signing` checks the result.

use hmac::{Hmac, KeyInit as _, Mac as _};
use integration_tests::sandbox::{NETWORK_ID, WEBHOOK_SECRET};
use integration_tests::signing;
use sha2::Sha256;

/// Which webhook: the `sequence`th about the post `entity`, in the run `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) run: u32,
    pub(crate) entity: u32,
    pub(crate) sequence: u32,
}

impl Name {
    /// The `number`th webhook of a run whose posts take turns.
    pub(crate) fn nth(run: u32, number: u64) -> Self {
        const ENTITIES: u64 = 1000;
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            run,
            entity: small(number % ENTITIES),
            sequence: small(number / ENTITIES),
        }
    }

    /// BetterMode's `data.id`: 32 hexadecimal digits.
    pub(crate) fn event_id(self) -> String {
        let Self {
            run,
            entity,
            sequence,
        } = self;
        format!("{run:08x}{entity:08x}{sequence:08x}{:08x}", 0)
    }

    /// The name whose event id this is.
    pub(crate) fn of_event_id(id: &str) -> Option<Self> {
        let part = |index: usize| u32::from_str_radix(id.get(index * 8..index * 8 + 8)?, 16).ok();
        Some(Self {
            run: part(0)?,
            entity: part(1)?,
            sequence: part(2)?,
        })
    }
}

/// Writes HTTP requests. One timestamp for all, so make a new one every few minutes.
#[derive(Clone)]
pub(crate) struct Writer {
    head: String,
    beginning: String,
    digest: Hmac<Sha256>,
}

impl Writer {
    /// Requests whose bodies have this many bytes, signed with the time of now.
    pub(crate) fn new(body_bytes: usize) -> Self {
        let timestamp = signing::timestamp_now();
        let fixed = beginning("").len() + ending(Name::nth(0, 0)).len();
        let beginning = beginning(&filling(body_bytes.saturating_sub(fixed)));
        let mut digest = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes())
            .expect("HMAC takes keys of any length");
        digest.update(timestamp.as_bytes());
        digest.update(b":");
        digest.update(beginning.as_bytes());
        let length = beginning.len() + ending(Name::nth(0, 0)).len();
        let head = format!(
            "POST /webhooks/bettermode HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\
             {}: {timestamp}\r\n{}: ",
            signing::TIMESTAMP_HEADER,
            signing::SIGNATURE_HEADER
        );
        Self {
            head,
            beginning,
            digest,
        }
    }

    /// Puts one request, head and body, in place of what is in `request`.
    pub(crate) fn write(&self, name: Name, request: &mut Vec<u8>) {
        let ending = ending(name);
        let mut digest = self.digest.clone();
        digest.update(ending.as_bytes());
        let mut signature = [0; 64];
        hex::encode_to_slice(digest.finalize().into_bytes(), &mut signature)
            .expect("32 bytes are 64 digits");
        request.clear();
        for part in [
            self.head.as_bytes(),
            &signature,
            b"\r\n\r\n",
            self.beginning.as_bytes(),
            ending.as_bytes(),
        ] {
            request.extend_from_slice(part);
        }
    }
}

/// What all webhooks of a run begin with. A post before its change takes the room that
/// a post's text takes.
fn beginning(filling: &str) -> String {
    format!(
        r#"{{"networkId":"{NETWORK_ID}","context":"NETWORK","entityId":"{NETWORK_ID}","currentSettings":[],"type":"SUBSCRIPTION","data":{{"time":"2026-01-02T03:04:05.678Z","verb":"UPDATED","verbAction":"UPDATED","noun":"POST","name":"post.updated","shortDescription":"Update Post","oldObject":{{"title":"A question about the summer meeting","shortContent":"{filling}"}}"#
    )
}

/// What differs from webhook to webhook; always of the same length.
fn ending(name: Name) -> String {
    let (entity, id) = (name.entity, name.event_id());
    let member = name.sequence.wrapping_mul(31).wrapping_add(entity) % 10_000;
    format!(
        r#","actor":{{"id":"M{member:09}","roleType":"member","sessionInfo":[null]}},"object":{{"id":"P{entity:09}","networkId":"{NETWORK_ID}","spaceId":"S00000000012","createdById":"M{member:09}","isReply":false}},"target":{{"networkId":"{NETWORK_ID}","spaceId":"S00000000012","postId":"P{entity:09}","memberId":"M{member:09}"}},"id":"{id}"}}}}"#
    )
}

fn filling(bytes: usize) -> String {
    "The room is booked and the list is open. "
        .chars()
        .cycle()
        .take(bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_request_is_as_long_as_asked_for_and_rightly_signed() {
        let name = Name {
            run: 7,
            entity: 999,
            sequence: 4_000_000,
        };
        let mut request = b"rubbish".to_vec();
        Writer::new(2048).write(name, &mut request);
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let line = head.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.to_owned()
        };
        assert_eq!(body.len(), 2048);
        assert_eq!(header("Content-Length"), "2048");
        let timestamp = header(signing::TIMESTAMP_HEADER);
        assert_eq!(
            header(signing::SIGNATURE_HEADER),
            signing::sign(WEBHOOK_SECRET, &timestamp, body.as_bytes())
        );
        let body: Value = serde_json::from_str(body).unwrap();
        let id = body["data"]["id"].as_str().unwrap();
        assert_eq!(Name::of_event_id(id), Some(name));
    }

    #[test]
    fn no_two_numbers_have_the_same_name() {
        let mut ids: Vec<_> = (0..3000).map(|n| Name::nth(1, n).event_id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3000);
    }
}
