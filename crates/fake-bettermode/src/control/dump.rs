//! `GET /_fake/world`: the ids and names that a demo or a test needs.

use serde_json::{Value, json};

use super::Refused;
use crate::fake::Fake;
use crate::time::{iso, iso_or_null};
use crate::world::World;
use crate::world::talk::text_of;

/// Everything, or with `?q=text` the rows whose JSON holds that text.
pub(super) fn world(fake: &Fake, query: Option<&str>) -> Value {
    let state = fake.state();
    let world = &state.world;
    let wanted = parameter(query, "q").map(|text| text.to_lowercase());
    let keep = |rows: Vec<Value>| -> Value {
        let matches = |row: &Value| {
            wanted
                .as_ref()
                .is_none_or(|text| row.to_string().to_lowercase().contains(text))
        };
        rows.into_iter().filter(matches).collect()
    };
    json!({
        "generation": fake.inner.config.generation.to_string(),
        "network": {
            "id": world.network.id,
            "name": world.network.name,
            "domain": world.network.domain,
        },
        "app": {
            "clientId": world.network.client_id,
            "clientSecret": world.network.client_secret,
        },
        "bot": { "id": world.bot_id },
        "roles": world.roles.iter().map(|role| json!({
            "id": role.id, "name": role.name, "type": role.kind.name(),
        })).collect::<Vec<_>>(),
        "members": keep(members(world, wanted.is_some())),
        "invitations": keep(invitations(world)),
        "collections": keep(collections(world)),
        "spaces": keep(spaces(world)),
        "postTypes": keep(post_types(world)),
        "posts": keep(posts(world)),
        "events": keep(events(world)),
        "messages": keep(messages(world)),
    })
}

/// `GET /_fake/members?from=..&count=..`: the ids of members that were asked for beyond
/// the usual ones, all of them without bounds.
pub(super) fn extra_members(fake: &Fake, query: Option<&str>) -> Result<Value, Refused> {
    let number = |name, default| match parameter(query, name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Refused::bad(format!("{name} is a whole number"))),
    };
    let (from, count) = (number("from", 0)?, number("count", usize::MAX)?);
    let state = fake.state();
    let extra = state.world.extra_members.clone();
    let members = state
        .world
        .members
        .iter()
        .skip(extra.start)
        .take(extra.len());
    let ids = members.skip(from).take(count).map(|member| &member.id);
    Ok(json!({ "ids": ids.collect::<Vec<_>>() }))
}

fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The extra ones only for somebody who looks for a name.
fn members(world: &World, with_extra: bool) -> Vec<Value> {
    let members = world.members.iter().enumerate();
    members
        .filter(|(place, _)| with_extra || !world.extra_members.contains(place))
        .map(|(_, member)| member)
        .filter(|member| member.id != world.bot_id)
        .map(|member| {
            json!({
                "id": member.id,
                "username": member.username,
                "name": member.name,
                "email": member.email,
                "status": member.status,
                "tagline": member.tagline,
                "fields": member.fields,
                "extra": member.extra,
                "createdAt": iso(member.created_at),
                "roleType": world.role_of(member).map(|role| role.kind.name()),
                "externalId": member.external_id,
                "privateMessaging": member.private_messaging,
            })
        })
        .collect()
}

fn invitations(world: &World) -> Vec<Value> {
    let invitations = world.invitations.iter();
    invitations
        .map(|invitation| {
            json!({
                "id": invitation.id,
                "email": invitation.email,
                "name": invitation.name,
                "message": invitation.message,
                "status": invitation.status,
                "roleId": invitation.role_id,
            })
        })
        .collect()
}

fn collections(world: &World) -> Vec<Value> {
    let collections = world.collections.iter();
    collections
        .map(|one| json!({ "id": one.id, "name": one.name }))
        .collect()
}

fn spaces(world: &World) -> Vec<Value> {
    let slugs = |ids: &[String]| -> Vec<&'static str> {
        let kinds = ids.iter().filter_map(|id| world.post_types.get(id));
        kinds.map(|kind| kind.slug).collect()
    };
    let spaces = world.spaces.iter();
    spaces
        .map(|space| {
            json!({
                "id": space.id,
                "name": space.name,
                "slug": space.slug,
                "type": space.kind,
                "private": space.private,
                "hidden": space.hidden,
                "inviteOnly": space.invite_only,
                "collectionId": space.collection_id,
                "postTypes": slugs(&space.post_types),
                "memberIds": space.members,
                "adminIds": space.admins,
            })
        })
        .collect()
}

fn post_types(world: &World) -> Vec<Value> {
    let kinds = world.post_types.iter();
    kinds
        .map(|kind| {
            let fields = kind.mappings.iter();
            let fields: Vec<Value> = fields
                .map(|field| json!({ "key": field.key, "type": field.kind, "required": field.required }))
                .collect();
            json!({
                "id": kind.id,
                "name": kind.name,
                "slug": kind.slug,
                "context": kind.context,
                "mappings": fields,
            })
        })
        .collect()
}

fn posts(world: &World) -> Vec<Value> {
    let posts = world.posts.iter();
    posts
        .map(|post| {
            json!({
                "id": post.id,
                "title": text_of(&post.mapped, "title"),
                "content": text_of(&post.mapped, "content"),
                "status": post.status,
                "spaceId": post.space_id,
                "postTypeId": post.kind_id,
                "ownerId": post.owner_id,
                "createdAt": iso(post.created_at),
                "publishedAt": iso_or_null(post.published_at),
                "createdById": post.created_by,
                "repliedToId": post.replied_to.first(),
                "fields": post.mapped.iter().map(|field| json!({
                    "key": field.key, "value": field.value,
                })).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn events(world: &World) -> Vec<Value> {
    let events = world.events.iter();
    events
        .map(|event| {
            let people = event.registrations.iter().map(|one| &one.member_id);
            let mut view = event.view.clone();
            view["registeredMemberIds"] = json!(people.collect::<Vec<_>>());
            view
        })
        .collect()
}

fn messages(world: &World) -> Vec<Value> {
    let messages = world.messages.iter();
    messages
        .map(|message| {
            json!({
                "id": message.id,
                "chatId": message.chat_id,
                "authorId": message.author_id,
                "content": message.content,
                "nonce": message.nonce,
            })
        })
        .collect()
}
