//! Reading posts and replies.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::args::Args;
use super::filters;
use super::list::{self, Item};
use super::{access, views, writing};
use crate::graphql::Call;
use crate::refusal::Refusal;
use crate::time::iso;
use crate::world::World;
use crate::world::rows::Post;
use crate::world::talk::text_of;

/// One post or reply; a deleted one is a tombstone.
pub(crate) fn one(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let id = args.required("id")?;
    let post = world.posts.get(id);
    post.filter(|post| access::sees_post(call, world, post))
        .map(|post| views::post(call, world, post))
        .ok_or_else(|| Refusal::not_found("Post", "id"))
}

/// Published posts, without replies.
pub(crate) fn page(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let spaces = args.texts("spaceIds");
    let kinds = args.texts("postTypeIds");
    let query = args.text("query").map(str::to_lowercase);
    let posts = world.posts.iter().filter(|post| {
        let conversation = world
            .spaces
            .get(&post.space_id)
            .is_some_and(|space| space.kind == "PrivateMessage");
        post.replied_to.is_empty()
            // A private conversation is read by naming its space.
            && (!conversation || spaces.is_some())
            && spaces.as_ref().is_none_or(|ids| ids.contains(&post.space_id.as_str()))
            && kinds.as_ref().is_none_or(|ids| ids.contains(&post.kind_id.as_str()))
            && query.as_ref().is_none_or(|query| mentions(post, query))
    });
    cut(call, world, posts, args)
}

/// What a member owns, private conversations left out; with `hasParent` only replies,
/// or none.
pub(crate) fn of_member(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let owner = args.required("memberId")?;
    if world.members.get(owner).is_none() {
        return Err(Refusal::not_found("Member", "memberId"));
    }
    let replies = args.get("hasParent").and_then(Value::as_bool);
    let posts = world.posts.iter().filter(|post| {
        let space = world.spaces.get(&post.space_id);
        post.owner_id == owner
            && space.is_none_or(|space| space.kind != "PrivateMessage")
            && replies.is_none_or(|replies| replies != post.replied_to.is_empty())
    });
    cut(call, world, posts, args)
}

/// Who reacted to a post with one key, in the order of their ids.
pub(crate) fn participants(
    call: &Call<'_>,
    world: &World,
    args: Args<'_>,
) -> Result<Value, Refusal> {
    let post = writing::visible_post(call, world, args.required("postId")?, "postId")?;
    let reaction = args.required("reaction")?;
    let people = post.reactions.get(reaction).into_iter().flatten();
    let items = people.map(|id| Item {
        id: id.clone(),
        sort: id.clone(),
        view: json!({
            "_participantId": id,
            "reaction": views::reaction(call, reaction, &post.reactions[reaction]),
        }),
    });
    list::page(items.collect(), "createdAt", args)
}

/// The answers to one post.
pub(crate) fn replies(
    call: &Call<'_>,
    world: &World,
    post_id: &str,
    args: Args<'_>,
) -> Result<Value, Refusal> {
    let post = world.posts.get(post_id);
    if !post.is_some_and(|post| access::sees_post(call, world, post)) {
        return Err(Refusal::not_found("Post", "postId"));
    }
    cut(call, world, world.replies(post_id), args)
}

fn cut<'w>(
    call: &Call<'_>,
    world: &'w World,
    posts: impl Iterator<Item = &'w Post>,
    args: Args<'_>,
) -> Result<Value, Refusal> {
    let order = args
        .text("orderByString")
        .or_else(|| args.text("orderBy"))
        .unwrap_or("publishedAt");
    let conditions = args.list("filterBy");
    let mut items = Vec::new();
    for post in posts {
        if post.status != "PUBLISHED" || !access::sees_post(call, world, post) {
            continue;
        }
        let view = views::post(call, world, post);
        if !conditions.is_empty() {
            let mut extended = view.clone();
            for (slot, value) in slots(post) {
                extended[slot] = value;
            }
            // A post whose type has no such slot does not match; it is no error.
            let known = |condition: &Args<'_>| {
                let key = condition
                    .text("keyString")
                    .or_else(|| condition.text("key"));
                key.is_some_and(|key| extended.get(key).is_some() || !is_slot(key))
            };
            if !conditions.iter().all(known) || !filters::accept(&extended, &conditions)? {
                continue;
            }
        }
        items.push(Item {
            id: post.id.clone(),
            sort: sort_key(post, &view, order),
            view,
        });
    }
    list::page(items, order, args)
}

fn sort_key(post: &Post, view: &Value, order: &str) -> String {
    let value = match slots(post).remove(order) {
        Some(value) => value,
        None => view.get(order).cloned().unwrap_or_default(),
    };
    match value {
        Value::String(text) => text,
        Value::Number(number) => format!("{number:0>12}"),
        Value::Bool(truth) => truth.to_string(),
        _ => iso(post.created_at),
    }
}

fn mentions(post: &Post, query: &str) -> bool {
    ["title", "content"].iter().any(|key| {
        text_of(&post.mapped, key).is_some_and(|text| text.to_lowercase().contains(query))
    })
}

/// `date1`, `number1` and so on: a post's fields by type, in the order of their type's
/// mappings.
fn slots(post: &Post) -> HashMap<String, Value> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    let mut slots = HashMap::new();
    for field in &post.mapped {
        let count = counts.entry(field.kind.as_str()).or_default();
        *count += 1;
        let value = serde_json::from_str(&field.value).unwrap_or_default();
        slots.insert(format!("{}{count}", field.kind), value);
    }
    slots
}

fn is_slot(key: &str) -> bool {
    key.ends_with(|last: char| last.is_ascii_digit())
}
