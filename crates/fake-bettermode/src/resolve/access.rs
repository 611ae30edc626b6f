//! Who may see and do what.
//!
//! The rules are those that the guides state or plainly imply: the bot and admins may
//! everything; private spaces are for their members, private messages for the two who
//! talk; in a broadcast space only staff posts; guests only read.

use crate::graphql::Call;
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::rows::{Post, RoleType, Space};

/// Whether the caller may see a space and what is in it.
pub(crate) fn sees_space(call: &Call<'_>, world: &World, space: &Space) -> bool {
    let inside = call
        .viewer
        .member_id()
        .is_some_and(|id| space.members.contains(id));
    if space.kind == "PrivateMessage" {
        return inside;
    }
    !space.private || inside || call.viewer.is_admin(world)
}

/// Whether the caller may see a post. Drafts and held posts are for their author and
/// for admins; a deleted one is a tombstone that everybody may meet.
pub(crate) fn sees_post(call: &Call<'_>, world: &World, post: &Post) -> bool {
    let space = world.spaces.get(&post.space_id);
    if !space.is_some_and(|space| sees_space(call, world, space)) {
        return false;
    }
    let own = call.viewer.member_id() == Some(post.owner_id.as_str());
    matches!(post.status, "PUBLISHED" | "DELETED") || own || call.viewer.is_admin(world)
}

/// The member who writes, if writing here is allowed.
pub(crate) fn writer(call: &Call<'_>, world: &World, space: &Space) -> Result<String, Refusal> {
    let id = call.viewer.member_id().ok_or_else(Refusal::forbidden)?;
    let role = world
        .members
        .get(id)
        .and_then(|member| world.role_of(member))
        .map(|role| role.kind);
    let staff = call.viewer.is_admin(world) || role == Some(RoleType::Moderator);
    let allowed = match space.kind {
        "Broadcast" => staff,
        _ => sees_space(call, world, space),
    };
    if allowed {
        Ok(id.to_owned())
    } else {
        Err(Refusal::forbidden())
    }
}

/// Only the bot and admins.
pub(crate) fn admin(call: &Call<'_>, world: &World) -> Result<(), Refusal> {
    if call.viewer.is_admin(world) {
        Ok(())
    } else {
        Err(Refusal::forbidden())
    }
}
