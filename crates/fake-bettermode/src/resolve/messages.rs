//! Direct messages, both generations.
//!
//! The older way is a query that opens a space of the kind `PrivateMessage`, and a post
//! in it. The newer one is a chat message. Who may write to whom is the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::args::Args;
use super::list::{self, Item};
use super::views;
use crate::graphql::Call;
use crate::refusal::{Code, Refusal};
use crate::time::iso;
use crate::world::World;
use crate::world::ids;
use crate::world::rows::{Message, Space};

/// Opens the private space of the caller and these members, or finds it again.
pub(crate) fn private_space(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let own = call
        .viewer
        .member_id()
        .ok_or_else(Refusal::forbidden)?
        .to_owned();
    let input = args.object("input");
    let others = input.texts("memberIds").unwrap_or_default();
    if others.is_empty() {
        return Err(Refusal::new(Code::Missing, "memberIds is required").field("memberIds"));
    }
    let mut people = BTreeSet::from([own.clone()]);
    for id in others {
        reachable(&world, &own, id, "memberIds")?;
        people.insert(id.to_owned());
    }
    let known = world
        .spaces
        .iter()
        .find(|space| space.kind == "PrivateMessage" && space.members == people);
    let id = match known {
        Some(space) => space.id.clone(),
        None => open(&mut world, people, own, call.now),
    };
    let space = world.spaces.get(&id);
    space
        .map(|space| views::space(&world, space))
        .ok_or_else(|| Refusal::not_found("Space", "memberIds"))
}

fn open(world: &mut World, people: BTreeSet<String>, own: String, now: jiff::Timestamp) -> String {
    let id = world.id(ids::SPACE);
    let post_types = world
        .post_type_by_slug("message")
        .map(|kind| kind.id.clone());
    let slug = ids::slug(&mut world.rng, "private-message");
    world.spaces.insert(Space {
        id: id.clone(),
        name: "Private message".to_owned(),
        slug,
        description: None,
        kind: "PrivateMessage",
        private: true,
        hidden: true,
        invite_only: true,
        collection_id: world.network.collection_id.clone(),
        emoji: ":envelope:",
        members: people,
        admins: BTreeSet::new(),
        post_types: post_types.into_iter().collect(),
        order: 0,
        created_by: own,
        created_at: now,
        updated_at: now,
    });
    id
}

/// Sends a chat message. A `nonce` is kept and given back, no more: that a repeated one
/// sends nothing twice is documented nowhere, so nobody may count on it here.
pub(crate) fn send(call: &Call<'_>, args: Args<'_>) -> Result<Value, Refusal> {
    let mut world = call.world.borrow_mut();
    let own = call
        .viewer
        .member_id()
        .ok_or_else(Refusal::forbidden)?
        .to_owned();
    let input = args.object("input");
    let recipient = input.required("recipientId")?;
    reachable(&world, &own, recipient, "recipientId")?;
    let message = input.object("message");
    let content = message.required("content")?;
    if content.trim().is_empty() {
        return Err(Refusal::new(Code::Missing, "content is required").field("content"));
    }
    let nonce = message.text("nonce").map(str::to_owned);
    let chat_id = chat_between(&own, recipient);
    let id = world.id(24);
    let message = Message {
        id: id.clone(),
        chat_id,
        author_id: own,
        content: content.to_owned(),
        nonce,
        sent_at: call.now,
    };
    let answer = view(&world, &message);
    world.messages.insert(message);
    Ok(answer)
}

/// Two people have one chat, whoever began it.
fn chat_between(one: &str, other: &str) -> String {
    let mut pair = [one, other];
    pair.sort_unstable();
    // Messages carry their chat only, so its id tells who talks there.
    let [first, second] = pair;
    format!("{first}{second}chat")
}

fn view(world: &World, message: &Message) -> Value {
    json!({
        "chatId": message.chat_id,
        "pageId": page_id(message),
        "message": message_view(world, message),
    })
}

fn message_view(world: &World, message: &Message) -> Value {
    let author = world.members.get(&message.author_id);
    json!({
        "_id": message.id,
        "authorId": message.author_id,
        "authorName": author.map(|author| author.name.clone()),
        "content": message.content,
        "contentType": "Html",
        "sentAt": iso(message.sent_at),
        "editedAt": null,
        "nonce": message.nonce,
        "pageId": page_id(message),
    })
}

fn page_id(message: &Message) -> String {
    format!("{}p1", message.chat_id)
}

/// The chat with a member; there is none before the first message.
pub(crate) fn find_chat(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let own = call.viewer.member_id().ok_or_else(Refusal::forbidden)?;
    let id = chat_between(own, args.required("memberId")?);
    let mut messages = world.messages.iter();
    let first = messages.find(|message| message.chat_id == id);
    let first = first.ok_or_else(|| Refusal::not_found("Chat", "memberId"))?;
    let mut messages = world.messages.iter();
    let last = messages.rfind(|message| message.chat_id == id);
    Ok(json!({
        "_id": id,
        "type": "Direct",
        "name": null,
        "participantCount": 2,
        "createdById": first.author_id,
        "networkId": world.network.id,
        "createdAt": iso(first.sent_at),
        "updatedAt": iso(last.unwrap_or(first).sent_at),
    }))
}

/// The messages of a chat that the caller takes part in, newest first.
pub(crate) fn page(call: &Call<'_>, world: &World, args: Args<'_>) -> Result<Value, Refusal> {
    let own = call.viewer.member_id().ok_or_else(Refusal::forbidden)?;
    let id = args.required("chatId")?;
    // A chat's id holds those of its two people.
    let messages = world.messages.iter().enumerate();
    let inside = messages.filter(|(_, message)| message.chat_id == id && id.contains(own));
    let items: Vec<_> = inside
        .map(|(place, message)| Item {
            id: message.id.clone(),
            // Backwards, and the same when more are sent.
            sort: format!("{:012}", 999_999_999_999 - place),
            view: message_view(world, message),
        })
        .collect();
    if items.is_empty() {
        return Err(Refusal::not_found("Chat", "chatId"));
    }
    let mut page = list::page(items, "sentAt", args)?;
    Ok(json!({ "data": page["nodes"].take(), "pageInfo": page["pageInfo"].take() }))
}

/// Nobody writes to oneself, to somebody who is gone, or to somebody who closed the door.
fn reachable(world: &World, own: &str, id: &str, field: &str) -> Result<(), Refusal> {
    let member = world
        .members
        .get(id)
        .filter(|member| member.status != "DELETED");
    let member = member.ok_or_else(|| Refusal::not_found("Member", field))?;
    if member.id == own {
        let message = "a message to oneself is not possible";
        return Err(Refusal::new(Code::InvalidParameter, message).field(field));
    }
    if member.private_messaging && member.status == "VERIFIED" {
        Ok(())
    } else {
        Err(Refusal::forbidden().field(field))
    }
}
