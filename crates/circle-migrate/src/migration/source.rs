//! What the snapshot holds, in memory.

use std::path::Path;

use crate::Error;
use crate::people::Person;
use crate::snapshot::{
    Comment, CommunityId, Entity, Event, Member, Post, Record, Snapshot, SnapshotError, Space,
    SpaceGroup, SpaceMember,
};

/// Everything of Circle.
#[derive(Debug)]
pub struct Source {
    /// The community.
    pub community: CommunityId,
    /// Its name.
    pub community_name: Option<String>,
    /// People, in the order they came.
    pub people: Vec<Person>,
    /// Space groups.
    pub groups: Vec<SpaceGroup>,
    /// Spaces.
    pub spaces: Vec<Space>,
    /// Who is in which space.
    pub memberships: Vec<SpaceMember>,
    /// Posts.
    pub posts: Vec<Post>,
    /// Comments.
    pub comments: Vec<Comment>,
    /// Events.
    pub events: Vec<Event>,
    /// Lists that changed while they were read: a delta is due.
    pub drifted: Vec<String>,
}

impl Source {
    /// Reads a finished snapshot.
    ///
    /// # Errors
    /// [`Error::Snapshot`].
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let snapshot = Snapshot::open(directory, None)?;
        let manifest = snapshot.manifest();
        let last = manifest.passes.last();
        let lists = last.into_iter().flat_map(|pass| &pass.lists);
        let drifted = lists.filter(|(_, state)| state.has_drifted());
        let people = all::<Member>(&snapshot)?;
        Ok(Self {
            community: manifest.community_id,
            community_name: manifest.community_name.clone(),
            drifted: drifted.map(|(name, _)| name.clone()).collect(),
            people: people.into_iter().map(Person::from).collect(),
            groups: all(&snapshot)?,
            spaces: all(&snapshot)?,
            memberships: all(&snapshot)?,
            posts: all(&snapshot)?,
            comments: all(&snapshot)?,
            events: all(&snapshot)?,
        })
    }

    /// How many rows there are of what a kind of record becomes.
    #[must_use]
    pub fn count(&self, entity: Entity) -> usize {
        match entity {
            Entity::Members => self.people.len(),
            Entity::SpaceGroups => self.groups.len(),
            Entity::Spaces => self.spaces.len(),
            Entity::SpaceMembers => self.memberships.len(),
            Entity::Posts => self.posts.len(),
            Entity::Comments => self.comments.len(),
            Entity::Events => self.events.len(),
            Entity::MemberTags | Entity::ProfileFields => 0,
        }
    }
}

fn all<R: Record>(snapshot: &Snapshot) -> Result<Vec<R>, SnapshotError> {
    let entries = snapshot.iter::<R>();
    entries.map(|entry| Ok(entry?.record)).collect()
}
