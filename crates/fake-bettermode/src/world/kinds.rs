//! The post types of the seeded community: what may be written, and with which fields.

use jiff::Timestamp;

use super::rows::{Mapping, PostType};
use super::{World, ids};

const TITLE: Mapping = field("title", "text", "Title", true);
const CONTENT: Mapping = field("content", "html", "Content", true);

/// Fields of an event where there is no calendar: its dates are fields like others.
const EVENT: &[Mapping] = &[
    TITLE,
    field("content", "html", "Description", false),
    field("start_date", "date", "Starts", true),
    field("end_date", "date", "Ends", false),
    field("location", "text", "Place", false),
    field("capacity", "number", "Seats", false),
    field("online", "boolean", "Online", false),
    field("topics", "textArray", "Topics", false),
];

/// Name, plural, slug, context, fields, slugs of the types that may answer.
type Kind = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [Mapping],
    &'static [&'static str],
);

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    ("Discussion", "Discussions", "discussion", "post", &[TITLE, CONTENT], &["comment"]),
    ("Question", "Questions", "question", "post", &[TITLE, CONTENT], &["answer", "comment"]),
    ("Event", "Events", "event", "post", EVENT, &["comment"]),
    ("Message", "Messages", "message", "post", &[CONTENT], &["comment"]),
    ("Comment", "Comments", "comment", "reply", &[CONTENT], &["comment"]),
    ("Answer", "Answers", "answer", "reply", &[CONTENT], &["comment"]),
];

/// Makes them all.
pub(super) fn add(world: &mut World, created_at: Timestamp) {
    for (name, plural, slug, context, mappings, replies) in KINDS.iter().copied() {
        let id = world.id(ids::POST);
        world.post_types.insert(PostType {
            id,
            name,
            plural,
            slug,
            context,
            mappings,
            replies,
            created_at,
        });
    }
}

const fn field(
    key: &'static str,
    kind: &'static str,
    title: &'static str,
    required: bool,
) -> Mapping {
    Mapping {
        key,
        kind,
        title,
        required,
    }
}
