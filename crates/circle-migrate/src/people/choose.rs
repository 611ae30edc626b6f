//! Who of the snapshot is moved: pure, so that a plan and a run cannot differ.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Address;
use crate::snapshot::{Confirmation, Member, MemberId, UserId};

/// What of a Circle member a move needs. `Debug` shows ids only.
#[derive(Clone)]
pub struct Person {
    /// Circle's id.
    pub id: MemberId,
    /// Circle's id of the person everywhere; posts name their authors by it.
    pub user_id: Option<UserId>,
    /// The address as it came.
    pub raw_email: Option<String>,
    /// The name to go by.
    pub name: Option<String>,
    /// The line below the name.
    pub headline: Option<String>,
    /// Whether somebody ever took part.
    pub confirmation: Confirmation,
    /// When last seen.
    pub last_seen_at: Option<Timestamp>,
    /// Since when a member.
    pub joined_at: Option<Timestamp>,
    /// Names of labels.
    pub tags: Vec<String>,
    /// Whether there is a picture.
    pub has_avatar: bool,
    /// Custom fields that have a value.
    pub fields: Vec<(String, crate::snapshot::ProfileValue)>,
}

impl From<Member> for Person {
    fn from(member: Member) -> Self {
        let fields = member.profile_values();
        let fields = fields.map(|(key, value)| (key.to_owned(), value));
        let text = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default().trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        Self {
            id: member.id,
            user_id: member.user_id,
            name: member.display_name(),
            headline: text(&member.headline),
            confirmation: member.confirmation(),
            last_seen_at: member.last_seen_at,
            joined_at: member.joined_at(),
            tags: member
                .member_tags
                .iter()
                .filter_map(|tag| tag.name.clone())
                .collect(),
            has_avatar: text(&member.avatar_url).is_some(),
            fields: fields.collect(),
            raw_email: text(&member.email),
        }
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Who is left out.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Move those too who never accepted Circle's invitation.
    pub include_unconfirmed: bool,
    /// Leave out who bears one of these labels.
    pub exclude_tags: Vec<String>,
}

/// Why somebody is not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// Circle has no address.
    NoEmail,
    /// What Circle has is no address.
    InvalidEmail,
    /// Never accepted Circle's invitation.
    Unconfirmed,
    /// Bears a label that is left out.
    ExcludedTag(String),
    /// Another record with the same address is moved.
    DuplicateOf(MemberId),
}

impl SkipReason {
    /// How the ledger and the reports write it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::NoEmail => "no_email".to_owned(),
            Self::InvalidEmail => "invalid_email".to_owned(),
            Self::Unconfirmed => "unconfirmed".to_owned(),
            Self::ExcludedTag(tag) => format!("excluded_tag:{tag}"),
            Self::DuplicateOf(id) => format!("duplicate_of:{id}"),
        }
    }
}

/// What is decided about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Moved, known by this address.
    Move(Address),
    /// Not moved.
    Skip(SkipReason),
}

/// Decides about everybody, in the order they came.
///
/// Of several records with one address the one counts that is confirmed, then the one
/// seen last, then the oldest.
#[must_use]
pub fn choose(people: &[Person], rules: &Rules) -> Vec<Choice> {
    let addresses: Vec<_> = people.iter().map(address).collect();
    let mut best: HashMap<&Address, &Person> = HashMap::new();
    for (person, address) in people.iter().zip(&addresses) {
        let Ok(address) = address else { continue };
        let known = best.entry(address).or_insert(person);
        if rank(person) > rank(known) {
            *known = person;
        }
    }
    let one = |(person, address): (&Person, &Result<Address, SkipReason>)| {
        let address = match address {
            Ok(address) => address,
            Err(reason) => return Choice::Skip(reason.clone()),
        };
        let winner = best.get(address).map_or(person.id, |winner| winner.id);
        if winner != person.id {
            return Choice::Skip(SkipReason::DuplicateOf(winner));
        }
        if let Some(tag) = person
            .tags
            .iter()
            .find(|tag| rules.exclude_tags.contains(tag))
        {
            return Choice::Skip(SkipReason::ExcludedTag(tag.clone()));
        }
        if person.confirmation == Confirmation::Unconfirmed && !rules.include_unconfirmed {
            return Choice::Skip(SkipReason::Unconfirmed);
        }
        Choice::Move(address.clone())
    };
    people.iter().zip(&addresses).map(one).collect()
}

fn address(person: &Person) -> Result<Address, SkipReason> {
    let text = person.raw_email.as_deref().ok_or(SkipReason::NoEmail)?;
    Address::parse(text).map_err(|_| SkipReason::InvalidEmail)
}

fn rank(person: &Person) -> (bool, Option<Timestamp>, std::cmp::Reverse<u64>) {
    (
        person.confirmation == Confirmation::Confirmed,
        person.last_seen_at,
        std::cmp::Reverse(person.id.get()),
    )
}

#[cfg(test)]
mod tests;
