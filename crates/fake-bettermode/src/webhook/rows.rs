//! Rows as webhooks show them: the database's shape, not GraphQL's.
//!
//! The member row is that of the guide's example. No complete post, reply or reaction
//! row is published: those hold the keys that official apps read
//! (`id, spaceId, createdById, isReply, repliedToId, title, url, publishedAt,
//! isHidden, isAnonymous, status`) and obvious neighbours.

use serde_json::{Value, json};

use crate::time::{iso, iso_or_null};
use crate::world::World;
use crate::world::rows::{Member, Post, PostType, Space};
use crate::world::talk::text_of;

/// `null` and `[null]` stand for "empty" in the vendor's rows, as it happens.
pub(super) fn member(world: &World, member: &Member) -> Value {
    let email_status = if member.status == "UNVERIFIED" {
        "notDelivered"
    } else {
        "verified"
    };
    json!({
        "networkId": world.network.id,
        "username": member.username,
        "email": member.email,
        "emailStatus": email_status,
        "password": null,
        "afterVerificationRoleId": null,
        "roleId": member.role_id,
        "name": member.name,
        "invitationLinkId": null,
        "id": member.id,
        "externalId": member.external_id,
        "verifiedAt": iso_or_null(member.verified_at),
        "blockedAt": null,
        "deletedAt": iso_or_null(member.deleted_at),
        "lastSeen": iso_or_null(member.last_seen_at),
        "verificationCode": null,
        "verificationCodeExpiresAt": null,
        "displayName": null,
        "profilePictureId": member.picture_id,
        "bannerId": null,
        "tagline": member.tagline,
        "phone": null,
        "bio": null,
        "createdAt": iso(member.created_at),
        "updatedAt": iso(member.updated_at),
        "status": member.status,
        "verificationTries": null,
        "teammate": false,
        "overrideTeammate": false,
        "attributes": [null],
        "fields": [null],
    })
}

pub(super) fn post(world: &World, post: &Post) -> Value {
    json!({
        "id": post.id,
        "networkId": world.network.id,
        "spaceId": post.space_id,
        "postTypeId": post.kind_id,
        "createdById": post.created_by,
        "ownerId": post.owner_id,
        "title": text_of(&post.mapped, "title"),
        "slug": post.slug,
        "status": post.status,
        "isReply": !post.replied_to.is_empty(),
        "repliedToId": post.replied_to.first(),
        "repliedToIds": post.replied_to,
        "isHidden": post.hidden,
        "isAnonymous": false,
        "locked": post.locked,
        "externalId": post.external_id,
        "url": world.post_url(post),
        "createdAt": iso(post.created_at),
        "updatedAt": iso(post.updated_at),
        "publishedAt": iso_or_null(post.published_at),
        "deletedAt": iso_or_null(post.deleted_at),
    })
}

/// The row of the guide's example.
pub(super) fn space(world: &World, space: &Space) -> Value {
    json!({
        "id": space.id,
        "networkId": world.network.id,
        "groupId": space.collection_id,
        "customOrderingIndexInGroup": space.order,
        "createdById": space.created_by,
        "layout": null,
        "createdAt": iso(space.created_at),
        "updatedAt": iso(space.updated_at),
        "deletedAt": null,
        "name": space.name,
        "slug": space.slug,
        "status": "created",
        "description": space.description,
        "seoDetail": [null],
        "imageId": space.emoji,
        "bannerId": null,
        "membersCount": space.members.len(),
        "private": space.private,
        "hidden": space.kind == "PrivateMessage",
        "inviteOnly": space.private,
        "nonAdminsCanInvite": !space.private,
        "whoCanPost": null,
        "whoCanReply": null,
        "whoCanReact": null,
        "spaceRoles": [null],
        "networkRoles": [null],
    })
}

/// The lite objects of `entities`.
pub(super) fn lite_member(member: &Member) -> Value {
    json!({
        "id": member.id,
        "createdAt": iso(member.created_at),
        "updatedAt": iso(member.updated_at),
        "name": member.name,
        "username": member.username,
        "roleId": member.role_id,
        "status": member.status,
    })
}

pub(super) fn lite_post(post: &Post) -> Value {
    json!({
        "id": post.id,
        "createdAt": iso(post.created_at),
        "updatedAt": iso(post.updated_at),
        "title": text_of(&post.mapped, "title"),
        "slug": post.slug,
        "status": post.status,
        "repliedToId": post.replied_to.first(),
    })
}

pub(super) fn lite_space(space: &Space) -> Value {
    json!({
        "id": space.id,
        "createdAt": iso(space.created_at),
        "updatedAt": iso(space.updated_at),
        "name": space.name,
        "slug": space.slug,
        "private": space.private,
    })
}

pub(super) fn lite_post_type(kind: &PostType) -> Value {
    json!({
        "id": kind.id,
        "createdAt": iso(kind.created_at),
        "updatedAt": iso(kind.created_at),
        "name": kind.name,
        "slug": kind.slug,
        "context": kind.context,
    })
}

pub(super) fn lite_network(world: &World) -> Value {
    let network = &world.network;
    json!({
        "id": network.id,
        "createdAt": iso(network.created_at),
        "updatedAt": iso(network.created_at),
        "name": network.name,
        "slug": "harbour",
        "domain": network.domain,
        "visibility": "public",
        "membership": "open",
        "status": "published",
        "brandColor": "#1f6feb",
        "locale": "en",
        "tribeBranding": false,
    })
}
