//! Making and changing posts and replies: every rule that the vendor's guides state
//! about their input.

use serde_json::Value;

use super::args::Args;
use super::query::visible_space;
use super::{access, views};
use crate::faults::Fault;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::world::World;
use crate::world::ids;
use crate::world::rows::{Mapped, Mapping, Post, PostType, Tag};
use crate::world::talk::Draft;

/// A post in a space.
pub(crate) fn create_post(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let space = visible_space(call, &world, args.required("spaceId")?, "spaceId")?;
    let author = access::writer(call, &world, space)?;
    let input = args.object("input");
    let kind = post_type(&world, input)?;
    if !space.post_types.contains(&kind.id) {
        let message = "this post type is not in use in this space";
        return Err(Refusal::new(Code::InvalidParameter, message).field("postTypeId"));
    }
    let space_id = space.id.clone();
    let place = Place {
        space_id,
        replied_to: Vec::new(),
        author,
    };
    write(call, &mut world, place, input)
}

/// A reply to a post or to a reply.
pub(crate) fn create_reply(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let above = visible_post(call, &world, args.required("postId")?, "postId")?;
    let space = world.spaces.get(&above.space_id);
    let space = space.ok_or_else(|| Refusal::not_found("Space", "postId"))?;
    // Everybody who may write at all may answer, in a broadcast space too.
    let author = match space.kind {
        "Broadcast" => call.viewer.member_id().map(str::to_owned),
        _ => access::writer(call, &world, space).ok(),
    };
    let author = author.ok_or_else(Refusal::forbidden)?;
    let input = args.object("input");
    let kind = post_type(&world, input)?;
    let parent = world.post_types.get(&above.kind_id);
    if !parent.is_some_and(|parent| parent.replies.contains(&kind.slug)) {
        let message = "this post type is not a valid reply here";
        return Err(Refusal::new(Code::InvalidParameter, message).field("postTypeId"));
    }
    let mut replied_to = vec![above.id.clone()];
    replied_to.extend(above.replied_to.iter().cloned());
    let place = Place {
        space_id: above.space_id.clone(),
        replied_to,
        author,
    };
    write(call, &mut world, place, input)
}

/// Where a post goes, and who writes it.
struct Place {
    space_id: String,
    replied_to: Vec<String>,
    author: String,
}

fn write(
    call: &Call<'_>,
    world: &mut World,
    place: Place,
    input: Args<'_>,
) -> Result<Value, Refusal> {
    let kind = post_type(world, input)?;
    let mapped = mapped_fields(kind, &input.list("mappingFields"), true)?;
    let owner_id = match input.text("ownerId") {
        None => place.author.clone(),
        Some(owner) if owner == place.author => owner.to_owned(),
        Some(owner) => {
            access::admin(call, world)?;
            let member = world.members.get(owner);
            let member = member.ok_or_else(|| {
                Refusal::new(Code::InvalidParameter, "no such member").field("ownerId")
            })?;
            member.id.clone()
        }
    };
    let kind_id = kind.id.clone();
    let tags = tags(world, input)?;
    let draft = Draft {
        space_id: place.space_id,
        kind_id,
        owner_id,
        created_by: place.author,
        replied_to: place.replied_to,
        mapped,
        tags,
        external_id: input.text("externalId").map(str::to_owned),
        external_url: input.text("externalUrl").map(str::to_owned),
        slug: input.text("slug").map(str::to_owned),
        locked: input.boolean("locked"),
        publish: input.boolean("publish"),
        hold: call.is_struck_by(Fault::ModerationHold),
        created_at: input.date("createdAt")?.unwrap_or(call.now),
        published_at: input.date("publishedAt")?,
    };
    let id = world.write_post(draft, call.now);
    view(call, world, &id)
}

/// Changes a post; absent fields stay, `publish: true` lets a draft appear, and
/// `publish: false`, the default of newer networks, takes a published post back.
pub(crate) fn update_post(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let id = own_post(call, &world, args)?;
    let input = args.object("input");
    let post = visible_post(call, &world, &id, "id")?;
    let kind = world.post_types.get(&post.kind_id);
    let kind = kind.ok_or_else(|| Refusal::not_found("Post type", "id"))?;
    let changed = mapped_fields(kind, &input.list("mappingFields"), false)?;
    let (draft, published) = (post.status == "DRAFTED", post.status == "PUBLISHED");
    let publish = input.boolean("publish");
    let actor = call.viewer.member_id().unwrap_or_default().to_owned();
    let new_tags = match input.get("tagNames") {
        Some(_) => Some(tags(&mut world, input)?),
        None => None,
    };
    if let Some(post) = world.posts.get_mut(&id) {
        for field in changed {
            post.mapped.retain(|old| old.key != field.key);
            post.mapped.push(field);
        }
        if let Some(tags) = new_tags {
            post.tags = tags;
        }
        if published && !publish {
            post.status = "DRAFTED";
            post.published_at = None;
        }
        post.updated_at = call.now;
    }
    if draft && publish {
        world.publish_post(&id, &actor, call.now);
    } else {
        world.announce_post(&crate::webhook::events::POST_UPDATED, &id, &actor, call.now);
    }
    view(call, &world, &id)
}

