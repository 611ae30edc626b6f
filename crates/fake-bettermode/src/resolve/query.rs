//! The root fields of queries.

use serde_json::{Value, json};

use super::args::Args;
use super::list::{self, Item};
use super::{
    access, calendar, invitations, members, memberships, messages, moving_in, posts, session, views,
};
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::time::iso;
use crate::webhook::events;
use crate::world::World;
use crate::world::rows::Space;

pub(crate) fn field(call: &Call<'_>, name: &str, args: Args<'_>) -> Result<Value, Refusal> {
    if name == "privateMessage" {
        return messages::private_space(call, args);
    }
    if name == "tokens" {
        return session::guest_token(call, args);
    }
    let world = call.world.borrow();
    let world: &World = &world;
    match name {
        "limitedToken" => session::limited_token(call, world, args),
        "network" => Ok(views::network(world, &world.network)),
        "authMember" => session::auth_member(call, world),
        "globalEventTypes" => Ok(event_types()),
        "apiRateLimitStats" => Ok(call.quotas.clone()),
        "member" => members::one(call, world, args),
        "members" => members::page(call, world, args),
        "membersByIds" => Ok(members::by_ids(call, world, args)),
        "post" => posts::one(call, world, args),
        "posts" => posts::page(call, world, args),
        "replies" => posts::replies(call, world, args.required("postId")?, args),
        "memberPosts" => posts::of_member(call, world, args),
        "postReactionParticipants" => posts::participants(call, world, args),
        "postTypes" => post_types(world, args),
        "spacePostTypes" => space_post_types(call, world, args),
        "space" => space(call, world, args),
        "findChatWithMember" => messages::find_chat(call, world, args),
        "messages" => messages::page(call, world, args),
        "event" => calendar::one(call, world, args),
        "events" => calendar::page(call, world, args),
        "spaces" => spaces(call, world, args),
        "spaceMembers" => memberships::of_space(call, world, args),
        "memberSpaces" => memberships::of_member(call, world, args),
        "memberInvitations" => invitations::page(call, world, args),
        "collections" => Ok(moving_in::collections(world, args)),
        "extraProperties" => moving_in::extra_properties(call, world, args),
        _ => Err(unanswered(name)),
    }
}

/// A field that somebody added to the schema and not here.
pub(crate) fn unanswered(name: &str) -> Refusal {
    Refusal::new(Code::Server, format!("the fake has no answer for {name}"))
}

fn event_types() -> Value {
    let kind = |kind: &&events::EventKind| {
        json!({
            "name": kind.name,
            "noun": kind.noun,
            "verb": kind.verb,
            "description": kind.description,
            "shortDescription": kind.description,
            "requiredScope": kind.scope,
        })
    };
    events::ALL.iter().map(kind).collect()
}

fn post_types(world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let query = args.text("query").map(str::to_lowercase);
    let kinds = world.post_types.iter().filter(|kind| {
        args.text("context")
            .is_none_or(|context| kind.context == context)
            && query
                .as_ref()
                .is_none_or(|query| kind.name.to_lowercase().contains(query))
    });
    let items = kinds.enumerate().map(|(place, kind)| Item {
        id: kind.id.clone(),
        sort: format!("{place:06}"),
        view: views::post_type(kind),
    });
    list::page(items.collect(), "createdAt", args)
}

/// The types of posts that may stand in a space; with the context `reply`, those that
/// may answer them.
fn space_post_types(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let space = visible_space(call, world, args.required("spaceId")?, "spaceId")?;
    let own = space
        .post_types
        .iter()
        .filter_map(|id| world.post_types.get(id));
    let mut kinds: Vec<_> = own.collect();
    let replies: Vec<_> = world
        .post_types
        .iter()
        .filter(|kind| kinds.iter().any(|own| own.replies.contains(&kind.slug)))
        .collect();
    kinds.extend(replies);
    kinds.retain(|kind| {
        args.text("context")
            .is_none_or(|context| kind.context == context)
    });
    let items = kinds.into_iter().enumerate().map(|(place, kind)| Item {
        id: kind.id.clone(),
        sort: format!("{place:06}"),
        view: json!({
            "postTypeId": kind.id,
            "spaceId": space.id,
            "whoCanPost": [],
            "whoCanReact": [],
            "whoCanReply": [],
        }),
    });
    list::page(items.collect(), "createdAt", args)
}

fn space(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let found = match (
        args.text("id"),
        args.text("slug").or_else(|| args.text("path")),
    ) {
        (Some(id), _) => world.spaces.get(id),
        (None, Some(slug)) => world.spaces.iter().find(|space| space.slug == slug),
        (None, None) => {
            return Err(Refusal::new(Code::Missing, "id, path or slug is required").field("id"));
        }
    };
    let found = found.filter(|space| access::sees_space(call, world, space));
    found
        .map(|space| views::space(world, space))
        .ok_or_else(|| Refusal::not_found("Space", "id"))
}

fn spaces(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let query = args.text("query").map(str::to_lowercase);
    let kinds = args.texts("type");
    let wanted = world.spaces.iter().filter(|space| {
        // A private conversation is found by its id or by opening it, not in a list.
        let listed = kinds
            .as_ref()
            .map_or(space.kind != "PrivateMessage", |kinds| {
                kinds.contains(&space.kind)
            });
        listed
            && access::sees_space(call, world, space)
            && args
                .text("memberId")
                .is_none_or(|id| space.members.contains(id))
            && args
                .text("collectionId")
                .is_none_or(|id| id == space.collection_id)
            && query
                .as_ref()
                .is_none_or(|query| space.name.to_lowercase().contains(query))
    });
    let (order, key): (_, fn(&Space) -> String) = match args.text("orderBy") {
        Some("UPDATED_AT") => ("updatedAt", |space| iso(space.updated_at)),
        Some("CUSTOM_ORDERING_INDEX") => {
            ("customOrderingIndex", |space| format!("{:06}", space.order))
        }
        _ => ("createdAt", |space| {
            format!("{}{:06}", iso(space.created_at), space.order)
        }),
    };
    let items = wanted.map(|space| Item {
        id: space.id.clone(),
        sort: key(space),
        view: views::space(world, space),
    });
    list::page(items.collect(), order, args)
}

/// A space that exists for this caller.
pub(crate) fn visible_space<'w>(
    call: &Call<'_>,
    world: &'w World,
    id: &str,
    field: &str,
) -> Result<&'w Space, Refusal> {
    world
        .spaces
        .get(id)
        .filter(|space| access::sees_space(call, world, space))
        .ok_or_else(|| Refusal::not_found("Space", field))
}
