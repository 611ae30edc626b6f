//! The world a fake begins with: the same seed and the same clock give the same one.
//!
//! About sixty invented people, eight spaces, posts with replies and reactions, so
//! that a list in a demo looks like a list. It announces nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::rows::{Mapped, Member, Network, Role, RoleType, Space, Tag};
use super::table::Table;
use super::talk::{Draft, mapped};
use super::{World, ids, kinds, names};
use crate::config::FakeConfig;
use crate::time::iso;

const PEOPLE: usize = 60;
const DAY: Duration = Duration::from_secs(24 * 3600);

const ADMIN_SCOPES: &[&str] = &["view_member", "update_member", "create_post", "view_post"];
const MEMBER_SCOPES: &[&str] = &["create_post", "view_post"];
const GUEST_SCOPES: &[&str] = &["view_post"];

/// Makes the world.
pub(crate) fn world(config: &FakeConfig) -> World {
    let now = (config.time)();
    let mut rng = StdRng::seed_from_u64(config.seed);
    let network = network(&mut rng, config, now);
    let mut world = World {
        rng,
        public_url: config.public_url.clone(),
        network,
        roles: Table::default(),
        members: Table::default(),
        extra_members: 0..0,
        bot_id: String::new(),
        invitations: Table::default(),
        invited: std::collections::HashMap::default(),
        collections: Table::default(),
        post_types: Table::default(),
        spaces: Table::default(),
        posts: Table::default(),
        tags: Table::default(),
        messages: Table::default(),
        events: Table::default(),
        outbox: Vec::new(),
    };
    roles(&mut world);
    for number in 0..PEOPLE {
        person(&mut world, number, now);
    }
    bot(&mut world, now);
    kinds::add(&mut world, now - DAY * 900);
    tags(&mut world);
    spaces(&mut world, now);
    topics(&mut world, now);
    extra_people(&mut world, config, now);
    world.outbox.clear();
    // What happens from here on is this run's own: a store that outlives the run must
    // not meet its events' ids again.
    let run = u64::try_from(now.as_millisecond()).unwrap_or_default();
    world.rng = StdRng::seed_from_u64(config.seed ^ run);
    world
}

fn network(rng: &mut StdRng, config: &FakeConfig, now: Timestamp) -> Network {
    // Drawn even when the configuration has its own, so that the rest of the world
    // does not depend on it.
    let (id, organization_id) = (ids::id(rng, ids::SHORT), ids::id(rng, ids::SHORT));
    let (client_id, client_secret) = (ids::id(rng, 24), ids::id(rng, 40));
    Network {
        id: config.network_id.clone().unwrap_or(id),
        organization_id,
        collection_id: ids::id(rng, ids::SPACE),
        name: "Harbour Community".to_owned(),
        domain: "community.example.com".to_owned(),
        created_at: now - DAY * 900,
        client_id: config.client_id.clone().unwrap_or(client_id),
        client_secret: config.client_secret.clone().unwrap_or(client_secret),
    }
}

fn roles(world: &mut World) {
    let kinds = [
        ("Admin", RoleType::Admin, ADMIN_SCOPES),
        ("Moderator", RoleType::Moderator, ADMIN_SCOPES),
        ("Member", RoleType::Member, MEMBER_SCOPES),
        ("Guest", RoleType::Guest, GUEST_SCOPES),
    ];
    for (name, kind, scopes) in kinds {
        let id = world.id(ids::SHORT);
        world.roles.insert(Role {
            id,
            name,
            kind,
            scopes,
        });
    }
}

/// Last, and from a random source of their own, so that the rest of the world does not
/// depend on how many there are, nor the first of them on the later ones.
fn extra_people(world: &mut World, config: &FakeConfig, now: Timestamp) {
    world.rng = StdRng::seed_from_u64(config.seed.rotate_left(32));
    let first = world.members.iter().len();
    world.extra_members = first..first + config.extra_members;
    for number in PEOPLE..PEOPLE + config.extra_members {
        person(world, number, now);
    }
}