/// Deletes a post of one's own; admins delete every one.
pub(crate) fn delete_post(call: &Call<'_>, args: Args<'_>) -> Result<(), Refusal> {
    let mut world = call.world.borrow_mut();
    let id = own_post(call, &world, args)?;
    let actor = call.viewer.member_id().unwrap_or_default().to_owned();
    world.delete_post(&id, &actor, call.now);
    Ok(())
}

fn own_post(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<String, Refusal> {
    let post = visible_post(call, world, args.required("id")?, "id")?;
    if call.viewer.member_id() != Some(post.owner_id.as_str()) {
        access::admin(call, world)?;
    }
    Ok(post.id.clone())
}

/// A post that exists for this caller and is not deleted.
pub(crate) fn visible_post<'w>(
    call: &Call<'_>,
    world: &'w World,
    id: &str,
    field: &str,
) -> Result<&'w Post, Refusal> {
    world
        .posts
        .get(id)
        .filter(|post| post.status != "DELETED" && access::sees_post(call, world, post))
        .ok_or_else(|| Refusal::not_found("Post", field))
}

fn view(call: &Call<'_>, world: &World, id: &str) -> Result<Value, Refusal> {
    let post = world.posts.get(id);
    post.map(|post| views::post(call, world, post))
        .ok_or_else(|| Refusal::not_found("Post", "id"))
}

fn post_type<'w>(world: &'w World, input: Args<'_>) -> Result<&'w PostType, Refusal> {
    let kind = world.post_types.get(input.required("postTypeId")?);
    kind.ok_or_else(|| {
        Refusal::new(Code::InvalidParameter, "no such post type").field("postTypeId")
    })
}

/// Checks each field against the post type: known key, its type, JSON text of that
/// type, and (for a new post) everything required and not empty.
fn mapped_fields(
    kind: &PostType,
    given: &[Args<'_>],
    complete: bool,
) -> Result<Vec<Mapped>, Refusal> {
    let refuse = |code, message: String| Err(Refusal::new(code, message).field("mappingFields"));
    let mut mapped: Vec<Mapped> = Vec::new();
    for field in given {
        let (key, value) = (field.required("key")?, field.required("value")?);
        let Some(mapping) = kind.mappings.iter().find(|mapping| mapping.key == key) else {
            return refuse(
                Code::InvalidParameter,
                format!("this post type has no field {key}"),
            );
        };
        if field.text("type") != Some(mapping.kind) {
            let message = format!("{key} is of the type {}", mapping.kind);
            return refuse(Code::WrongType, message);
        }
        let Ok(parsed) = serde_json::from_str::<Value>(value) else {
            return refuse(
                Code::InvalidParameter,
                format!("the value of {key} is not JSON"),
            );
        };
        if !parsed.is_null() && !fits(mapping, &parsed) {
            let message = format!("the value of {key} is no {}", mapping.kind);
            return refuse(Code::WrongType, message);
        }
        mapped.push(Mapped {
            key: key.to_owned(),
            kind: mapping.kind.to_owned(),
            value: value.to_owned(),
        });
    }
    for mapping in kind.mappings.iter().filter(|mapping| mapping.required) {
        let field = mapped.iter().find(|field| field.key == mapping.key);
        let absent = complete && field.is_none();
        if absent || field.is_some_and(|field| matches!(field.value.trim(), "null" | "\"\"")) {
            return refuse(Code::Missing, format!("{} is required", mapping.key));
        }
    }
    Ok(mapped)
}

fn fits(mapping: &Mapping, value: &Value) -> bool {
    let all =
        |check: fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(check));
    match mapping.kind {
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "date" => value
            .as_str()
            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "textArray" => all(Value::is_string),
        "numberArray" => all(Value::is_number),
        _ => value.is_string(),
    }
}

/// Tags by id have to exist; tags by name are made where they do not.
fn tags(world: &mut World, input: Args<'_>) -> Result<Vec<String>, Refusal> {
    let mut tags = Vec::new();
    for id in input.texts("tagIds").unwrap_or_default() {
        let tag = world.tags.get(id);
        let tag =
            tag.ok_or_else(|| Refusal::new(Code::InvalidParameter, "no such tag").field("tagIds"))?;
        tags.push(tag.id.clone());
    }
    for title in input.texts("tagNames").unwrap_or_default() {
        let mut known = world.tags.iter();
        let known = known.find(|tag| tag.title.eq_ignore_ascii_case(title));
        let known = known.map(|tag| tag.id.clone());
        let id = known.unwrap_or_else(|| new_tag(world, title));
        tags.push(id);
    }
    Ok(tags)
}

fn new_tag(world: &mut World, title: &str) -> String {
    let id = world.id(ids::LONG);
    let slug = ids::slug(&mut world.rng, title);
    world.tags.insert(Tag {
        id: id.clone(),
        title: title.to_owned(),
        slug,
    });
    id
}
