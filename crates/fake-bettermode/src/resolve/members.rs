//! Reading and changing members.

use std::collections::BTreeMap;

use serde_json::Value;

use super::args::Args;
use super::filters;
use super::list::{self, Item};
use super::{access, views};
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::time::iso;
use crate::world::World;
use crate::world::rows::Member;

/// By id, user name, or (newer) external id. A deleted member is a tombstone.
pub(crate) fn one(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let (found, field) = if let Some(id) = args.text("id") {
        (world.members.get(id), "id")
    } else if let Some(username) = args.text("username") {
        (world.member_by_username(username), "username")
    } else if let Some(external) = args.text("externalId") {
        let mut members = world.members.iter();
        let found = members.find(|member| member.external_id.as_deref() == Some(external));
        (found, "externalId")
    } else {
        return Err(Refusal::new(Code::Missing, "id or username is required").field("id"));
    };
    found
        .map(|member| views::member(call, world, member))
        .ok_or_else(|| Refusal::not_found("Member", field))
}

/// Those that exist, in the order asked for; what the vendor does about unknown ids is
/// not documented.
pub(crate) fn by_ids(call: &Call<'_>, world: &World, args: Args<'_>) -> Value {
    let ids = args.texts("ids").unwrap_or_default();
    let found = ids.into_iter().filter_map(|id| world.members.get(id));
    found
        .map(|member| views::member(call, world, member))
        .collect()
}

/// Without `status` only verified members: the vendor's default is not documented.
pub(crate) fn page(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let statuses = args.texts("status").unwrap_or_else(|| vec!["VERIFIED"]);
    let roles = args.texts("roleIds");
    let query = args.text("query").map(str::to_lowercase);
    let sees_addresses = call.viewer.is_admin(world);
    let wanted = world.members.iter().filter(|member| {
        member.id != world.bot_id
            && statuses.contains(&member.status.as_str())
            && roles
                .as_ref()
                .is_none_or(|roles| roles.contains(&member.role_id.as_str()))
            && query
                .as_ref()
                .is_none_or(|query| matches(member, query, sees_addresses))
    });
    let (order, key): (_, fn(&Member) -> String) = match args.text("orderBy") {
        None | Some("createdAt") => ("createdAt", |member| iso(member.created_at)),
        Some("name") => ("name", |member| member.name.to_lowercase()),
        Some("updatedAt") => ("updatedAt", |member| iso(member.updated_at)),
        Some(_) => {
            return Err(
                Refusal::new(Code::InvalidParameter, "members are not sorted by that")
                    .field("orderBy"),
            );
        }
    };
    let conditions = args.list("filterBy");
    if conditions.is_empty() && order == "createdAt" {
        let view = |member: &Member| views::member(call, world, member);
        return list::page_by_time(wanted.collect(), order, args, place, view);
    }
    let mut items = Vec::new();
    for member in wanted {
        let view = views::member(call, world, member);
        if filters::accept(&view, &conditions)? {
            items.push(Item {
                id: member.id.clone(),
                sort: key(member),
                view,
            });
        }
    }
    list::page(items, order, args)
}

/// Free text, in the name, the user name and, for those who may see it, the address.
fn matches(member: &Member, query: &str, sees_addresses: bool) -> bool {
    member.name.to_lowercase().contains(query)
        || member.username.to_lowercase().contains(query)
        || (sees_addresses && member.email.to_lowercase().contains(query))
}

/// Members change themselves, admins change everybody.
pub(crate) fn update(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let own = call
        .viewer
        .member_id()
        .ok_or_else(Refusal::forbidden)?
        .to_owned();
    let id = args.text("id").unwrap_or(&own).to_owned();
    if id != own {
        access::admin(call, &world)?;
    }
    let member = world
        .members
        .get(&id)
        .filter(|member| member.status != "DELETED");
    if member.is_none() {
        return Err(Refusal::not_found("Member", "id"));
    }
    let input = args.object("input");
    check(call, &world, &id, input)?;
    let fields = custom_fields(&world, input)?;
    let created_at = input.date("createdAt")?;
    world.change_member(&id, &own, call.now, |member| {
        apply(member, input, fields);
        member.created_at = created_at.unwrap_or(member.created_at);
    });
    let member = world.members.get(&id);
    let member = member.ok_or_else(|| Refusal::not_found("Member", "id"))?;
    Ok(views::member(call, &world, member))
}

fn check(call: &Call<'_>, world: &World, id: &str, input: Args<'_>) -> Result<(), Refusal> {
    let taken = |field: &str| {
        Err(Refusal::new(Code::InvalidParameter, format!("this {field} is taken")).field(field))
    };
    if let Some(username) = input.text("username")
        && world
            .member_by_username(username)
            .is_some_and(|other| other.id != id)
    {
        return taken("username");
    }
    if let Some(email) = input.text("email") {
        if !email.contains('@') {
            return Err(Refusal::new(Code::Validation, "email is not an address").field("email"));
        }
        let mut members = world.members.iter();
        if members.any(|other| other.id != id && other.email.eq_ignore_ascii_case(email)) {
            return taken("email");
        }
    }
    if input.get("createdAt").is_some() {
        access::admin(call, world)?;
    }
    if let Some(role) = input.text("roleId") {
        access::admin(call, world)?;
        if world.roles.get(role).is_none() {
            return Err(Refusal::new(Code::InvalidParameter, "no such role").field("roleId"));
        }
    }
    Ok(())
}

/// Every value has to be JSON text, every key one that somebody has: those are the
/// fields that the community's profile has.
fn custom_fields(world: &World, input: Args<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut fields = BTreeMap::new();
    for field in input.list("fields") {
        let (key, value) = (field.required("key")?, field.required("value")?);
        if serde_json::from_str::<Value>(value).is_err() {
            let message = format!("the value of {key} is not JSON");
            return Err(Refusal::new(Code::InvalidParameter, message).field("fields"));
        }
        let mut members = world.members.iter();
        if !members.any(|member| member.fields.contains_key(key)) {
            let message = format!("members have no field {key}");
            return Err(Refusal::new(Code::InvalidParameter, message).field("fields"));
        }
        fields.insert(key.to_owned(), value.to_owned());
    }
    Ok(fields)
}

fn apply(member: &mut Member, input: Args<'_>, fields: BTreeMap<String, String>) {
    let set = |place: &mut String, name: &str| {
        if let Some(text) = input.text(name) {
            text.clone_into(place);
        }
    };
    set(&mut member.name, "name");
    set(&mut member.username, "username");
    set(&mut member.email, "email");
    set(&mut member.locale, "locale");
    set(&mut member.role_id, "roleId");
    let set = |place: &mut Option<String>, name: &str| {
        if let Some(text) = input.text(name) {
            *place = Some(text.to_owned());
        }
    };
    set(&mut member.tagline, "tagline");
    set(&mut member.external_id, "externalId");
    set(&mut member.picture_id, "profilePictureId");
    member.fields.extend(fields);
}

fn place(member: &Member) -> (jiff::Timestamp, &str) {
    (member.created_at, &member.id)
}
