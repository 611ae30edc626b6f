//! Who is in which space, and how that changes.
//!
//! What the vendor answers when somebody is added who is in already, or taken out who
//! is not in, is not documented: the fake takes what is less convenient, a refusal and
//! `failed`.

use serde_json::{Value, json};

use super::args::Args;
use super::list::{self, Item};
use super::query::visible_space;
use super::{access, relations};
use crate::faults::Fault;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::time::iso;
use crate::world::World;
use crate::world::rows::{Member, Space};

/// The members of a space.
pub(crate) fn of_space(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let space = visible_space(call, world, args.required("spaceId")?, "spaceId")?;
    let updated = args.text("orderBy") == Some("UPDATED_AT");
    let people = space.members.iter().filter_map(|id| world.members.get(id));
    let items = people.filter(|member| wanted(world, space, member, args));
    let items = items.map(|member| Item {
        id: member.id.clone(),
        sort: iso(if updated {
            member.updated_at
        } else {
            member.created_at
        }),
        view: relations::space_member(call, world, &member.id, &space.id),
    });
    let order = if updated { "updatedAt" } else { "createdAt" };
    list::page(items.collect(), order, args)
}

/// The spaces of a member that the caller sees.
pub(crate) fn of_member(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let member = existing(world, args.required("memberId")?, "memberId")?;
    let spaces = world.spaces.iter().filter(|space| {
        space.kind != "PrivateMessage"
            && space.members.contains(&member.id)
            && access::sees_space(call, world, space)
            && wanted(world, space, member, args)
            && args
                .text("collectionId")
                .is_none_or(|id| id == space.collection_id)
    });
    let items = spaces.map(|space| Item {
        id: space.id.clone(),
        sort: format!("{}{:06}", iso(space.created_at), space.order),
        view: relations::space_member(call, world, &member.id, &space.id),
    });
    list::page(items.collect(), "createdAt", args)
}

fn wanted(world: &World, space: &Space, member: &Member, args: Args<'_>) -> bool {
    let role = space.role_id(world.role_in(space, &member.id));
    args.texts("roleIds")
        .is_none_or(|ids| ids.contains(&role.as_str()))
}

/// Puts members into a space: all of them or, when one cannot be, none.
pub(crate) fn add(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    access::admin(call, &world)?;
    let actor = call.viewer.member_id().unwrap_or_default().to_owned();
    let space = visible_space(call, &world, args.required("spaceId")?, "spaceId")?;
    let space_id = space.id.clone();
    let mut additions = Vec::new();
    for input in args.list("input") {
        let member = existing(&world, input.required("memberId")?, "memberId")?;
        if space.members.contains(&member.id) {
            let message = "this member is in the space already";
            return Err(Refusal::new(Code::InvalidParameter, message).field("memberId"));
        }
        let as_admin = match input.text("roleId") {
            None => false,
            Some(role) if role == space.role_id("member") => false,
            Some(role) if role == space.role_id("admin") => true,
            Some(_) => {
                let message = "the space has no such role";
                return Err(Refusal::new(Code::InvalidParameter, message).field("roleId"));
            }
        };
        additions.push((member.id.clone(), as_admin));
    }
    for (member, as_admin) in &additions {
        world.set_membership(&space_id, member, true, &actor, call.now);
        if let Some(space) = world.spaces.get_mut(&space_id).filter(|_| *as_admin) {
            space.admins.insert(member.clone());
        }
    }
    let view =
        |(member, _): &(String, bool)| relations::space_member(call, &world, member, &space_id);
    Ok(additions.iter().map(view).collect())
}

/// Takes members out of a space, and tells for each whether it was in.
pub(crate) fn remove(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    access::admin(call, &world)?;
    let actor = call.viewer.member_id().unwrap_or_default().to_owned();
    let space = visible_space(call, &world, args.required("spaceId")?, "spaceId")?;
    let space_id = space.id.clone();
    let ids = args.texts("memberIds").unwrap_or_default();
    for id in &ids {
        existing(&world, id, "memberIds")?;
    }
    let statuses = ids.into_iter().map(|id| {
        let done = !call.is_struck_by(Fault::ActionFailed)
            && world.set_membership(&space_id, id, false, &actor, call.now);
        json!({ "status": if done { "succeeded" } else { "failed" } })
    });
    Ok(statuses.collect())
}

fn existing<'w>(world: &'w World, id: &str, field: &str) -> Result<&'w Member, Refusal> {
    let member = world.members.get(id);
    member
        .filter(|member| member.status != "DELETED")
        .ok_or_else(|| Refusal::not_found("Member", field))
}
