//! The root fields of mutations.

use serde_json::{Value, json};

use super::args::Args;
use super::{calendar, invitations, members, memberships, messages, moving_in, query, writing};
use crate::faults::Fault;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};

pub(crate) fn field(call: &Call<'_>, name: &str, args: Args<'_>) -> Result<Value, Refusal> {
    match name {
        "createPost" => writing::create_post(call, args),
        "createReply" => writing::create_reply(call, args),
        "updatePost" => writing::update_post(call, args),
        "deletePost" => action(call, || writing::delete_post(call, args)),
        "addReaction" => action(call, || react(call, args, true)),
        "removeReaction" => action(call, || react(call, args, false)),
        "updateMember" => members::update(call, args),
        "inviteMembers" => invitations::invite(call, args),
        "joinNetwork" => moving_in::join_network(call, args),
        "upsertExtraProperty" => action(call, || moving_in::upsert_extra_property(call, args)),
        "createCollection" => moving_in::create_collection(call, args),
        "createSpace" => moving_in::create_space(call, args),
        "addSpaceMembers" => memberships::add(call, args),
        "removeSpaceMembers" => memberships::remove(call, args),
        "sendMessageToMember" => messages::send(call, args),
        "createEvent" => calendar::create_event(call, args),
        "updateEvent" => calendar::update_event(call, args),
        "deleteEvent" => action(call, || calendar::delete_event(call, args)),
        "registerForEvent" => action(call, || calendar::register(call, args)),
        _ => Err(query::unanswered(name)),
    }
}

/// An `Action` says `failed` in a 200 without errors; a fault switch brings that about.
fn action(call: &Call<'_>, work: impl FnOnce() -> Result<(), Refusal>) -> Result<Value, Refusal> {
    if call.is_struck_by(Fault::ActionFailed) {
        return Ok(json!({ "status": "failed" }));
    }
    work()?;
    Ok(json!({ "status": "succeeded" }))
}

/// Adds or takes back a reaction; doing it twice is no error.
fn react(call: &Call<'_>, args: Args<'_>, add: bool) -> Result<(), Refusal> {
    let mut world = call.world.borrow_mut();
    let own = call
        .viewer
        .member_id()
        .ok_or_else(Refusal::forbidden)?
        .to_owned();
    let input = args.object("input");
    let given = if add { input } else { args };
    let reaction = given.required("reaction")?.to_owned();
    if reaction.trim().is_empty() {
        return Err(Refusal::new(Code::Missing, "reaction is required").field("reaction"));
    }
    let by = match given.text("participantId") {
        Some(id) if id != own => {
            super::access::admin(call, &world)?;
            let member = world.members.get(id);
            member
                .ok_or_else(|| Refusal::not_found("Member", "participantId"))?
                .id
                .clone()
        }
        _ => own,
    };
    let id = writing::visible_post(call, &world, args.required("postId")?, "postId")?
        .id
        .clone();
    if add {
        world.react(&id, &reaction, &by, call.now);
    } else {
        world.unreact(&id, &reaction, &by, call.now);
    }
    Ok(())
}
