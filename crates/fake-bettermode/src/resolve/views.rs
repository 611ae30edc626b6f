//! Rows in GraphQL's shape. Links to other objects are left to `relations`; keys that
//! begin with an underscore are for it alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::graphql::Call;
use crate::time::{iso, iso_or_null};
use crate::world::World;
use crate::world::rows::{Invitation, Mapping, Member, Network, Post, PostType, Role, Space, Tag};
use crate::world::talk::text_of;

impl World {
    /// Where people read a post; a reply's address is its parent's, as recorded.
    pub(crate) fn post_url(&self, post: &Post) -> String {
        format!("https://{}{}", self.network.domain, self.post_path(post))
    }

    fn post_path(&self, post: &Post) -> String {
        let top = post
            .replied_to
            .last()
            .and_then(|id| self.posts.get(id))
            .unwrap_or(post);
        let space = self
            .spaces
            .get(&top.space_id)
            .map_or("space", |space| space.slug.as_str());
        let path = format!("/{space}/post/{}-{}", top.slug, top.id);
        if top.id == post.id {
            path
        } else {
            format!("{path}?highlight={}", post.id)
        }
    }
}

pub(crate) fn network(world: &World, network: &Network) -> Value {
    let members = world.members.iter();
    let count = members.filter(|member| member.status == "VERIFIED").count();
    json!({
        "id": network.id,
        "name": network.name,
        "domain": network.domain,
        "locale": "en",
        "description": "A place to try things before they reach real people",
        "membersCount": count,
        "createdAt": iso(network.created_at),
        "status": "published",
        "visibility": "public",
        "memberFields": { "fields": member_fields(world) },
    })
}

/// The profile's fields are those that some member has; a field whose values are all
/// true or false is a boolean, the others are texts.
fn member_fields(world: &World) -> Vec<Value> {
    let mut fields: BTreeMap<&str, bool> = BTreeMap::new();
    for (key, value) in world.members.iter().flat_map(|member| &member.fields) {
        let boolean = matches!(value.as_str(), "true" | "false");
        let all = fields.entry(key).or_insert(true);
        *all = *all && boolean;
    }
    let field = |(key, boolean): (&str, bool)| {
        let kind = if boolean { "boolean" } else { "text" };
        json!({ "key": key, "name": key, "type": kind, "required": false, "archived": false })
    };
    fields.into_iter().map(field).collect()
}

pub(crate) fn collection(id: &str, name: &str, created_at: Timestamp) -> Value {
    json!({
        "id": id,
        "name": name,
        "slug": name.to_lowercase().replace(' ', "-"),
        "description": null,
        "createdAt": iso(created_at),
        "updatedAt": iso(created_at),
    })
}

pub(crate) fn role(role: &Role) -> Value {
    json!({
        "id": role.id,
        "name": role.name,
        "description": null,
        "type": role.kind.name(),
        "visible": true,
        "scopes": role.scopes,
    })
}

/// A member as the caller may see it: the address is for admins and the member itself,
/// null for others (the guides name the scope `view_member`; null rather than an error
/// is our reading).
pub(crate) fn member(call: &Call<'_>, world: &World, member: &Member) -> Value {
    let own = call.viewer.member_id() == Some(member.id.as_str());
    let deleted = member.status == "DELETED";
    let sees_private = (own || call.viewer.is_admin(world)) && !deleted;
    let email_status = match member.status.as_str() {
        "UNVERIFIED" => "sent",
        _ => "verified",
    };
    let fields: Vec<Value> = member
        .fields
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let path = format!("/member/{}", member.id);
    let mut view = json!({
        "id": member.id,
        "name": member.name,
        "displayName": member.name,
        "username": member.username,
        "email": (sees_private && !call.is_struck_by(Fault::HideEmails)).then_some(member.email.as_str()),
        "emailStatus": sees_private.then_some(email_status),
        "newEmail": null,
        "status": member.status,
        "externalId": member.external_id,
        "externalUrl": null,
        "roleId": member.role_id,
        "tagline": member.tagline,
        "locale": member.locale,
        "score": member.score,
        "teammate": false,
        "overrideTeammate": false,
        "flagged": false,
        "staffReasons": [],
        "subscribersCount": 0,
        "bannerId": null,
        "profilePictureId": member.picture_id,
        "blockedMemberIds": [],
        "settings": { "privateMessaging": { "privateMessagingEnabled": member.private_messaging } },
        "relativeUrl": path,
        "url": format!("https://{}{path}", world.network.domain),
        "networkId": world.network.id,
        "createdAt": iso(member.created_at),
        "updatedAt": iso(member.updated_at),
        "verifiedAt": iso_or_null(member.verified_at),
        "lastSeen": iso_or_null(member.last_seen_at),
        "lastSeenAt": iso_or_null(member.last_seen_at),
    });
    view["fields"] = Value::from(fields);
    view
}

