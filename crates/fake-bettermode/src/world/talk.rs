//! Writing things down: the one place where a post, a reaction or a member row is
//! made or changed, so that every way in (GraphQL, control paths) announces it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::ids;
use super::rows::{Invitation, Mapped, Member, Post, Space};
use crate::webhook::events;

/// A post that is to be made.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) space_id: String,
    pub(crate) kind_id: String,
    pub(crate) owner_id: String,
    pub(crate) created_by: String,
    pub(crate) replied_to: Vec<String>,
    pub(crate) mapped: Vec<Mapped>,
    pub(crate) tags: Vec<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) external_url: Option<String>,
    pub(crate) slug: Option<String>,
    pub(crate) locked: bool,
    pub(crate) publish: bool,
    /// Moderation keeps it back although it was to be published.
    pub(crate) hold: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) published_at: Option<Timestamp>,
}

impl World {
    /// Makes a post and announces it as the vendor's life cycle says: every post is
    /// `post.created`; a published one also `post.published`; a held one `post.blocked`
    /// and `moderation.created`.
    pub(crate) fn write_post(&mut self, draft: Draft, now: Timestamp) -> String {
        let id = self.id(ids::POST);
        let title = text_of(&draft.mapped, "title").unwrap_or_else(|| "post".to_owned());
        let status = match (draft.publish, draft.hold) {
            (false, _) => "DRAFTED",
            (true, true) => "BLOCKED",
            (true, false) => "PUBLISHED",
        };
        let slug = draft
            .slug
            .unwrap_or_else(|| ids::slug(&mut self.rng, &title));
        let post = Post {
            id: id.clone(),
            slug,
            status,
            space_id: draft.space_id,
            kind_id: draft.kind_id,
            owner_id: draft.owner_id,
            created_by: draft.created_by.clone(),
            replied_to: draft.replied_to,
            mapped: draft.mapped,
            tags: draft.tags,
            reactions: std::collections::BTreeMap::default(),
            hidden: false,
            locked: draft.locked,
            external_id: draft.external_id,
            external_url: draft.external_url,
            created_at: draft.created_at,
            updated_at: draft.created_at,
            published_at: (status == "PUBLISHED").then(|| draft.published_at.unwrap_or(now)),
            last_activity_at: draft.created_at,
            deleted_at: None,
        };
        let above = post.replied_to.clone();
        self.posts.insert(post);
        self.touch(&above, now);
        let actor = draft.created_by;
        self.announce_post(&events::POST_CREATED, &id, &actor, now);
        match status {
            "PUBLISHED" => self.announce_post(&events::POST_PUBLISHED, &id, &actor, now),
            "BLOCKED" => {
                self.announce_post(&events::POST_BLOCKED, &id, &actor, now);
                self.announce_moderation(&events::MODERATION_CREATED, &id, &actor, now);
            }
            _ => {}
        }
        id
    }

    /// Lets a draft or a held post appear.
    pub(crate) fn publish_post(&mut self, id: &str, actor: &str, now: Timestamp) {
        let Some(post) = self.posts.get_mut(id) else {
            return;
        };
        let held = post.status == "BLOCKED";
        post.status = "PUBLISHED";
        post.published_at = Some(now);
        post.updated_at = now;
        if held {
            self.announce_post(&events::POST_UNBLOCKED, id, actor, now);
        }
        self.announce_post(&events::POST_PUBLISHED, id, actor, now);
        if held {
            // The vendor's word for "the report was refused": the post stays.
            self.announce_moderation(&events::MODERATION_REJECTED, id, actor, now);
        }
    }

    /// Marks a post as deleted; it can still be read as a tombstone.
    pub(crate) fn delete_post(&mut self, id: &str, actor: &str, now: Timestamp) {
        let Some(post) = self.posts.get_mut(id) else {
            return;
        };
        let held = post.status == "BLOCKED";
        post.status = "DELETED";
        post.deleted_at = Some(now);
        post.updated_at = now;
        self.announce_post(&events::POST_DELETED, id, actor, now);
        if held {
            self.announce_moderation(&events::MODERATION_ACCEPTED, id, actor, now);
        }
    }

    /// Adds a reaction; `false` when it was there already.
    pub(crate) fn react(&mut self, id: &str, reaction: &str, by: &str, now: Timestamp) -> bool {
        let Some(post) = self.posts.get_mut(id) else {
            return false;
        };
        let people = post.reactions.entry(reaction.to_owned()).or_default();
        if !people.insert(by.to_owned()) {
            return false;
        }
        post.last_activity_at = now;
        self.announce_reaction(&events::REACTION_ADDED, id, reaction, by, now);
        true
    }

