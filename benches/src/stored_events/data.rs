//! A community's webhooks: who did what when. The same for everybody who asks for the
//! same number, so nothing has to be kept.

use std::ops::Range;

use community_proto::v1::{WebhookEvent, WebhookFormat};
use integration_tests::sandbox::NETWORK_ID;
use integration_tests::signing;
use prost_types::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

/// How many members there are.
pub(super) const MEMBERS: u32 = 10_000;
/// Over how many days the webhooks came.
pub(super) const DAYS: u64 = 90;
/// About how long a payload is.
pub(super) const PAYLOAD_BYTES: usize = 600;

/// The type that comes most.
pub(super) const FREQUENT_TYPE: &str = TYPES[0];
/// One that comes seldom.
pub(super) const RARE_TYPE: &str = TYPES[TYPES.len() - 1];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const SPACES: u32 = 60;
const POSTS: u32 = 50_000;

/// BetterMode's event types, the most frequent first (developers.bettermode.com, list of
/// events; the last ones are known from its schema's nouns and verbs).
const TYPES: [&str; 40] = [
    "reaction.added",
    "post.published",
    "post.created",
    "member.updated",
    "space_membership.created",
    "reaction.removed",
    "post.updated",
    "member.verified",
    "member.created",
    "space_membership.deleted",
    "tag.added",
    "post.deleted",
    "moderation.created",
    "moderation.accepted",
    "moderation.rejected",
    "post.blocked",
    "post.unblocked",
    "post.unpublished",
    "post.pinned",
    "post.unpinned",
    "tag.removed",
    "member_invitation.created",
    "member_invitation.accepted",
    "member_invitation.rejected",
    "space_join_request.created",
    "space_join_request.accepted",
    "space_join_request.rejected",
    "member.deleted",
    "member.suspended",
    "member.unsuspended",
    "post.hidden",
    "post.unhidden",
    "space.created",
    "space.updated",
    "space.deleted",
    "collection.created",
    "collection.updated",
    "collection.deleted",
    "network.updated",
    "plan.updated",
];

/// How many event types there are.
pub(super) fn types() -> usize {
    TYPES.len()
}

/// The webhooks of the last days.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    events: u64,
    /// In milliseconds since 1970.
    begin: u64,
}

impl World {
    /// So many webhooks, evenly over the days until now.
    pub(super) fn until_now(events: u64) -> Self {
        let now: u64 = signing::timestamp_now().parse().expect("a number");
        Self {
            events,
            begin: now - DAYS * DAY_MS,
        }
    }

    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// The webhooks with these numbers, in the order of their receipt.
    pub(super) fn webhooks(&self, numbers: Range<u64>) -> Vec<WebhookEvent> {
        numbers.map(|number| self.webhook(number)).collect()
    }

    fn webhook(&self, number: u64) -> WebhookEvent {
        let mut rng = StdRng::seed_from_u64(number);
        let received = self.begin + DAYS * DAY_MS * number / self.events;
        let occurred = received - rng.random_range(200..5_000);
        let event_type = event_type(&mut rng);
        let (noun, verb) = event_type.split_once('.').unwrap_or((event_type, ""));
        let (noun, verb) = (noun.to_uppercase(), verb.to_uppercase());
        let member = member(&mut rng);
        let object = object(&noun, &member, &mut rng);
        let id = format!("{number:032x}");
        let body = json!({
            "networkId": NETWORK_ID, "context": "NETWORK", "currentSettings": [],
            "type": "SUBSCRIPTION",
            "data": {
                "id": id, "time": rfc3339(occurred), "name": event_type, "noun": noun,
                "verb": verb, "shortDescription": "What happened, in words for people",
                "actor": { "id": member, "roleType": "member", "sessionInfo": [null] },
                "object": object,
                "target": { "networkId": NETWORK_ID, "spaceId": space(&mut rng) },
            },
        });
        WebhookEvent {
            event_id: id,
            event_type: event_type.to_owned(),
            noun,
            verb,
            network_id: NETWORK_ID.to_owned(),
            object_id: body["data"]["object"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            actor_member_id: member,
            occur_time: Some(timestamp(occurred)),
            receive_time: Some(timestamp(received)),
            format: WebhookFormat::Bettermode.into(),
            path: "/webhooks/bettermode".to_owned(),
            payload: body.to_string().into_bytes().into(),
            platform: String::new(),
            trace_parent: String::new(),
        }
    }

    /// A stretch of time of this many hours somewhere in the days; none of 0 hours.
    pub(super) fn stretch(&self, hours: u64, rng: &mut StdRng) -> Option<(Timestamp, Timestamp)> {
        let length = hours * 60 * 60 * 1000;
        let from = self.begin + rng.random_range(0..DAYS * DAY_MS - length);
        (length > 0).then(|| (timestamp(from), timestamp(from + length)))
    }

    /// A day on which there were webhooks, such as `2026-11-23`.
    pub(super) fn day(&self, rng: &mut StdRng) -> String {
        let at = self.begin + rng.random_range(0..DAYS * DAY_MS);
        rfc3339(at)[..10].to_owned()
    }
}

/// Some types come often, most seldom: the first one in three times, the last ones once
/// in a hundred.
pub(super) fn event_type(rng: &mut StdRng) -> &'static str {
    TYPES[skewed(40, rng) as usize]
}

