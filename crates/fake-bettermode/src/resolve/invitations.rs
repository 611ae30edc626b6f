//! Invitations by e-mail.
//!
//! Whether the vendor refuses all because of one is not documented, nor what it says
//! of an address that was invited already: here one bad address spoils the whole.

use serde_json::Value;

use super::args::Args;
use super::list;
use super::query::visible_space;
use super::{access, views};
use crate::faults::Fault;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::world::World;
use crate::world::ids;
use crate::world::rows::{Invitation, RoleType};

const DAYS_TO_ACCEPT: u32 = 30;

/// Invites people; for the bot and admins.
pub(crate) fn invite(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    access::admin(call, &world)?;
    let input = args.object("input");
    let invitees = input.list("invitees");
    if invitees.is_empty() {
        return Err(Refusal::new(Code::Missing, "invitees is required").field("invitees"));
    }
    common(call, &world, input)?;
    let mut addresses = Vec::new();
    for invitee in &invitees {
        let address = invitee.required("email")?.to_lowercase();
        check(&world, &address, call.is_struck_by(Fault::AcceptReinvites))?;
        if addresses.contains(&address) {
            return refuse("an address is there twice");
        }
        common(call, &world, *invitee)?;
        addresses.push(address);
    }
    let inviter = call.viewer.member_id().unwrap_or_default().to_owned();
    let mut made = Vec::new();
    for invitee in &invitees {
        let ordinary = world
            .role_of_kind(RoleType::Member)
            .map(|role| role.id.clone());
        let role = invitee.text("roleId").or_else(|| input.text("roleId"));
        let expires = call.now + std::time::Duration::from_secs(24 * 3600) * DAYS_TO_ACCEPT;
        let invitation = Invitation {
            id: world.id(ids::LONG),
            email: invitee.required("email")?.to_owned(),
            name: invitee.text("name").map(str::to_owned),
            message: input.text("invitationMessage").map(str::to_owned),
            inviter_id: inviter.clone(),
            role_id: role.map(str::to_owned).or(ordinary).unwrap_or_default(),
            status: "Pending",
            created_at: call.now,
            expires_at: input.date("expiresAt")?.unwrap_or(expires),
            accepted: None,
        };
        made.push(views::invitation(&world, &invitation));
        world.invite(invitation, call.now);
    }
    if call.is_struck_by(Fault::ReverseRows) {
        made.reverse();
    }
    Ok(Value::from(made))
}

/// What an invitation and the whole of them can both hold.
fn common(call: &Call<'_>, world: &World, input: Args<'_>) -> Result<(), Refusal> {
    if let Some(role) = input.text("roleId")
        && world.roles.get(role).is_none()
    {
        return Err(Refusal::new(Code::InvalidParameter, "no such role").field("roleId"));
    }
    for space in input.texts("defaultSpacesIds").unwrap_or_default() {
        visible_space(call, world, space, "defaultSpacesIds").map_err(|_| {
            Refusal::new(Code::InvalidParameter, "no such space").field("defaultSpacesIds")
        })?;
    }
    Ok(())
}

fn check(world: &World, address: &str, again: bool) -> Result<(), Refusal> {
    if !address.contains('@') {
        return Err(Refusal::new(Code::Validation, "email is not an address").field("email"));
    }
    let mut members = world.members.iter();
    if members
        .any(|member| member.status != "DELETED" && member.email.eq_ignore_ascii_case(address))
    {
        return refuse("this address belongs to a member");
    }
    if !again && world.invited.contains_key(address) {
        return refuse("this address was invited already");
    }
    Ok(())
}

fn refuse<T>(message: &str) -> Result<T, Refusal> {
    Err(Refusal::new(Code::InvalidParameter, message).field("email"))
}

/// Invitations whose address or name holds the text; for the bot and admins.
pub(crate) fn page(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    access::admin(call, world)?;
    let query = args.text("query").map(str::to_lowercase);
    let roles = args.texts("roleIds");
    let wanted = world.invitations.iter().filter(|invitation| {
        let name = invitation.name.as_deref().unwrap_or_default();
        let texts = [invitation.email.to_lowercase(), name.to_lowercase()];
        query
            .as_ref()
            .is_none_or(|query| texts.iter().any(|text| text.contains(query)))
            && roles
                .as_ref()
                .is_none_or(|roles| roles.contains(&invitation.role_id.as_str()))
            && args
                .text("status")
                .is_none_or(|status| status == invitation.status)
    });
    let view = |invitation: &Invitation| views::invitation(world, invitation);
    list::page_by_time(wanted.collect(), "createdAt", args, place, view)
}

fn place(invitation: &Invitation) -> (jiff::Timestamp, &str) {
    (invitation.created_at, &invitation.id)
}