    /// Takes a reaction back; `false` when there was none.
    pub(crate) fn unreact(&mut self, id: &str, reaction: &str, by: &str, now: Timestamp) -> bool {
        let Some(post) = self.posts.get_mut(id) else {
            return false;
        };
        let Some(people) = post.reactions.get_mut(reaction) else {
            return false;
        };
        let there = people.remove(by);
        post.reactions.retain(|_, people| !people.is_empty());
        if there {
            self.announce_reaction(&events::REACTION_REMOVED, id, reaction, by, now);
        }
        there
    }

    /// Changes a member and announces it with the row as it was.
    pub(crate) fn change_member(
        &mut self,
        id: &str,
        actor: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Member),
    ) -> bool {
        let Some(before) = self.members.get(id).cloned() else {
            return false;
        };
        let Some(member) = self.members.get_mut(id) else {
            return false;
        };
        change(member);
        member.updated_at = now;
        let event = match (before.status.as_str(), member.status.as_str()) {
            (old, new) if old == new => &events::MEMBER_UPDATED,
            (_, "DELETED") => &events::MEMBER_DELETED,
            (_, "Suspended") => &events::MEMBER_SUSPENDED,
            ("Suspended", _) => &events::MEMBER_UNSUSPENDED,
            ("UNVERIFIED", "VERIFIED") => &events::MEMBER_VERIFIED,
            _ => &events::MEMBER_UPDATED,
        };
        self.announce_member(event, id, actor, Some(&before), now);
        true
    }

    /// Deletes a member softly: a tombstone with no name and no address.
    pub(crate) fn delete_member(&mut self, id: &str, actor: &str, now: Timestamp) -> bool {
        self.change_member(id, actor, now, |member| {
            "DELETED".clone_into(&mut member.status);
            "Deleted Member".clone_into(&mut member.name);
            member.deleted_at = Some(now);
        })
    }

    /// Puts a member into a space, or takes one out; `false` when nothing changed.
    pub(crate) fn set_membership(
        &mut self,
        space_id: &str,
        member_id: &str,
        inside: bool,
        actor: &str,
        now: Timestamp,
    ) -> bool {
        let known = self.members.get(member_id).is_some();
        let Some(space) = self.spaces.get_mut(space_id).filter(|_| known) else {
            return false;
        };
        let changed = if inside {
            space.members.insert(member_id.to_owned())
        } else {
            space.admins.remove(member_id);
            space.members.remove(member_id)
        };
        if changed {
            let event = if inside {
                &events::MEMBERSHIP_CREATED
            } else {
                &events::MEMBERSHIP_DELETED
            };
            self.announce_membership(event, space_id, member_id, actor, now);
        }
        changed
    }

    /// Changes a space and announces it with the row as it was.
    pub(crate) fn change_space(
        &mut self,
        id: &str,
        actor: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Space),
    ) -> bool {
        let Some(space) = self.spaces.get_mut(id) else {
            return false;
        };
        let before = space.clone();
        change(space);
        space.updated_at = now;
        self.announce_space(&events::SPACE_UPDATED, id, actor, &before, now);
        true
    }

    /// Keeps an invitation and announces it.
    pub(crate) fn invite(&mut self, invitation: Invitation, now: Timestamp) {
        self.announce_invitation(&events::INVITATION_CREATED, &invitation, now);
        let address = invitation.email.to_lowercase();
        self.invited.insert(address, invitation.id.clone());
        self.invitations.insert(invitation);
    }

    /// Somebody accepts an invitation and becomes a member, with the name that the
    /// inviter gave unless they choose another; `None` when there is none to accept.
    pub(crate) fn accept(
        &mut self,
        address: &str,
        name: Option<String>,
        now: Timestamp,
    ) -> Option<String> {
        let invitation_id = self.invited.get(&address.to_lowercase())?.clone();
        let invitation = self.invitations.get(&invitation_id)?.clone();
        if invitation.accepted.is_some() {
            return None;
        }
        let handle = format!("member-{}", self.id(8).to_lowercase());
        let local = invitation.email.split('@').next().unwrap_or_default();
        let name = name.or(invitation.name).unwrap_or_else(|| local.to_owned());
        let kind = super::rows::RoleType::Member;
        let mut member =
            super::seed::blank_member(self, &handle, &name, &invitation.email, kind, now);
        member.role_id.clone_from(&invitation.role_id);
        let id = member.id.clone();
        self.members.insert(member);
        if let Some(row) = self.invitations.get_mut(&invitation_id) {
            row.status = "accepted";
            row.accepted = Some((id.clone(), now));
        }
        self.announce_member(&events::MEMBER_CREATED, &id, &id, None, now);
        Some(id)
    }
}

/// The text in a field whose value is a JSON string.
pub(crate) fn text_of(mapped: &[Mapped], key: &str) -> Option<String> {
    let field = mapped.iter().find(|field| field.key == key)?;
    serde_json::from_str(&field.value).ok()
}

/// A field as it is stored.
pub(crate) fn mapped(key: &str, kind: &str, value: &Value) -> Mapped {
    Mapped {
        key: key.to_owned(),
        kind: kind.to_owned(),
        value: json!(value).to_string(),
    }
}
