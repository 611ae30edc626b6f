//! From a change in the world to the body of a SUBSCRIPTION webhook.
//!
//! Envelope and `data` follow the examples of developers.bettermode.com, webhooks;
//! the body is serialised once here, so that every redelivery has the same bytes.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::events::EventKind;
use super::{Outgoing, rows};
use crate::time::iso;
use crate::world::World;
use crate::world::ids;
use crate::world::rows::{Invitation, Member, Post, Space};

/// What is special about one event.
#[derive(Default)]
struct Parts {
    object: Value,
    old_object: Option<Value>,
    target: Map<String, Value>,
    with: Option<Value>,
    entities: Map<String, Value>,
    space_id: Option<String>,
}

impl World {
    pub(crate) fn announce_member(
        &mut self,
        kind: &'static EventKind,
        member_id: &str,
        actor: &str,
        before: Option<&Member>,
        now: Timestamp,
    ) {
        let Some(member) = self.members.get(member_id) else {
            return;
        };
        let mut parts = Parts {
            object: rows::member(self, member),
            old_object: before.map(|before| rows::member(self, before)),
            ..Parts::default()
        };
        parts.target.insert("memberId".into(), member_id.into());
        parts
            .target
            .insert("memberRoleId".into(), member.role_id.clone().into());
        parts
            .entities
            .insert("targetMember".into(), rows::lite_member(member));
        if kind.name == "member.created" {
            parts.with = Some(json!({ "hasInvitation": false, "hasRequestToJoin": false }));
        }
        self.announce(kind, actor, parts, now);
    }

    pub(crate) fn announce_post(
        &mut self,
        kind: &'static EventKind,
        post_id: &str,
        actor: &str,
        now: Timestamp,
    ) {
        let Some(post) = self.posts.get(post_id) else {
            return;
        };
        let mut parts = self.about_post(post);
        parts.object = rows::post(self, post);
        self.announce(kind, actor, parts, now);
    }

    pub(crate) fn announce_reaction(
        &mut self,
        kind: &'static EventKind,
        post_id: &str,
        reaction: &str,
        by: &str,
        now: Timestamp,
    ) {
        let reaction_id = self.id(ids::POST);
        let Some(post) = self.posts.get(post_id) else {
            return;
        };
        let mut parts = self.about_post(post);
        parts.object = json!({
            "id": reaction_id,
            "networkId": self.network.id,
            "postId": post.id,
            "participantId": by,
            "reaction": reaction,
            "createdAt": iso(now),
            "updatedAt": iso(now),
        });
        parts.target.insert("reactionId".into(), reaction_id.into());
        parts.with = Some(json!({ "reactionString": reaction }));
        self.announce(kind, by, parts, now);
    }

    pub(crate) fn announce_moderation(
        &mut self,
        kind: &'static EventKind,
        post_id: &str,
        actor: &str,
        now: Timestamp,
    ) {
        let Some(post) = self.posts.get(post_id) else {
            return;
        };
        let mut parts = self.about_post(post);
        parts.object = json!({
            "networkId": self.network.id,
            "entityType": "POST",
            "entityId": post.id,
            "createdById": post.created_by,
            "moderatorId": actor,
            "spaceId": post.space_id,
            "createdAt": iso(now),
        });
        self.announce(kind, actor, parts, now);
    }

    pub(crate) fn announce_membership(
        &mut self,
        kind: &'static EventKind,
        space_id: &str,
        member_id: &str,
        actor: &str,
        now: Timestamp,
    ) {
        let mut parts = Parts {
            object: json!({
                "networkId": self.network.id,
                "memberId": member_id,
                "spaceId": space_id,
                "createdAt": iso(now),
                "updatedAt": iso(now),
            }),
            space_id: Some(space_id.to_owned()),
            ..Parts::default()
        };
        parts.target.insert("memberId".into(), member_id.into());
        if let Some(member) = self.members.get(member_id) {
            parts
                .entities
                .insert("targetMember".into(), rows::lite_member(member));
        }
        self.announce(kind, actor, parts, now);
    }

    pub(crate) fn announce_space(
        &mut self,
        kind: &'static EventKind,
        space_id: &str,
        actor: &str,
        before: &Space,
        now: Timestamp,
    ) {
        let Some(space) = self.spaces.get(space_id) else {
            return;
        };
        let mut parts = Parts {
            object: rows::space(self, space),
            old_object: Some(rows::space(self, before)),
            space_id: Some(space_id.to_owned()),
            ..Parts::default()
        };
        let group = self.network.collection_id.clone();
        parts.target.insert("groupId".into(), group.into());
        self.announce(kind, actor, parts, now);
    }

