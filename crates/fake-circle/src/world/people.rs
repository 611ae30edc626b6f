//! Members: a row is made when it is asked for, from the seed and the id, so that 50,000 of
//! them take no room and no time.
//!
//! Every twentieth never confirmed; every thousandth has the address of the one before in
//! another spelling; the names of some need care in CSV and HTML.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::Row;
use fake_kit::time::iso;

pub(super) const FIRST_ID: u64 = 4101;
const USER_OFFSET: u64 = 5_000_000;
/// 2024-01-01T00:00:00Z: what the community's first day is counted from.
const FIRST_DAY: i64 = 1_704_067_200;

const FIRST_NAMES: [&str; 12] = [
    "Ada",
    "Grace",
    "Joan",
    "Mary",
    "Katherine",
    "Edith",
    "Hedy",
    "Radia",
    "Zoë",
    "Søren",
    "Lin",
    "O'Neil",
];
const LAST_NAMES: [&str; 11] = [
    "Byron",
    "Hopper",
    "Clarke",
    "Jackson",
    "Johnson",
    "Lamarr",
    "Perlman",
    "Nuñez",
    "Kierkegaard",
    "Smith, Jr.",
    "<Tag> & Sons",
];
const TAGS: [&str; 4] = ["Founding member", "Speaker", "Mentor", "VIP"];

/// A member.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: u64,
    changed: Option<Map<String, Value>>,
}

/// Numbers that depend on nothing but what goes in.
pub(super) fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(number.wrapping_mul(0xd1b5_4a32_d192_ed03));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// So many seconds after the first day.
pub(super) fn moment(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let first = Timestamp::from_second(FIRST_DAY).unwrap_or_default();
    first
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(first)
}

pub(super) fn user_id(member: u64) -> u64 {
    member + USER_OFFSET
}

pub(super) fn email(member: u64) -> String {
    if member.is_multiple_of(1000) {
        return format!("Member{}@Example.ORG ", member - 1);
    }
    format!("member{member}@example.org")
}

pub(super) fn name(seed: u64, member: u64) -> (&'static str, &'static str) {
    let at = |names: usize, salt: u64| {
        let names = u64::try_from(names).unwrap_or(1);
        usize::try_from(mix(seed ^ salt, member) % names).unwrap_or_default()
    };
    (
        FIRST_NAMES[at(FIRST_NAMES.len(), 1)],
        LAST_NAMES[at(LAST_NAMES.len(), 2)],
    )
}

impl Person {
    pub(super) fn new(id: u64) -> Self {
        Self { id, changed: None }
    }

    pub(super) fn user_id(&self) -> u64 {
        user_id(self.id)
    }

    pub(super) fn change(&mut self, fields: Map<String, Value>) {
        self.changed.get_or_insert_default().extend(fields);
    }

    pub(super) fn is_confirmed(&self) -> bool {
        match self
            .changed
            .as_ref()
            .and_then(|f| f.get("profile_confirmed_at"))
        {
            Some(value) => !value.is_null(),
            None => !self.id.is_multiple_of(20),
        }
    }

    pub(super) fn has_email(&self, email: &str) -> bool {
        let changed = self.changed.as_ref().and_then(|f| f.get("email"));
        let own = match changed {
            Some(value) => value.as_str().unwrap_or_default().to_owned(),
            None => self::email(self.id),
        };
        own.trim().eq_ignore_ascii_case(email.trim())
    }

    /// The object as the API sends it.
    pub(super) fn row(&self, seed: u64, community: u64) -> Value {
        let mut row = self.made_up(seed, community);
        if let (Some(row), Some(changed)) = (row.as_object_mut(), &self.changed) {
            row.extend(changed.clone());
        }
        row
    }

