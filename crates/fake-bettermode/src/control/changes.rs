//! Changes that on BetterMode people make in the browser: they join, verify their
//! address, edit their profile, leave; a moderator lets a post pass. Each is announced.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refused, done, read};
use crate::fake::Fake;
use crate::webhook::events;
use crate::world::rows::{Member, RoleType};
use crate::world::{World, seed};

/// What may be set of a member; absent fields stay.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct MemberChange {
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    tagline: Option<String>,
    status: Option<String>,
    external_id: Option<String>,
    private_messaging: Option<bool>,
    fields: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SpaceChange {
    name: Option<String>,
    description: Option<String>,
}

pub(super) fn route(
    fake: &Fake,
    method: &Method,
    parts: &[&str],
    body: &Bytes,
) -> Result<Value, Refused> {
    let now = (fake.inner.config.time)();
    let mut state = fake.state();
    let world = &mut state.world;
    let actor = world.bot_id.clone();
    let known = |done: bool, what| {
        if done {
            Ok(())
        } else {
            Err(Refused::unknown(what))
        }
    };
    let answer = match (method.as_str(), parts) {
        ("POST", ["members"]) => join(world, read(body)?, now)?,
        ("POST", ["members", id]) => {
            let change: MemberChange = read(body)?;
            check(&change)?;
            let changed = world.change_member(id, id, now, |member| apply(member, change));
            known(changed, "member")?;
            summary(world, id)
        }
        ("POST", ["invitations", "accept"]) => accept(world, read(body)?, now)?,
        ("DELETE", ["members", id]) => {
            known(world.delete_member(id, &actor, now), "member")?;
            summary(world, id)
        }
        ("POST", ["posts", id, "publish"]) => {
            known(world.posts.get(id).is_some(), "post")?;
            world.publish_post(id, &actor, now);
            done()
        }
        ("DELETE", ["posts", id]) => {
            known(world.posts.get(id).is_some(), "post")?;
            world.delete_post(id, &actor, now);
            done()
        }
        ("POST", ["spaces", id]) => {
            let change: SpaceChange = read(body)?;
            let changed = world.change_space(id, &actor, now, |space| {
                space.name = change.name.unwrap_or(std::mem::take(&mut space.name));
                space.description = change.description.or(space.description.take());
            });
            known(changed, "space")?;
            done()
        }
        ("POST" | "DELETE", ["spaces", space, "members", member]) => {
            let there = world.spaces.get(space).is_some() && world.members.get(member).is_some();
            known(there, "space or member")?;
            let changed = world.set_membership(space, member, method == Method::POST, member, now);
            json!({ "changed": changed })
        }
        _ => return Err(Refused::unknown("control path; the README lists them")),
    };
    fake.dispatch(&mut state);
    Ok(answer)
}

/// Whose invitation is accepted: of one address, or all that are open.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Acceptance {
    email: Option<String>,
    /// The name that they choose; otherwise the one they were invited with.
    name: Option<String>,
}

fn accept(world: &mut World, which: Acceptance, now: jiff::Timestamp) -> Result<Value, Refused> {
    let addresses: Vec<String> = match which.email {
        Some(email) => vec![email],
        None => world
            .invitations
            .iter()
            .map(|row| row.email.clone())
            .collect(),
    };
    let one = addresses.len() == 1;
    let joined = addresses.iter();
    let joined = joined.filter_map(|email| world.accept(email, which.name.clone(), now));
    let ids: Vec<String> = joined.collect();
    if one && ids.is_empty() {
        return Err(Refused::unknown("open invitation"));
    }
    Ok(json!({ "ids": ids }))
}

/// Somebody registers: `member.created`, and `member.verified` unless the status says
/// that the address is not confirmed yet.
fn join(world: &mut World, change: MemberChange, now: jiff::Timestamp) -> Result<Value, Refused> {
    check(&change)?;
    let username = change
        .username
        .clone()
        .unwrap_or_else(|| format!("new-{}", world.id(6).to_lowercase()));
    let name = change
        .name
        .clone()
        .unwrap_or_else(|| "New Member".to_owned());
    let email = change
        .email
        .clone()
        .unwrap_or_else(|| format!("{username}@example.com"));
    let verified = change.status.as_deref() != Some("UNVERIFIED");
    let mut member = seed::blank_member(world, &username, &name, &email, RoleType::Member, now);
    apply(&mut member, change);
    "UNVERIFIED".clone_into(&mut member.status);
    member.verified_at = None;
    let id = member.id.clone();
    world.members.insert(member);
    world.announce_member(&events::MEMBER_CREATED, &id, &id, None, now);
    if verified {
        world.change_member(&id, &id, now, |member| {
            "VERIFIED".clone_into(&mut member.status);
            member.verified_at = Some(now);
        });
    }
    Ok(summary(world, &id))
}

fn check(change: &MemberChange) -> Result<(), Refused> {
    let known = ["VERIFIED", "UNVERIFIED", "Suspended", "DELETED"];
    match &change.status {
        Some(status) if !known.contains(&status.as_str()) => Err(Refused::bad(format!(
            "status is one of {}",
            known.join(", ")
        ))),
        _ => Ok(()),
    }
}

fn apply(member: &mut Member, change: MemberChange) {
    let set = |place: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *place = value;
        }
    };
    set(&mut member.name, change.name);
    set(&mut member.username, change.username);
    set(&mut member.email, change.email);
    set(&mut member.status, change.status);
    if change.tagline.is_some() {
        member.tagline = change.tagline;
    }
    if change.external_id.is_some() {
        member.external_id = change.external_id;
    }
    if let Some(open) = change.private_messaging {
        member.private_messaging = open;
    }
    let fields = change.fields.into_iter();
    member
        .fields
        .extend(fields.map(|(key, value)| (key, value.to_string())));
}

fn summary(world: &World, id: &str) -> Value {
    world.members.get(id).map_or(
        Value::Null,
        |member| json!({ "id": member.id, "username": member.username, "status": member.status }),
    )
}