/// A member; some do a lot, most little.
pub(super) fn member(rng: &mut StdRng) -> String {
    member_id(skewed(MEMBERS, rng))
}

/// The busiest member.
pub(super) fn busiest() -> String {
    member_id(0)
}

fn member_id(number: u32) -> String {
    format!("M{number:09}")
}

fn space(rng: &mut StdRng) -> String {
    format!("S{:011}", rng.random_range(0..SPACES))
}

/// A number below `end`; the cube of an even choice, so small ones come most.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number between 0 and `end`"
)]
fn skewed(end: u32, rng: &mut StdRng) -> u32 {
    let even: f64 = rng.random();
    ((f64::from(end) * even.powi(3)) as u32).min(end - 1)
}

fn object(noun: &str, member: &str, rng: &mut StdRng) -> serde_json::Value {
    let text = "Some words of a text that is about as long as such texts are, cut in the middle";
    match noun {
        "MEMBER" => json!({
            "id": member, "networkId": NETWORK_ID, "name": "Ada", "status": "VERIFIED",
            "tagline": text, "teammate": false,
        }),
        "SPACE_MEMBERSHIP" | "SPACE_JOIN_REQUEST" => json!({
            "id": format!("X{:09}", rng.random_range(0..POSTS)), "memberId": member,
            "networkId": NETWORK_ID, "spaceId": space(rng), "note": text,
        }),
        _ => json!({
            "id": format!("P{:09}", rng.random_range(0..POSTS)), "networkId": NETWORK_ID,
            "spaceId": space(rng), "createdById": member, "isReply": rng.random_bool(0.6),
            "title": text, "url": "https://community.example/posts/a-question-about-the-meeting",
        }),
    }
}

fn timestamp(milliseconds: u64) -> Timestamp {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or(0);
    let nanos = i32::try_from(milliseconds % 1000).unwrap_or(0) * 1_000_000;
    Timestamp { seconds, nanos }
}

fn rfc3339(milliseconds: u64) -> String {
    let milliseconds = i64::try_from(milliseconds).unwrap_or(0);
    let at = jiff::Timestamp::from_millisecond(milliseconds).expect("a time of our days");
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_webhook() {
        let world = World::until_now(1000);
        assert_eq!(world.webhooks(7..9), world.webhooks(7..9));
        let webhooks = world.webhooks(0..1000);
        let bytes: usize = webhooks.iter().map(|webhook| webhook.payload.len()).sum();
        assert!((500..700).contains(&(bytes / 1000)), "{}", bytes / 1000);
        assert!(webhooks.is_sorted_by_key(|webhook| {
            let time = webhook.receive_time.unwrap();
            (time.seconds, time.nanos)
        }));
    }

    #[test]
    fn some_members_do_more_than_others() {
        let mut rng = StdRng::seed_from_u64(3);
        let members: Vec<_> = (0..10_000).map(|_| member(&mut rng)).collect();
        let busiest = members.iter().filter(|id| **id == busiest()).count();
        assert!((300..700).contains(&busiest), "{busiest}");
    }
}
