//! What a step of a migration is known by, across runs.

use std::fmt;

/// What a ledger row is about. One record of Circle can have several: a person is
/// invited, gets a profile, gets a mark, is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A person: an invitation, an account, or somebody who was there.
    Member,
    /// A person's profile.
    Profile,
    /// The mark that names the Circle member on the BetterMode member.
    Mark,
    /// The row in `community_members`.
    Link,
    /// A space group, which becomes a collection.
    SpaceGroup,
    /// A space.
    Space,
    /// Somebody in a space.
    SpaceMember,
    /// A post.
    Post,
    /// A comment, or a reply to one.
    Comment,
    /// An event, which becomes a post with dates.
    Event,
}

impl Subject {
    /// Every subject, in the order they are worked on.
    pub const ALL: [Self; 10] = [
        Self::Member,
        Self::Mark,
        Self::Profile,
        Self::Link,
        Self::SpaceGroup,
        Self::Space,
        Self::SpaceMember,
        Self::Post,
        Self::Comment,
        Self::Event,
    ];

    /// Its name in keys, reports and the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Profile => "profile",
            Self::Mark => "mark",
            Self::Link => "link",
            Self::SpaceGroup => "space_group",
            Self::Space => "space",
            Self::SpaceMember => "space_member",
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Event => "event",
        }
    }

    /// The subject of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `circle:<community>:<subject>:<id>`: the same for the same record in every run,
/// whatever its address, page or content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Circle's id of the community.
    pub community: u64,
    /// What is done about the record.
    pub subject: Subject,
    /// Circle's id of the record.
    pub id: u64,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            community,
            subject,
            id,
        } = self;
        write!(f, "circle:{community}:{subject}:{id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_community_subject_and_id() {
        let key = Key {
            community: 77,
            subject: Subject::SpaceMember,
            id: 9,
        };
        assert_eq!(key.to_string(), "circle:77:space_member:9");
        for subject in Subject::ALL {
            assert_eq!(Subject::named(subject.name()), Some(subject));
        }
    }
}
