//! From a webhook event to activities.
//!
//! Names and shapes are those of developers.bettermode.com (events list, webhooks
//! guide) and of BetterMode's own apps. A body that says too little gives no
//! activity; nothing here fails, so that no event is tried again for ever.

use bettermode::MemberId;

use super::payload::{Payload, occurred_at, to_millisecond};
use super::{Activity, ActivityType, Subject};
use crate::events::{Format, NewEvent};

#[cfg(test)]
mod tests;

/// Longest name of a kind.
const MAX_KIND: usize = 64;

/// The activities of an event: one, as a rule. None where no member is known, and
/// for `post.created`: every post that is seen is also published, and counts then.
#[must_use]
pub fn normalise(event: &NewEvent) -> Vec<Activity> {
    let Some(payload) = Payload::read(event) else {
        return Vec::new();
    };
    let found = match event.format {
        Format::BetterMode => from_envelope(event, &payload),
        Format::Flat => from_flat(event, &payload),
        Format::Circle => Vec::new(),
    };
    let complete = |found: Found| {
        Some(Activity {
            event_id: event.event_id.clone(),
            member_id: found.member?,
            activity_type: activity_type(&found.kind),
            kind: found.kind,
            actor_id: found.actor,
            subject: found.subject,
            occurred_at: occurred_at(event),
            received_at: to_millisecond(event.received_at),
            url: payload.url(&["/object/url", "/url"]),
            network_id: event.network_id.clone(),
        })
    };
    found.into_iter().filter_map(complete).collect()
}

/// Whom a `member.*` event is about. The actor can be somebody else: a guest, an
/// administrator.
pub(crate) fn member_of(event: &NewEvent, payload: &Payload) -> Option<MemberId> {
    if !event.event_type.starts_with("member.") {
        return None;
    }
    match event.format {
        Format::BetterMode => payload.member(&["/object/id", "/target/memberId"]),
        Format::Flat => payload.member(&["/id", "/memberId", "/member_id"]),
        Format::Circle => None,
    }
}

/// What varies between activities of one event.
struct Found {
    kind: String,
    member: Option<MemberId>,
    actor: Option<MemberId>,
    subject: Subject,
}

fn from_envelope(event: &NewEvent, payload: &Payload) -> Vec<Found> {
    let Some((noun, verb)) = event.event_type.split_once('.') else {
        return Vec::new();
    };
    let actor = payload.member(&["/actor/id"]);
    match noun {
        "member" => vec![about_member(event, payload, actor, verb)],
        "post" if verb == "created" => Vec::new(),
        "post" => vec![about_post(payload, actor, verb)],
        "reaction" => vec![about_reaction(payload, actor, verb)],
        "space_membership" => about_membership(payload, actor.as_ref(), verb),
        _ => vec![about_anything(event, payload, actor, noun)],
    }
}

fn about_member(event: &NewEvent, payload: &Payload, actor: Option<MemberId>, verb: &str) -> Found {
    let member = member_of(event, payload);
    Found {
        kind: kind_of_member(verb, event.format),
        subject: Subject {
            member_id: member.clone(),
            ..Subject::default()
        },
        member,
        actor,
    }
}

/// A member joins when the address is verified: `member.created` comes before, and
/// also for those who never verify. The flat format knows no `member.verified`.
fn kind_of_member(verb: &str, format: Format) -> String {
    match (verb, format) {
        ("verified", _) | ("created", Format::Flat) => "member.joined".to_owned(),
        ("deleted", _) => "member.left".to_owned(),
        _ => kind("member", verb),
    }
}

/// A reply is a post too. What is done to a post concerns its author, also when a
/// moderator did it.
fn about_post(payload: &Payload, actor: Option<MemberId>, verb: &str) -> Found {
    let post_type = payload.text(&["entities/postType/slug"]);
    let above = &["/object/repliedToId", "entities/post/repliedToId"];
    let is_reply = payload.is_true("/object/isReply")
        || payload.text(above).is_some()
        || post_type == Some("comment");
    let author = payload
        .member(&[
            "/object/ownerId",
            "entities/owner/id",
            "/object/createdById",
        ])
        .or_else(|| actor.clone());
    let noun = match (is_reply, post_type) {
        (true, _) => "reply",
        (false, Some("event" | "events")) => "event",
        (false, _) => "post",
    };
    let mut subject = Subject {
        member_id: author.clone(),
        post_id: payload.post(&["/object/id", "/target/replyId", "/target/postId"]),
        space_id: payload.space(&["/object/spaceId", "/target/spaceId"]),
        ..Subject::default()
    };
    if is_reply {
        subject.parent_post_id = payload
            .post(above)
            .or_else(|| payload.post(&["/target/postId"]))
            .filter(|parent| subject.post_id.as_ref() != Some(parent));
    }
    Found {
        kind: kind_of_post(noun, verb),
        member: author,
        actor,
        subject,
    }
}

fn kind_of_post(noun: &str, verb: &str) -> String {
    match (noun, verb) {
        ("event", "published") => "event.scheduled".to_owned(),
        ("event", "deleted") => "event.cancelled".to_owned(),
        (_, "published") => kind(noun, "created"),
        _ => kind(noun, verb),
    }
}

