//! Links from one object to another, followed only when a document asks.

use serde_json::{Map, Value, json};

use super::args::Args;
use super::{access, calendar, posts, views};
use crate::graphql::Call;
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::rows::RoleType;

/// A field that the object's own JSON does not hold. What the fake has nothing for is
/// null, which the executor refuses where the schema wants a value.
pub(crate) fn field(
    call: &Call<'_>,
    type_name: &str,
    parent: &Map<String, Value>,
    name: &str,
    args: Args<'_>,
) -> Result<Value, Refusal> {
    let world = call.world.borrow();
    let world: &World = &world;
    let id = |key: &str| parent.get(key).and_then(Value::as_str).unwrap_or_default();
    Ok(match (type_name, name) {
        ("Member" | "MemberInvitation", "role") => world
            .roles
            .get(id("roleId"))
            .map_or(Value::Null, views::role),
        ("Member", "profilePicture") => parent
            .get("profilePictureId")
            .and_then(Value::as_str)
            .map_or(Value::Null, views::image),
        ("Member", "authMemberProps") => member_props(call, world, id("id")),
        ("Post" | "SpacePostType", "space") => space(call, world, id("spaceId")),
        ("Post" | "SpacePostType", "postType") => {
            let kind = world.post_types.get(id("postTypeId"));
            kind.map_or(Value::Null, views::post_type)
        }
        ("Post", "owner") => space_member(call, world, id("ownerId"), id("spaceId")),
        ("Post", "createdBy") => space_member(call, world, id("createdById"), id("spaceId")),
        ("Post", "repliedTo") => {
            let post = world.posts.get(id("repliedToId"));
            let post = post.filter(|post| access::sees_post(call, world, post));
            post.map_or(Value::Null, |post| views::post(call, world, post))
        }
        ("Post", "replies") => posts::replies(call, world, id("id"), args)?,
        ("Post", "tags") => tags(world, parent),
        ("PostReactionParticipant", "participant") => {
            let member = world.members.get(id("_participantId"));
            member.map_or(Value::Null, |member| views::member(call, world, member))
        }
        ("PostType", "validReplyTypes") => reply_types(world, parent),
        ("MemberInvitation", "inviter") => {
            let inviter = world.members.get(id("inviterId"));
            inviter.map_or(Value::Null, |member| views::member(call, world, member))
        }
        ("Event", "authMemberProps") => {
            calendar::props(call, world, id("id"), &scopes(call, world))
        }
        ("Space", "authMemberProps") => space_props(call, world, id("id")),
        _ => Value::Null,
    })
}

fn space(call: &Call<'_>, world: &World, id: &str) -> Value {
    let space = world.spaces.get(id);
    let space = space.filter(|space| access::sees_space(call, world, space));
    space.map_or(Value::Null, |space| views::space(world, space))
}

/// Somebody in a space, with the role there.
pub(crate) fn space_member(
    call: &Call<'_>,
    world: &World,
    member_id: &str,
    space_id: &str,
) -> Value {
    let (Some(member), Some(row)) = (world.members.get(member_id), world.spaces.get(space_id))
    else {
        return Value::Null;
    };
    let kind = world.role_in(row, member_id);
    json!({
        "member": views::member(call, world, member),
        "space": space(call, world, space_id),
        "role": {
            "id": row.role_id(kind),
            "name": if kind == "admin" { "Admin" } else { "Member" },
            "type": kind,
            "description": null,
        },
    })
}

fn tags(world: &World, parent: &Map<String, Value>) -> Value {
    let ids = parent.get("tagIds").and_then(Value::as_array);
    let ids = ids.into_iter().flatten().filter_map(Value::as_str);
    ids.filter_map(|id| world.tags.get(id))
        .map(views::tag)
        .collect()
}

fn reply_types(world: &World, parent: &Map<String, Value>) -> Value {
    let slugs = parent.get("_replies").and_then(Value::as_array);
    let slugs = slugs.into_iter().flatten().filter_map(Value::as_str);
    slugs
        .filter_map(|slug| world.post_type_by_slug(slug))
        .map(views::post_type)
        .collect()
}

/// What the caller may do with a member.
fn member_props(call: &Call<'_>, world: &World, id: &str) -> Value {
    let open = world
        .members
        .get(id)
        .is_some_and(|member| member.private_messaging && member.status == "VERIFIED");
    let other = call.viewer.member_id().is_some_and(|viewer| viewer != id);
    json!({
        "canSendPrivateMessages": open && other,
        "context": "MEMBER",
        "scopes": scopes(call, world),
    })
}

/// What the caller may do in a space, with the post types that may be used now.
fn space_props(call: &Call<'_>, world: &World, id: &str) -> Value {
    let Some(space) = world.spaces.get(id) else {
        return Value::Null;
    };
    let writes = access::writer(call, world, space).is_ok();
    let kinds = space.post_types.iter().filter(|_| writes);
    let kinds: Vec<Value> = kinds
        .filter_map(|id| world.post_types.get(id))
        .map(views::post_type)
        .collect();
    let inside = call
        .viewer
        .member_id()
        .is_some_and(|id| space.members.contains(id));
    json!({
        "availablePostTypes": kinds,
        "context": "SPACE",
        "membershipStatus": if inside { "joined" } else { "notJoined" },
        "scopes": scopes(call, world),
        "lastReadAt": null,
        "unreadPostsCount": 0,
    })
}

fn scopes(call: &Call<'_>, world: &World) -> Value {
    let member = call.viewer.member_id().and_then(|id| world.members.get(id));
    let role = match member {
        Some(member) => world.role_of(member),
        None => world.role_of_kind(RoleType::Guest),
    };
    role.map_or(Value::Null, |role| json!(role.scopes))
}