pub(crate) fn invitation(world: &World, invitation: &Invitation) -> Value {
    json!({
        "id": invitation.id,
        "inviteeEmail": invitation.email,
        "inviteeName": invitation.name,
        "inviteeId": invitation.accepted.as_ref().map(|(id, _)| id),
        "invitee": null,
        "inviterId": invitation.inviter_id,
        "invitationMessage": invitation.message,
        "roleId": invitation.role_id,
        "status": invitation.status,
        "networkId": world.network.id,
        "joinedAt": iso_or_null(invitation.accepted.as_ref().map(|(_, at)| *at)),
        "createdAt": iso(invitation.created_at),
        "expiresAt": iso(invitation.expires_at),
    })
}

/// A picture on the vendor's kind of file host, which here is an invented one.
pub(crate) fn image(id: &str) -> Value {
    let url = |size: &str| format!("https://media.example.com/{id}/{size}.png");
    json!({
        "__typename": "Image",
        "id": id,
        "name": "picture.png",
        "url": url("original"),
        "downloadUrl": url("download"),
        "urls": {
            "full": url("full"), "large": url("large"), "medium": url("medium"),
            "small": url("small"), "thumb": url("thumb"),
        },
        "width": 512.0,
        "height": 512.0,
        "dpi": 72.0,
        "dominantColorHex": "#1f6feb",
        "cropX": 0,
        "cropY": 0,
        "cropZoom": 1.0,
        "cropWidth": 512,
        "cropHeight": 512,
    })
}

pub(crate) fn space(world: &World, space: &Space) -> Value {
    let posts = world.posts.iter().filter(|post| {
        post.space_id == space.id && post.status == "PUBLISHED" && post.replied_to.is_empty()
    });
    let path = format!("/{}", space.slug);
    let order = f64::from(space.order);
    json!({
        "id": space.id,
        "name": space.name,
        "slug": space.slug,
        "description": space.description,
        "type": space.kind,
        "layout": "LIST",
        "address": { "path": space.slug, "exact": true, "editable": true },
        "private": space.private,
        "hidden": space.hidden || space.kind == "PrivateMessage",
        "inviteOnly": space.invite_only,
        "nonAdminsCanInvite": !space.private,
        "isHomepage": false,
        "isNewUserHomepage": false,
        "isReturningUserHomepage": false,
        "key": space.slug,
        "membersCount": space.members.len(),
        "postsCount": posts.count(),
        "subscribersCount": space.members.len(),
        "customOrderingIndexInGroup": order,
        "createdById": space.created_by,
        "networkId": world.network.id,
        "groupId": space.collection_id,
        "highlightedTagIds": [],
        "imageId": space.emoji,
        "image": { "__typename": "Emoji", "id": space.emoji, "text": space.emoji },
        "bannerId": null,
        "whoCanPost": [],
        "whoCanReact": [],
        "whoCanReply": [],
        "customSeoDetail": null,
        "externalId": null,
        "externalUrl": null,
        "relativeUrl": path,
        "url": format!("https://{}{path}", world.network.domain),
        "createdAt": iso(space.created_at),
        "updatedAt": iso(space.updated_at),
    })
}

pub(crate) fn post_type(kind: &PostType) -> Value {
    let mappings: Vec<Value> = kind.mappings.iter().map(mapping).collect();
    json!({
        "id": kind.id,
        "name": kind.name,
        "pluralName": kind.plural,
        "slug": kind.slug,
        "context": kind.context,
        "archived": false,
        "mappings": mappings,
        "primaryReactionType": "EMOJI_BASE",
        "singleChoiceReactions": [],
        "createdAt": iso(kind.created_at),
        "updatedAt": iso(kind.created_at),
        "_replies": kind.replies,
    })
}

