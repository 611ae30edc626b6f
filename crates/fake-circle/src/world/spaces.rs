//! Groups of spaces, and spaces of every kind.

use serde_json::json;

use super::Row;
use super::people::moment;
use fake_kit::time::iso;

pub(super) const FIRST_SPACE: u64 = 501;

/// Name, kind, private, hidden, group.
const SPACES: [(&str, &str, bool, bool, u64); 8] = [
    ("Introductions", "basic", false, false, 201),
    ("Engines", "basic", false, false, 201),
    ("Board room", "basic", true, true, 202),
    ("Mentors", "basic", true, false, 202),
    ("Meetups", "event", false, false, 201),
    ("First steps", "course", false, false, 203),
    ("Lounge", "chat", false, false, 203),
    ("Gallery", "image", false, false, 203),
];

impl Row {
    pub(super) fn new(id: u64, value: serde_json::Value) -> Self {
        Self {
            id,
            space: None,
            post: None,
            value,
        }
    }
}

pub(super) fn groups(community: u64) -> Vec<Row> {
    let known = [
        (201, "Community", false),
        (202, "Inner circle", true),
        (203, "Learning", false),
    ];
    let group = |(id, name, is_hidden): (u64, &str, bool)| {
        let value = json!({
            "id": id, "name": name, "slug": slug(name), "community_id": community,
            "is_hidden_from_non_members": is_hidden,
            "spaces_count": SPACES.iter().filter(|space| space.4 == id).count(),
            "space_group_members_count": 0,
            "created_at": iso(moment(0)), "updated_at": iso(moment(0)),
        });
        Row::new(id, value)
    };
    known.map(group).to_vec()
}

pub(super) fn spaces(community: u64) -> Vec<Row> {
    let space = |(at, (name, kind, is_private, is_hidden, group)): (usize, &(_, _, _, _, u64))| {
        let (name, kind, is_private, is_hidden): (&str, &str, bool, bool) =
            (*name, *kind, *is_private, *is_hidden);
        let id = FIRST_SPACE + at as u64;
        let value = json!({
            "id": id, "name": name, "slug": slug(name), "space_type": kind,
            "is_private": is_private, "is_hidden": is_hidden,
            "is_hidden_from_non_members": is_private, "display_view": "posts",
            "is_post_disabled": false, "post_ids": [],
            "space_group": { "id": group, "name": format!("Group {group}") },
            "topics": [], "url": format!("https://community.example.org/c/{}", slug(name)),
            "emoji": null, "cover_image_url": null, "community_id": community,
        });
        Row::new(id, value)
    };
    SPACES.iter().enumerate().map(space).collect()
}

pub(super) fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