    fn made_up(&self, seed: u64, community: u64) -> Value {
        let id = self.id;
        let chance = mix(seed, id);
        let (first, last) = name(seed, id);
        let is_confirmed = self.is_confirmed();
        let joined = moment((id - FIRST_ID.min(id)) * 977 % 40_000_000);
        let last_seen = moment(50_000_000 + chance % 5_000_000);
        let uid = format!("{:08x}", chance & 0xffff_ffff);
        let accepted = if is_confirmed {
            joined.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
        } else {
            String::new()
        };
        let when_confirmed = |at: Timestamp| is_confirmed.then(|| iso(at));
        json!({
            "id": id,
            "user_id": self.user_id(),
            "community_id": community,
            "public_uid": uid,
            "first_name": first,
            "last_name": last,
            "name": format!("{first} {last}"),
            "email": email(id),
            "headline": chance.is_multiple_of(3).then_some("Analyst"),
            "avatar_url": chance.is_multiple_of(4).then(|| format!("https://assets.example.org/{id}.png")),
            "profile_url": format!("https://community.example.org/u/{uid}"),
            "created_at": iso(joined),
            "updated_at": iso(last_seen),
            "last_seen_at": when_confirmed(last_seen),
            "profile_confirmed_at": when_confirmed(joined),
            "member_since": when_confirmed(joined),
            "member_since_overridden": false,
            "accepted_invitation": accepted,
            "active": is_confirmed,
            "sso_provider_user_id": null,
            "posts_count": chance % 7,
            "comments_count": chance % 11,
            "member_tags": tags_of(chance),
            "flattened_profile_fields": flattened(chance),
            "profile_fields": [],
            "gamification_stats": null,
            "activity_score": score(chance),
        })
    }
}

fn tags_of(chance: u64) -> Value {
    if chance.is_multiple_of(5) {
        let at = usize::try_from(chance / 5 % 4).unwrap_or_default();
        return json!([{ "id": 12 + at, "name": TAGS[at] }]);
    }
    json!([])
}

fn flattened(chance: u64) -> Value {
    let interests = match chance % 3 {
        0 => Value::Null,
        1 => json!(["Mathematics"]),
        _ => json!(["Mathematics", "Engines"]),
    };
    json!({
        "location": chance.is_multiple_of(2).then_some("London"),
        "interests": interests,
        "website": chance.is_multiple_of(9).then_some("https://example.org/me"),
        "bio": chance.is_multiple_of(6).then_some("Writes programs for engines\nthat are not built."),
    })
}

fn score(chance: u64) -> Value {
    if chance.is_multiple_of(2) {
        return json!({});
    }
    json!({
        "activity_score": format!("{}.0", chance % 50), "presence": "3.0", "participation": "10.0",
        "contribution": null, "connection": "24.0",
    })
}

/// The labels that members can have.
pub(super) fn tags() -> Vec<Row> {
    let tag = |(at, name): (usize, &&str)| {
        let id = 12 + at as u64;
        Row::new(id, json!({ "id": id, "name": name, "is_public": true }))
    };
    TAGS.iter().enumerate().map(tag).collect()
}

/// The fields that profiles have.
pub(super) fn fields() -> Vec<Row> {
    let known = [
        ("location", "Location", "text", true),
        ("interests", "Interests", "checkbox", false),
        ("website", "Website", "link", true),
        ("bio", "Bio", "textarea", true),
    ];
    let field = |(at, (key, label, kind, built_in)): (usize, (&str, &str, &str, bool))| {
        let id = 30 + at as u64;
        let value = json!({
            "id": id, "label": label, "field_type": kind, "key": key, "placeholder": null,
            "description": null, "required": false, "platform_field": built_in,
            "created_at": iso(moment(0)), "updated_at": iso(moment(0)),
            "number_options": null, "choices": choices(key), "pages": [],
        });
        Row::new(id, value)
    };
    known.into_iter().enumerate().map(field).collect()
}

/// In both of the forms that the documentation has.
fn choices(key: &str) -> Value {
    if key != "interests" {
        return json!([]);
    }
    json!([
        { "id": 61, "value": "Mathematics" },
        { "id": 2, "profile_field_choice": { "id": 62, "value": "Engines" } },
    ])
}