fn mapping(mapping: &Mapping) -> Value {
    json!({
        "key": mapping.key,
        "type": mapping.kind,
        "title": mapping.title,
        "description": null,
        "required": mapping.required,
        "default": null,
        "isMainContent": mapping.key == "content",
        "isSearchable": matches!(mapping.kind, "text" | "html"),
    })
}

pub(crate) fn tag(tag: &Tag) -> Value {
    json!({
        "id": tag.id,
        "slug": tag.slug,
        "title": tag.title,
        "description": null,
        "spaceId": null,
    })
}

pub(crate) fn post(call: &Call<'_>, world: &World, post: &Post) -> Value {
    let html = text_of(&post.mapped, "content").unwrap_or_default();
    let fields = post.mapped.iter();
    let fields: Vec<Value> = fields
        .map(|field| json!({ "key": field.key, "type": field.kind, "value": field.value }))
        .collect();
    let reactions: usize = post.reactions.values().map(BTreeSet::len).sum();
    let is_reply = !post.replied_to.is_empty();
    let view = json!({
        "id": post.id,
        "slug": post.slug,
        "title": text_of(&post.mapped, "title"),
        "description": null,
        "shortContent": shortened(&html),
        "textContent": plain(&html),
        "status": post.status,
        "isHidden": post.hidden,
        "isAnonymous": false,
        "locked": post.locked,
        "language": null,
        "spaceId": post.space_id,
        "postTypeId": post.kind_id,
        "ownerId": post.owner_id,
        "createdById": post.created_by,
        "networkId": world.network.id,
        "repliedToId": post.replied_to.first(),
        "repliedToIds": is_reply.then_some(&post.replied_to),
        "fields": fields,
        "mappingFields": fields,
        "reactions": reactions_of(call, post),
        "reactionsCount": reactions,
        "positiveReactionsCount": reactions,
        "negativeReactionsCount": 0,
        "primaryReactionType": "EMOJI_BASE",
        "repliesCount": world.replies(&post.id).count(),
        "totalRepliesCount": world.all_replies(&post.id),
        "hasMoreContent": html.chars().count() > SHORT,
        "pinnedInto": [],
        "tagIds": post.tags,
        "topicIds": post.tags,
        "externalId": post.external_id,
        "externalUrl": post.external_url,
        "relativeUrl": world.post_path(post),
        "url": world.post_url(post),
        "createdAt": iso(post.created_at),
        "updatedAt": iso(post.updated_at),
        "publishedAt": iso_or_null(post.published_at),
        "lastActivityAt": iso(post.last_activity_at),
    });
    with_empty_lists(view)
}

/// Lists that the fake never fills.
fn with_empty_lists(mut view: Value) -> Value {
    for key in [
        "allowedEmojis",
        "allowedReactions",
        "forbiddenEmojis",
        "forbiddenReactions",
        "positiveReactions",
        "negativeReactions",
        "singleChoiceReactions",
        "imageIds",
        "attachmentIds",
        "embedIds",
        "mentionedMembers",
    ] {
        view[key] = json!([]);
    }
    for key in ["followersCount", "subscribersCount"] {
        view[key] = json!(0);
    }
    view
}

fn reactions_of(call: &Call<'_>, post: &Post) -> Value {
    let reactions = post.reactions.iter();
    reactions
        .map(|(key, people)| reaction(call, key, people))
        .collect()
}

/// One key, and how many members used it.
pub(crate) fn reaction(call: &Call<'_>, key: &str, people: &BTreeSet<String>) -> Value {
    let viewer = call.viewer.member_id();
    json!({
        "reaction": key,
        "count": people.len(),
        "reacted": viewer.is_some_and(|id| people.contains(id)),
    })
}

const SHORT: usize = 300;

/// The vendor shortens HTML as HTML; the fake cuts between its paragraphs only.
fn shortened(html: &str) -> String {
    if html.chars().count() <= SHORT {
        return html.to_owned();
    }
    let cut: String = plain(html).chars().take(SHORT).collect();
    format!("<p>{cut}…</p>")
}

fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => inside_tag = true,
            '>' => inside_tag = false,
            _ if !inside_tag => text.push(letter),
            _ => {}
        }
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