/// `target.postId` is the post above when a reply was reacted to.
fn about_reaction(payload: &Payload, actor: Option<MemberId>, verb: &str) -> Found {
    let reply = payload.post(&["/target/replyId"]);
    let post = payload.post(&["/target/postId", "/object/postId", "entities/post/id"]);
    let (post_id, parent_post_id) = match reply {
        Some(reply) => {
            let above = post.filter(|post| *post != reply);
            (Some(reply), above)
        }
        None => (post, None),
    };
    let member = actor
        .clone()
        .or_else(|| payload.member(&["/object/participantId"]));
    Found {
        kind: kind("reaction", verb),
        member,
        actor,
        subject: Subject {
            member_id: payload.member(&["entities/owner/id"]),
            post_id,
            parent_post_id,
            space_id: payload.space(&["/target/spaceId", "entities/space/id"]),
            reaction: payload
                .text(&["/with/reactionString"])
                .map(|text| text.chars().take(128).collect()),
        },
    }
}

/// Whoever comes or goes, and whoever brought or sent them, where that is another.
fn about_membership(payload: &Payload, actor: Option<&MemberId>, verb: &str) -> Vec<Found> {
    let member = payload
        .member(&["/object/memberId", "/target/memberId"])
        .or_else(|| actor.cloned());
    let (own, others) = match verb {
        "created" => ("joined".to_owned(), "member_added".to_owned()),
        "deleted" => ("left".to_owned(), "member_removed".to_owned()),
        _ => (format!("membership_{verb}"), format!("membership_{verb}")),
    };
    let found = |name: &str, whose: Option<MemberId>| Found {
        kind: kind("space", name),
        member: whose,
        actor: actor.cloned(),
        subject: Subject {
            member_id: member.clone(),
            space_id: payload.space(&["/object/spaceId", "/target/spaceId"]),
            ..Subject::default()
        },
    };
    let mut activities = vec![found(&own, member.clone())];
    if actor.is_some() && actor != member.as_ref() {
        activities.push(found(&others, actor.cloned()));
    }
    activities
}

/// What has no rule of its own keeps its vendor name and belongs to who did it.
fn about_anything(
    event: &NewEvent,
    payload: &Payload,
    actor: Option<MemberId>,
    noun: &str,
) -> Found {
    let of_moderation =
        |what: &str| noun == "moderation" && payload.text(&["/object/entityType"]) == Some(what);
    let doer: &[&str] = match noun {
        "moderation" if event.event_type == "moderation.created" => &["/object/createdById"],
        "moderation" => &["/object/moderatorId"],
        "member_invitation" => &["/object/inviterId"],
        "space_join_request" => &["/object/memberId"],
        _ => &[],
    };
    let space: &[&str] = match noun {
        "space" => &["/object/id", "/target/spaceId"],
        _ => &["/target/spaceId", "/object/spaceId"],
    };
    Found {
        kind: vendor_kind(&event.event_type),
        member: actor.clone().or_else(|| payload.member(doer)),
        actor,
        subject: Subject {
            member_id: match noun {
                "moderation" if of_moderation("MEMBER") => payload.member(&["/object/entityId"]),
                "space_join_request" => payload.member(&["/object/memberId"]),
                _ => None,
            },
            post_id: if of_moderation("POST") {
                payload.post(&["/object/entityId"])
            } else {
                payload.post(&["/target/replyId", "/target/postId"])
            },
            space_id: payload.space(space),
            ..Subject::default()
        },
    }
}

/// The former integration's events. What they carry is known from its code alone:
/// `data` holds the thing itself.
fn from_flat(event: &NewEvent, payload: &Payload) -> Vec<Found> {
    let Some((noun, verb)) = event.event_type.split_once('.') else {
        return Vec::new();
    };
    if noun == "member" {
        return vec![about_member(event, payload, None, verb)];
    }
    let member = payload.member(&["/authorId", "/author_id", "/memberId", "/member_id"]);
    let is_event = payload.text(&["/spaceType", "/space_type"]) == Some("event");
    let above = payload.post(&["/postId", "/post_id"]);
    let itself = payload.post(&["/id"]);
    let (kind, post_id, parent_post_id) = match noun {
        "post" if is_event && verb == "created" => ("event.scheduled".to_owned(), itself, None),
        "post" if is_event => (kind_of_post("event", verb), itself, None),
        "post" => (kind("post", verb), itself, None),
        "comment" => (kind("reply", verb), itself, above),
        "reaction" if verb == "created" => ("reaction.added".to_owned(), above, None),
        "reaction" if verb == "deleted" => ("reaction.removed".to_owned(), above, None),
        _ => (vendor_kind(&event.event_type), None, None),
    };
    vec![Found {
        kind,
        actor: member.clone(),
        member,
        subject: Subject {
            post_id,
            parent_post_id,
            space_id: payload.space(&["/spaceId", "/space_id"]),
            ..Subject::default()
        },
    }]
}

fn kind(noun: &str, verb: &str) -> String {
    vendor_kind(&format!("{noun}.{verb}"))
}

/// Any name becomes a kind; one that would not fit where kinds are used, and one
/// that is longer than any word of the vendor's, is summed up as "other".
fn vendor_kind(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.len() <= MAX_KIND && name.chars().all(fits) {
        name.to_owned()
    } else {
        "other".to_owned()
    }
}

fn activity_type(kind: &str) -> ActivityType {
    match kind.split_once('.').map_or(kind, |(noun, _)| noun) {
        "member" => ActivityType::Member,
        "post" | "event" => ActivityType::Post,
        "reply" => ActivityType::Comment,
        "reaction" => ActivityType::Reaction,
        "space" => ActivityType::Space,
        _ => ActivityType::Other,
    }
}
