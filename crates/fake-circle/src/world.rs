//! The community: made from a seed, changed by control paths and faults.

mod content;
mod people;
mod spaces;

use serde_json::{Map, Value, json};

use crate::config::FakeConfig;
use people::Person;

/// A record other than a member.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: u64,
    pub(crate) space: Option<u64>,
    pub(crate) post: Option<u64>,
    pub(crate) value: Value,
}

/// All that the fake knows.
#[derive(Debug)]
pub(crate) struct World {
    community_id: u64,
    seed: u64,
    members: Vec<Person>,
    next_member: u64,
    member_tags: Vec<Row>,
    profile_fields: Vec<Row>,
    space_groups: Vec<Row>,
    spaces: Vec<Row>,
    posts: Vec<Row>,
    comments: Vec<Row>,
    events: Vec<Row>,
}

impl World {
    pub(crate) fn new(config: &FakeConfig) -> Self {
        let count = config.members as u64;
        let members = (0..count).map(|index| Person::new(people::FIRST_ID + index));
        let spaces = spaces::spaces(config.community_id);
        let authors = content::Authors::new(config.seed, count);
        let posts = content::posts(&authors, &spaces, config.posts as u64);
        let comments = content::comments(&authors, &posts);
        let events = content::events(&authors, &spaces);
        Self {
            community_id: config.community_id,
            seed: config.seed,
            members: members.collect(),
            next_member: people::FIRST_ID + count,
            member_tags: people::tags(),
            profile_fields: people::fields(),
            space_groups: spaces::groups(config.community_id),
            spaces,
            posts,
            comments,
            events,
        }
    }

    pub(crate) fn community(&self) -> Value {
        json!({
            "id": self.community_id,
            "name": "Analytical Engines",
            "slug": "analytical-engines",
            "locale": "en",
            "default_new_member_space_id": spaces::FIRST_SPACE,
        })
    }

    pub(crate) fn rows(&self, list: &str) -> Option<&[Row]> {
        match list {
            "member_tags" => Some(&self.member_tags),
            "profile_fields" => Some(&self.profile_fields),
            "space_groups" => Some(&self.space_groups),
            "spaces" => Some(&self.spaces),
            "posts" => Some(&self.posts),
            "comments" => Some(&self.comments),
            "events" => Some(&self.events),
            _ => None,
        }
    }

    pub(crate) fn counts(&self) -> Value {
        json!({
            "members": self.members.len(),
            "unconfirmed": self.members_by_status(Some(false)).len(),
            "space_groups": self.space_groups.len(),
            "spaces": self.spaces.len(),
            "posts": self.posts.len(),
            "comments": self.comments.len(),
            "events": self.events.len(),
        })
    }

    /// The places of members who are confirmed, or not, or of all.
    pub(crate) fn members_by_status(&self, confirmed: Option<bool>) -> Vec<usize> {
        (0..self.members.len())
            .filter(|at| confirmed.is_none_or(|wanted| self.members[*at].is_confirmed() == wanted))
            .collect()
    }

    pub(crate) fn member_row(&self, at: usize) -> Value {
        self.members[at].row(self.seed, self.community_id)
    }

    pub(crate) fn member(&self, id: u64) -> Option<Value> {
        let at = self.members.iter().position(|person| person.id == id)?;
        Some(self.member_row(at))
    }

    pub(crate) fn member_by_email(&self, email: &str) -> Option<Value> {
        let at = self
            .members
            .iter()
            .position(|person| person.has_email(email))?;
        Some(self.member_row(at))
    }

    /// Somebody joins; `fields` go over the made-up ones.
    pub(crate) fn join(&mut self, fields: Map<String, Value>) -> Value {
        let mut person = Person::new(self.next_member);
        self.next_member += 1;
        person.change(fields);
        let row = person.row(self.seed, self.community_id);
        self.members.push(person);
        row
    }

    /// The same, at the front of the list.
    pub(crate) fn join_first(&mut self) {
        let person = Person::new(self.next_member);
        self.next_member += 1;
        self.members.insert(0, person);
    }

    pub(crate) fn leave_first(&mut self) {
        if !self.members.is_empty() {
            self.members.remove(0);
        }
    }

    pub(crate) fn change(&mut self, id: u64, fields: Map<String, Value>) -> Option<Value> {
        let person = self.members.iter_mut().find(|person| person.id == id)?;
        person.change(fields);
        self.member(id)
    }

    pub(crate) fn leave(&mut self, id: u64) -> bool {
        let before = self.members.len();
        self.members.retain(|person| person.id != id);
        self.members.len() < before
    }

    /// The places of those who are in a space: everybody in open ones, every third in
    /// private ones.
    pub(crate) fn members_of_space(&self, space: u64) -> Option<Vec<usize>> {
        let row = self.spaces.iter().find(|row| row.id == space)?;
        let is_private = row.value["is_private"] == true;
        let places = 0..self.members.len();
        let inside = places.filter(|at| !is_private || self.members[*at].id.is_multiple_of(3));
        Some(inside.collect())
    }

    pub(crate) fn space_member_row(&self, space: u64, at: usize) -> Value {
        let person = &self.members[at];
        let row = self.member_row(at);
        json!({
            "id": space * 10_000_000 + person.id,
            "user_id": person.user_id(),
            "space_id": space,
            "community_member_id": person.id,
            "moderator": person.id == people::FIRST_ID,
            "access_type": "member",
            "status": if person.is_confirmed() { "active" } else { "inactive" },
            "created_at": row["created_at"],
            "community_member": { "name": row["name"], "email": row["email"] },
        })
    }
}