fn person(world: &mut World, number: usize, now: Timestamp) {
    let first = names::FIRST[number % names::FIRST.len()];
    // The second round meets the last names in another order, so nobody is there twice.
    let turn = number / names::FIRST.len() * 7;
    let last = names::LAST[(number + turn) % names::LAST.len()];
    let host = if number.is_multiple_of(2) {
        "example.com"
    } else {
        "example.org"
    };
    let kind = match number {
        1 | 2 => RoleType::Admin,
        3..=5 => RoleType::Moderator,
        _ => RoleType::Member,
    };
    let status = match number {
        50..=53 => "UNVERIFIED",
        54 | 55 => "Suspended",
        56 => "DELETED",
        _ => "VERIFIED",
    };
    let mut handle = format!("{first}.{last}").to_lowercase();
    if number >= PEOPLE {
        handle = format!("{handle}.{number}");
    }
    let name = format!("{first} {last}");
    let email = format!("{handle}@{host}");
    let mut member = blank_member(world, &handle, &name, &email, kind, now);
    status.clone_into(&mut member.status);
    member.created_at = now - DAY * world.rng.random_range(30..800);
    member.updated_at = member.created_at + DAY;
    member.verified_at = (status != "UNVERIFIED").then_some(member.created_at + DAY / 24);
    member.last_seen_at = Some(now - DAY / 24 * world.rng.random_range(1..600));
    member.score = world.rng.random_range(0..500);
    member.private_messaging = number % 19 != 18;
    if number.is_multiple_of(3) {
        let tagline = names::TAGLINES[number / 3 % names::TAGLINES.len()];
        member.tagline = Some(tagline.to_owned());
    }
    if number % 4 == 1 {
        member.picture_id = Some(world.id(ids::LONG));
        member.external_id = Some(format!("crm-{:05}", 1000 + number));
    }
    if number.is_multiple_of(2) {
        let city = names::CITIES[number / 2 % names::CITIES.len()];
        let fields = [
            ("city".to_owned(), json!(city).to_string()),
            (
                "newsletter".to_owned(),
                json!(number.is_multiple_of(4)).to_string(),
            ),
            ("pronouns".to_owned(), "null".to_owned()),
        ];
        member.fields.extend(fields);
    }
    if status == "DELETED" {
        "Deleted Member".clone_into(&mut member.name);
        member.deleted_at = Some(now - DAY);
    }
    world.members.insert(member);
}

/// A verified member who joined just now.
pub(crate) fn blank_member(
    world: &mut World,
    username: &str,
    name: &str,
    email: &str,
    kind: RoleType,
    now: Timestamp,
) -> Member {
    Member {
        id: world.id(ids::SHORT),
        username: username.to_owned(),
        name: name.to_owned(),
        email: email.to_owned(),
        status: "VERIFIED".to_owned(),
        role_id: world
            .role_of_kind(kind)
            .map(|role| role.id.clone())
            .unwrap_or_default(),
        tagline: None,
        locale: "en".to_owned(),
        external_id: None,
        picture_id: None,
        fields: BTreeMap::new(),
        extra: BTreeMap::new(),
        score: 0,
        private_messaging: true,
        created_at: now,
        updated_at: now,
        verified_at: Some(now),
        last_seen_at: None,
        deleted_at: None,
    }
}

fn bot(world: &mut World, now: Timestamp) {
    let mut bot = blank_member(
        world,
        "bridge-bot",
        "Bridge",
        "bridge-bot@example.com",
        RoleType::Admin,
        now - DAY * 300,
    );
    bot.tagline = Some("The app's own account".to_owned());
    world.bot_id.clone_from(&bot.id);
    world.members.insert(bot);
}

fn tags(world: &mut World) {
    for title in names::TAGS {
        let tag = Tag {
            id: world.id(ids::LONG),
            title: (*title).to_owned(),
            slug: title.to_lowercase(),
        };
        world.tags.insert(tag);
    }
}

fn spaces(world: &mut World, now: Timestamp) {
    let people: Vec<(String, bool)> = living(world);
    for (order, seed) in (0_u32..).zip(names::SPACES) {
        let (name, slug, kind, private, emoji, description, types) = *seed;
        let inside = |(place, (id, staff)): (usize, &(String, bool))| {
            (*staff || (!private && place % (1 + order as usize % 3) == 0)).then(|| id.clone())
        };
        let members: BTreeSet<String> = people.iter().enumerate().filter_map(inside).collect();
        let post_types = types
            .iter()
            .filter_map(|slug| world.post_type_by_slug(slug))
            .map(|kind| kind.id.clone())
            .collect();
        let id = world.id(ids::SPACE);
        world.spaces.insert(Space {
            id,
            name: name.to_owned(),
            slug: slug.to_owned(),
            description: Some(description.to_owned()),
            kind,
            private,
            hidden: false,
            invite_only: private,
            collection_id: world.network.collection_id.clone(),
            emoji,
            members,
            admins: BTreeSet::new(),
            post_types,
            order,
            created_by: people
                .get(1)
                .map(|person| person.0.clone())
                .unwrap_or_default(),
            created_at: now - DAY * 850,
            updated_at: now - DAY * 40,
        });
    }
}

