//! Posts, comments in two levels, events.

use serde_json::{Value, json};

use super::Row;
use super::people::{FIRST_ID, email, mix, moment, name, user_id};
use fake_kit::time::iso;

/// Who writes.
pub(super) struct Authors {
    seed: u64,
    count: u64,
}

struct Author {
    member: u64,
    name: String,
}

impl Authors {
    pub(super) fn new(seed: u64, count: u64) -> Self {
        Self {
            seed,
            count: count.max(1),
        }
    }

    fn of(&self, thing: u64) -> Author {
        let member = FIRST_ID + mix(self.seed, thing) % self.count;
        let (first, last) = name(self.seed, member);
        Author {
            member,
            name: format!("{first} {last}"),
        }
    }
}

pub(super) fn posts(authors: &Authors, spaces: &[Row], count: u64) -> Vec<Row> {
    let basic: Vec<&Row> = spaces
        .iter()
        .filter(|space| space.value["space_type"] == "basic")
        .collect();
    let post = |index: u64| {
        let id = 70_001 + index;
        let author = authors.of(id);
        let space = basic[usize::try_from(index).unwrap_or_default() % basic.len()];
        let status = match index % 13 {
            11 => "draft",
            12 => "scheduled",
            _ => "published",
        };
        let written = iso(moment(1_000_000 + index * 3600));
        let body = format!("<p>Notes on engine {index} &amp; <b>its cards</b></p>");
        let value = json!({
            "id": id, "status": status, "name": format!("Note {index}"), "slug": format!("note-{index}"),
            "body": { "id": id, "name": "body", "body": body, "record_type": "Post", "record_id": id,
                "created_at": written, "updated_at": written },
            "comments_count": index % 4, "likes_count": index % 9,
            "published_at": (status == "published").then_some(&written),
            "created_at": written, "updated_at": written,
            "is_comments_enabled": true, "is_comments_closed": false, "is_liking_enabled": true,
            "space_id": space.id, "space_name": space.value["name"], "space_slug": space.value["slug"],
            "user_id": user_id(author.member), "user_email": email(author.member),
            "user_name": author.name, "user_avatar_url": null,
            "url": format!("https://community.example.org/c/x/note-{index}"), "topics": [],
        });
        Row {
            id,
            space: Some(space.id),
            post: None,
            value,
        }
    };
    (0..count).map(post).collect()
}

/// Up to three under each post; the third replies to the first.
pub(super) fn comments(authors: &Authors, posts: &[Row]) -> Vec<Row> {
    let under = |(at, post): (usize, &Row)| {
        let of_post = post.clone();
        let count = post.value["comments_count"].as_u64().unwrap_or_default();
        let first = 900_001 + at as u64 * 10;
        (0..count)
            .map(|index| comment(authors, &of_post, first, index))
            .collect::<Vec<_>>()
    };
    posts.iter().enumerate().flat_map(under).collect()
}

fn comment(authors: &Authors, post: &Row, first: u64, index: u64) -> Row {
    let id = first + index;
    let author = authors.of(id);
    let parent = (index == 2).then_some(first);
    let value = json!({
        "id": id, "parent_comment_id": parent,
        "created_at": iso(moment(2_000_000 + id * 60 % 1_000_000)),
        "body": { "body": format!("<p>Comment {index}</p>") },
        "user": { "id": user_id(author.member), "name": author.name, "avatar_url": null,
            "email": email(author.member) },
        "post": { "id": post.id, "name": post.value["name"], "slug": post.value["slug"] },
        "space": { "id": post.space, "slug": post.value["space_slug"], "name": post.value["space_name"] },
        "url": format!("https://community.example.org/c/x/y#{id}"),
        "likes_count": 0, "replies_count": u64::from(index == 0),
    });
    Row {
        id,
        space: post.space,
        post: Some(post.id),
        value,
    }
}

pub(super) fn events(authors: &Authors, spaces: &[Row]) -> Vec<Row> {
    let Some(space) = spaces
        .iter()
        .find(|space| space.value["space_type"] == "event")
    else {
        return Vec::new();
    };
    (0..6).map(|index| event(authors, space, index)).collect()
}

fn event(authors: &Authors, space: &Row, index: u64) -> Row {
    let id = 80_001 + index;
    let author = authors.of(id);
    let begin = 70_000_000 + index * 86_400;
    let (kind, place): (&str, Value) = if index.is_multiple_of(2) {
        ("virtual", Value::Null)
    } else {
        (
            "in_person",
            json!("{\"name\":\"Science Museum\",\"city\":\"London\"}"),
        )
    };
    let value = json!({
        "id": id, "name": format!("Meetup {index}"), "slug": format!("meetup-{index}"),
        "body": format!("<p>We meet for the {index}. time.</p>"),
        "user_id": user_id(author.member), "community_member_id": author.member,
        "starts_at": iso(moment(begin)), "ends_at": iso(moment(begin + 5400)),
        "duration_in_seconds": 5400, "location_type": kind,
        "virtual_location_url": index.is_multiple_of(2).then_some("https://meet.example.org/x"),
        "in_person_location": place, "host": author.name, "rsvp_disabled": false,
        "hide_attendees": false,
        "space": { "id": space.id, "name": space.value["name"], "slug": space.value["slug"] },
        "url": format!("https://community.example.org/c/meetups/meetup-{index}"),
        "member_email": email(author.member), "member_name": author.name,
        "likes_count": 1, "comments_count": 0, "topics": [],
        "created_at": iso(moment(begin - 1_000_000)),
    });
    Row {
        id,
        space: Some(space.id),
        post: None,
        value,
    }
}
