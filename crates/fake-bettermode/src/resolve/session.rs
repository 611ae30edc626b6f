//! Tokens over GraphQL: the app's, a guest's, and who a token belongs to.

use serde_json::{Value, json};

use super::args::Args;
use super::views;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::tokens::Viewer;
use crate::world::World;
use crate::world::rows::RoleType;

/// A token for the app's bot, or for the member it acts as.
pub(crate) fn limited_token(
    call: &Call<'_>,
    world: &World,
    args: Args<'_>,
) -> Result<Value, Refusal> {
    if args.text("networkId") != Some(world.network.id.as_str()) {
        // The app is not installed there.
        return Err(Refusal::forbidden().field("networkId"));
    }
    let entity = args.required("entityId")?;
    let known = match args.text("context") {
        Some("NETWORK") => entity == world.network.id,
        Some("SPACE") => world.spaces.get(entity).is_some(),
        Some("POST") => world.posts.get(entity).is_some(),
        Some("MEMBER") => world.members.get(entity).is_some(),
        _ => world.events.get(entity).is_some(),
    };
    if !known {
        return Err(Refusal::not_found("Entity", "entityId"));
    }
    let viewer = match args.text("impersonateMemberId") {
        None => Viewer::Bot(world.bot_id.clone()),
        Some(id) => {
            let member = world
                .members
                .get(id)
                .filter(|member| member.status == "VERIFIED");
            let member =
                member.ok_or_else(|| Refusal::not_found("Member", "impersonateMemberId"))?;
            Viewer::Member(member.id.clone())
        }
    };
    Ok(json!({
        "accessToken": call.mint.token(world, &viewer, call.now),
        "gatewayUrl": world.public_url,
    }))
}

/// A visitor's token. Refreshing and single sign-on need a login, which the fake's
/// schema does not have: they are refused.
pub(crate) fn guest_token(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    for name in ["refreshToken", "ssoToken", "otp"] {
        if args.get(name).is_some() {
            return Err(Refusal::new(Code::InvalidToken, "Invalid token").field(name));
        }
    }
    let network = &world.network;
    let named = args.text("networkDomain") == Some(network.domain.as_str())
        || args.text("networkId") == Some(network.id.as_str());
    if !named {
        return Err(Refusal::not_found("Network", "networkDomain"));
    }
    let id = format!("GUEST_{}", world.id(16));
    let token = call
        .mint
        .token(&world, &Viewer::Guest(id.clone()), call.now);
    let refresh = world.id(32);
    Ok(json!({
        "accessToken": token,
        "refreshToken": refresh,
        "member": guest(&world, &id, call),
        "network": views::network(&world, &world.network),
        "role": world.role_of_kind(RoleType::Guest).map(views::role),
    }))
}

/// The member that the token stands for.
pub(crate) fn auth_member(call: &Call<'_>, world: &World) -> Result<Value, Refusal> {
    match &call.viewer {
        Viewer::Bot(id) | Viewer::Member(id) => world
            .members
            .get(id)
            .map(|member| views::member(call, world, member))
            .ok_or_else(|| Refusal::not_found("Member", "id")),
        Viewer::Guest(id) => Ok(guest(world, id, call)),
        Viewer::Nobody | Viewer::App => Err(Refusal::forbidden()),
    }
}

/// A visitor is no row: it looks like a member without anything.
fn guest(world: &World, id: &str, call: &Call<'_>) -> Value {
    let role_id = world
        .role_of_kind(RoleType::Guest)
        .map(|role| role.id.clone());
    let now = crate::time::iso(call.now);
    json!({
        "id": id,
        "name": "Guest",
        "username": id.to_lowercase(),
        "status": "UNVERIFIED",
        "roleId": role_id,
        "locale": "en",
        "teammate": false,
        "networkId": world.network.id,
        "createdAt": now,
        "updatedAt": now,
        "profilePictureId": null,
    })
}