/// Members who can take part, and whether they are staff.
fn living(world: &World) -> Vec<(String, bool)> {
    let verified = world
        .members
        .iter()
        .filter(|member| member.status == "VERIFIED" && member.id != world.bot_id);
    verified
        .map(|member| {
            let kind = world.role_of(member).map(|role| role.kind);
            let staff = matches!(kind, Some(RoleType::Admin | RoleType::Moderator));
            (member.id.clone(), staff)
        })
        .collect()
}

fn topics(world: &mut World, now: Timestamp) {
    let people = living(world);
    let (mut at, step) = (now - DAY * 45, DAY * 2);
    for (number, topic) in names::TOPICS.iter().enumerate() {
        let (space, kind, title, text) = *topic;
        let Some(space_id) = space_id(world, space) else {
            continue;
        };
        let staff_only = space == "announcements" || space == "moderators";
        let author = if staff_only {
            people[1].0.clone()
        } else {
            people[world.rng.random_range(0..people.len())].0.clone()
        };
        let mut fields = vec![
            mapped("title", "text", &json!(title)),
            mapped("content", "html", &json!(format!("<p>{text}</p>"))),
        ];
        if kind == "event" {
            let start = now + DAY * u32::try_from(number).unwrap_or(1);
            fields.push(mapped("start_date", "date", &json!(iso(start))));
            fields.push(mapped("end_date", "date", &json!(iso(start + DAY / 12))));
            fields.push(mapped("location", "text", &json!("Lisbon, by the river")));
            fields.push(mapped("capacity", "number", &json!(40)));
        }
        let tag = world.tags.iter().nth(number % names::TAGS.len());
        let tags = tag.map(|tag| tag.id.clone()).into_iter().collect();
        let post = write(
            world,
            &space_id,
            kind,
            &author,
            Vec::new(),
            fields,
            tags,
            at,
        );
        conversation(world, &space_id, &post, &people, at);
        at += step;
    }
}

/// A few answers to a post, and reactions to it.
fn conversation(
    world: &mut World,
    space_id: &str,
    post: &str,
    people: &[(String, bool)],
    at: Timestamp,
) {
    let mut later = at;
    for _ in 0..world.rng.random_range(0..5) {
        later += DAY / 8;
        let author = people[world.rng.random_range(0..people.len())].0.clone();
        let text = names::REPLIES[world.rng.random_range(0..names::REPLIES.len())];
        let fields = vec![mapped("content", "html", &json!(format!("<p>{text}</p>")))];
        let above = vec![post.to_owned()];
        write(
            world,
            space_id,
            "comment",
            &author,
            above,
            fields,
            Vec::new(),
            later,
        );
    }
    for _ in 0..world.rng.random_range(0..9) {
        let by = people[world.rng.random_range(0..people.len())].0.clone();
        let reaction = names::REACTIONS[world.rng.random_range(0..names::REACTIONS.len())];
        world.react(post, reaction, &by, later);
    }
}

fn space_id(world: &World, slug: &str) -> Option<String> {
    let mut spaces = world.spaces.iter();
    spaces
        .find(|space| space.slug == slug)
        .map(|space| space.id.clone())
}

#[expect(clippy::too_many_arguments, reason = "the columns of a seeded post")]
fn write(
    world: &mut World,
    space_id: &str,
    kind: &str,
    author: &str,
    replied_to: Vec<String>,
    mapped: Vec<Mapped>,
    tags: Vec<String>,
    at: Timestamp,
) -> String {
    let kind_id = world
        .post_type_by_slug(kind)
        .map(|kind| kind.id.clone())
        .unwrap_or_default();
    let draft = Draft {
        space_id: space_id.to_owned(),
        kind_id,
        owner_id: author.to_owned(),
        created_by: author.to_owned(),
        replied_to,
        mapped,
        tags,
        external_id: None,
        external_url: None,
        slug: None,
        locked: false,
        publish: true,
        hold: false,
        created_at: at,
        published_at: Some(at),
    };
    world.write_post(draft, at)
}
