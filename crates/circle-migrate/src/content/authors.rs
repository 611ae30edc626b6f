//! Whose content is whose: from Circle's ids to members of BetterMode.

use std::collections::HashMap;

use bettermode::MemberId as Target;

use crate::people::{Address, Choice, Person, SkipReason};
use crate::snapshot::{MemberId, UserId};

/// Who somebody of Circle is in BetterMode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// This member.
    Member(Target),
    /// Nobody yet: invited, or to be.
    NotYet,
    /// Nobody, and it will stay so.
    Never,
}

/// Everybody of Circle, by each of the ways in which content names them.
#[derive(Debug, Default)]
pub struct Authors {
    members: HashMap<MemberId, Author>,
    users: HashMap<UserId, MemberId>,
    addresses: HashMap<Address, MemberId>,
}

impl Authors {
    /// Puts people together with what was decided about them; `member` says who is a
    /// member now. Of duplicates, the content of each is that of the one who is moved.
    pub fn new(
        people: &[Person],
        choices: &[Choice],
        member: impl Fn(MemberId) -> Option<Target>,
    ) -> Self {
        let mut authors = Self::default();
        let mut duplicates = Vec::new();
        for (person, choice) in people.iter().zip(choices) {
            if let Some(user) = person.user_id {
                authors.users.insert(user, person.id);
            }
            let author = match (choice, member(person.id)) {
                (_, Some(target)) => Author::Member(target),
                (Choice::Move(_), None) => Author::NotYet,
                (Choice::Skip(SkipReason::DuplicateOf(winner)), None) => {
                    duplicates.push((person.id, *winner));
                    continue;
                }
                (Choice::Skip(_), None) => Author::Never,
            };
            if let Choice::Move(address) = choice {
                authors.addresses.insert(address.clone(), person.id);
            }
            authors.members.insert(person.id, author);
        }
        for (loser, winner) in duplicates {
            let author = authors
                .members
                .get(&winner)
                .cloned()
                .unwrap_or(Author::Never);
            authors.members.insert(loser, author);
        }
        authors
    }

    /// Who this member of Circle is.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Author {
        self.members.get(&id).cloned().unwrap_or(Author::Never)
    }

    /// Who wrote something: by the id, else by the address.
    #[must_use]
    pub fn of(&self, user: Option<UserId>, email: Option<&str>) -> Author {
        let by_user = user.and_then(|user| self.users.get(&user));
        let by_address = || {
            let address = Address::parse(email?).ok()?;
            self.addresses.get(&address)
        };
        let member = by_user.or_else(by_address);
        member.map_or(Author::Never, |id| self.member(*id))
    }
}