    pub(crate) fn announce_invitation(
        &mut self,
        kind: &'static EventKind,
        invitation: &Invitation,
        now: Timestamp,
    ) {
        let mut parts = Parts {
            object: json!({
                "id": invitation.id,
                "networkId": self.network.id,
                "inviteeEmail": invitation.email,
                "inviteeName": invitation.name,
                "inviterId": invitation.inviter_id,
                "createdAt": iso(invitation.created_at),
            }),
            ..Parts::default()
        };
        let id = invitation.id.clone();
        parts.target.insert("invitationId".into(), id.into());
        self.announce(kind, &invitation.inviter_id, parts, now);
    }

    fn about_post(&self, post: &Post) -> Parts {
        let mut parts = Parts {
            space_id: Some(post.space_id.clone()),
            ..Parts::default()
        };
        let target = &mut parts.target;
        target.insert("postId".into(), post.id.clone().into());
        target.insert("postTypeId".into(), post.kind_id.clone().into());
        target.insert("memberId".into(), post.owner_id.clone().into());
        if let Some(above) = post.replied_to.first() {
            target.insert("postId".into(), above.clone().into());
            target.insert("replyId".into(), post.id.clone().into());
        }
        let entities = &mut parts.entities;
        entities.insert("post".into(), rows::lite_post(post));
        if let Some(owner) = self.members.get(&post.owner_id) {
            entities.insert("owner".into(), rows::lite_member(owner));
        }
        if let Some(kind) = self.post_types.get(&post.kind_id) {
            entities.insert("postType".into(), rows::lite_post_type(kind));
        }
        parts
    }

    fn announce(
        &mut self,
        kind: &'static EventKind,
        actor: &str,
        mut parts: Parts,
        now: Timestamp,
    ) {
        let id = ids::hex(&mut self.rng, 32);
        let network = &self.network;
        let target = &mut parts.target;
        target.insert(
            "organizationId".into(),
            network.organization_id.clone().into(),
        );
        target.insert("networkId".into(), network.id.clone().into());
        target.insert("networkDomain".into(), network.domain.clone().into());
        let space = parts.space_id.as_deref().and_then(|id| self.spaces.get(id));
        if let Some(space) = space {
            target.insert("spaceId".into(), space.id.clone().into());
            target.insert("collectionId".into(), network.collection_id.clone().into());
            parts
                .entities
                .insert("space".into(), rows::lite_space(space));
        }
        parts
            .entities
            .insert("network".into(), rows::lite_network(self));
        if let Some(member) = self.members.get(actor) {
            let lite = rows::lite_member(member);
            parts.entities.insert("actor".into(), lite);
        }
        let mut data = json!({
            "time": iso(now),
            "verb": kind.verb,
            "verbAction": kind.verb_action,
            "actor": self.actor(actor),
            "object": parts.object,
            "target": parts.target,
            "id": id,
            "name": kind.name,
            "noun": kind.noun,
            "shortDescription": kind.description,
        });
        if let Some(old) = parts.old_object {
            data["oldObject"] = old;
        }
        if let Some(with) = parts.with {
            data["with"] = with;
        }
        let body = json!({
            "networkId": self.network.id,
            "context": "NETWORK",
            "entityId": self.network.id,
            "currentSettings": [],
            "type": "SUBSCRIPTION",
            "data": data,
            "entities": parts.entities,
        });
        self.outbox
            .push(Outgoing::new(id, kind.name, body.to_string()));
    }

    /// Who did it; the session of a demo holds nothing, as in the guide's examples.
    fn actor(&self, id: &str) -> Value {
        let role = self.members.get(id).and_then(|member| self.role_of(member));
        json!({
            "id": id,
            "roleId": role.map(|role| role.id.clone()),
            "roleType": role.map(|role| role.kind.name()),
            "sessionInfo": [null],
        })
    }

    /// The TEST challenge that the vendor sends when a webhook's URL is saved.
    pub(crate) fn announce_test(&mut self) -> String {
        let challenge = ids::hex(&mut self.rng, 40);
        let body = json!({
            "networkId": self.network.id,
            "context": "NETWORK",
            "currentSettings": [],
            "type": "TEST",
            "data": { "challenge": challenge },
        });
        self.outbox
            .push(Outgoing::new(challenge.clone(), "TEST", body.to_string()));
        challenge
    }
}
