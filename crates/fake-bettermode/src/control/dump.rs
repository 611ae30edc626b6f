//! `GET /_fake/world`: the ids and names that a demo or a test needs.

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::world::World;
use crate::world::talk::text_of;

/// Everything, or with `?q=text` the rows whose JSON holds that text.
pub(super) fn world(fake: &Fake, query: Option<&str>) -> Value {
    let state = fake.state();
    let world = &state.world;
    let wanted = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == "q")
        .map(|(_, text)| text.to_lowercase());
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
        "members": keep(members(world)),
        "spaces": keep(spaces(world)),
        "postTypes": keep(post_types(world)),
        "posts": keep(posts(world)),
        "events": keep(world.events.iter().map(|event| event.view.clone()).collect()),
        "messages": keep(messages(world)),
    })
}

fn members(world: &World) -> Vec<Value> {
    let members = world
        .members
        .iter()
        .filter(|member| member.id != world.bot_id);
    members
        .map(|member| {
            json!({
                "id": member.id,
                "username": member.username,
                "name": member.name,
                "email": member.email,
                "status": member.status,
                "roleType": world.role_of(member).map(|role| role.kind.name()),
                "externalId": member.external_id,
                "privateMessaging": member.private_messaging,
            })
        })
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
                "postTypes": slugs(&space.post_types),
                "memberIds": space.members,
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
                "createdById": post.created_by,
                "repliedToId": post.replied_to.first(),
            })
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
            })
        })
        .collect()
}
