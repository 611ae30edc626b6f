//! What somebody uses who brings a community along: accounts, properties that an app
//! keeps, collections, spaces.
//!
//! Who may make accounts for others, and which post types a new space takes, is not
//! documented: here admins may, and a space takes the types of discussions, questions
//! and events.

use serde_json::{Value, json};

use super::args::Args;
use super::{access, views};
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::tokens::Viewer;
use crate::webhook::events;
use crate::world::rows::{Collection, RoleType, Space};
use crate::world::{World, ids, seed};

/// An account at once, with the tokens of its member.
pub(crate) fn join_network(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    access::admin(call, &world)?;
    let input = args.object("input");
    let (email, name) = (input.required("email")?, input.required("name")?);
    if !email.contains('@') {
        return Err(Refusal::new(Code::Validation, "email is not an address").field("email"));
    }
    if input.required("password")?.chars().count() < 8 {
        let message = "password has at least 8 characters";
        return Err(Refusal::new(Code::Validation, message).field("password"));
    }
    let mut members = world.members.iter();
    if members.any(|other| other.status != "DELETED" && other.email.eq_ignore_ascii_case(email)) {
        let message = "this address belongs to a member";
        return Err(Refusal::new(Code::InvalidParameter, message).field("email"));
    }
    let handle = match input.text("username") {
        Some(handle) => handle.to_owned(),
        None => format!("member-{}", world.id(8).to_lowercase()),
    };
    let (kind, now) = (RoleType::Member, call.now);
    let mut member = seed::blank_member(&mut world, &handle, name, email, kind, now);
    if !input.boolean("verified") {
        "UNVERIFIED".clone_into(&mut member.status);
        member.verified_at = None;
    }
    member.created_at = input.date("createdAt")?.unwrap_or(now);
    let id = member.id.clone();
    let view = views::member(call, &world, &member);
    world.members.insert(member);
    world.announce_member(&events::MEMBER_CREATED, &id, &id, None, now);
    let refresh = world.id(32);
    let token = call.mint.token(&world, &Viewer::Member(id), now);
    Ok(json!({
        "accessToken": token,
        "refreshToken": refresh,
        "member": view,
        "network": views::network(&world, &world.network),
        "role": world.role_of_kind(kind).map(views::role),
    }))
}

/// Keeps a text with a member, or with the network.
pub(crate) fn upsert_extra_property(call: &Call<'_>, args: Args<'_>) -> Result<(), Refusal> {
    let mut world = call.world.borrow_mut();
    access::admin(call, &world)?;
    let input = args.object("input");
    let (key, value) = (input.required("key")?, input.required("value")?);
    if serde_json::from_str::<Value>(value).is_err() {
        return Err(Refusal::new(Code::InvalidParameter, "value is not JSON").field("value"));
    }
    let id = input.text("entityId").unwrap_or_default();
    let member = world.members.get_mut(id);
    let member = member.filter(|member| member.status != "DELETED");
    let member = member.ok_or_else(|| Refusal::not_found("Member", "entityId"))?;
    member.extra.insert(key.to_owned(), value.to_owned());
    Ok(())
}

/// What was kept, of these keys or all.
pub(crate) fn extra_properties(
    call: &Call<'_>,
    world: &World,
    args: Args<'_>,
) -> Result<Value, Refusal> {
    access::admin(call, world)?;
    let member = world.members.get(args.text("entityId").unwrap_or_default());
    let member = member.ok_or_else(|| Refusal::not_found("Member", "entityId"))?;
    let keys = args.texts("keys");
    let wanted = |key: &str| keys.as_ref().is_none_or(|keys| keys.contains(&key));
    let found = member.extra.iter().filter(|(key, _)| wanted(key));
    Ok(found
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect())
}

/// All of them, the seeded one first.
pub(crate) fn collections(world: &World, args: Args<'_>) -> Value {
    let network = &world.network;
    let seeded = views::collection(&network.collection_id, "Spaces", network.created_at);
    let others = world.collections.iter();
    let others = others.map(|one| views::collection(&one.id, &one.name, one.created_at));
    let mut all: Vec<Value> = std::iter::once(seeded).chain(others).collect();
    if args.boolean("reverse") {
        all.reverse();
    }
    Value::from(all)
}

/// Two collections may have one name.
pub(crate) fn create_collection(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    access::admin(call, &world)?;
    let input = args.object("input");
    let name = filled(input, "name")?;
    let created_at = input.date("createdAt")?.unwrap_or(call.now);
    let id = world.id(ids::SPACE);
    let view = views::collection(&id, &name, created_at);
    world.collections.insert(Collection {
        id,
        name,
        created_at,
    });
    Ok(view)
}

/// A space without members.
pub(crate) fn create_space(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    access::admin(call, &world)?;
    let input = args.object("input");
    let name = filled(input, "name")?;
    let slug = match input.text("slug") {
        Some(slug) => slug.to_owned(),
        None => ids::slug(&mut world.rng, &name),
    };
    if world.spaces.iter().any(|space| space.slug == slug) {
        return Err(Refusal::new(Code::InvalidParameter, "this slug is taken").field("slug"));
    }
    let seeded = world.network.collection_id.clone();
    let collection_id = match input.text("collectionId") {
        None => seeded,
        Some(id) if id == seeded || world.collections.get(id).is_some() => id.to_owned(),
        Some(_) => {
            let message = "no such collection";
            return Err(Refusal::new(Code::InvalidParameter, message).field("collectionId"));
        }
    };
    let kinds = ["discussion", "question", "event"].into_iter();
    let kinds = kinds.filter_map(|slug| world.post_type_by_slug(slug));
    let space = Space {
        post_types: kinds.map(|kind| kind.id.clone()).collect(),
        id: world.id(ids::SPACE),
        name,
        slug,
        description: input.text("description").map(str::to_owned),
        kind: "Group",
        private: input.boolean("private"),
        hidden: input.boolean("hidden"),
        invite_only: input.boolean("inviteOnly"),
        collection_id,
        emoji: ":open_file_folder:",
        members: std::collections::BTreeSet::new(),
        admins: std::collections::BTreeSet::new(),
        order: u32::try_from(world.spaces.iter().len()).unwrap_or(u32::MAX),
        created_by: call.viewer.member_id().unwrap_or_default().to_owned(),
        created_at: input.date("createdAt")?.unwrap_or(call.now),
        updated_at: call.now,
    };
    let view = views::space(&world, &space);
    world.spaces.insert(space);
    Ok(view)
}

fn filled(input: Args<'_>, name: &str) -> Result<String, Refusal> {
    let text = input.required(name)?.trim();
    if text.is_empty() {
        return Err(Refusal::new(Code::Missing, format!("{name} is required")).field(name));
    }
    Ok(text.to_owned())
}
