use serde_json::{Value, json};

use crate::{
    Client, ConversationId, ConversationMessage, ConversationRef, Error, FoundMessages,
    GenerationChoice, MemberId, SoughtMessage, Subject,
    testing::{Step, Upstream, data, error},
};

/// A minute of one hour; all messages are of that hour.
fn at(minute: u8) -> String {
    format!("2025-01-02T03:{minute:02}:00.000Z")
}

fn chat() -> Step {
    data(&json!({ "findChatWithMember": { "_id": "CHAT1" } }))
}

fn message(id: &str, author: &str, minute: u8, content: &str, nonce: Option<&str>) -> Value {
    json!({
        "_id": id, "authorId": author, "content": content, "contentType": "Html",
        "sentAt": at(minute), "nonce": nonce,
    })
}

fn messages(nodes: &[Value], next: Option<&str>) -> Step {
    let info = json!({ "endCursor": next, "hasNextPage": next.is_some() });
    data(&json!({ "messages": { "data": nodes, "pageInfo": info } }))
}

fn private_post(id: &str, author: &str, minute: u8, content: &str) -> Value {
    let fields = json!([
        { "key": "title", "type": "text", "value": "\"Direct message\"" },
        { "key": "content", "type": "html", "value": json!(content).to_string() },
    ]);
    json!({ "id": id, "createdById": author, "createdAt": at(minute), "mappingFields": fields })
}

fn private_space(kind: &str, posts: &[Value]) -> Step {
    let info = json!({ "endCursor": null, "hasNextPage": false });
    data(&json!({
        "space": { "type": kind }, "posts": { "nodes": posts, "pageInfo": info },
    }))
}

async fn find(client: &Client, minute: u8, nonce: Option<&str>) -> Result<FoundMessages, Error> {
    let ada = MemberId::new("ADA");
    let sought = SoughtMessage {
        recipient: &ada,
        since: at(minute).parse().unwrap(),
        nonce,
    };
    let same = |message: &ConversationMessage| message.content == "<p>Hi</p>";
    client.find_direct_message(&sought, same).await
}

fn ids(found: FoundMessages) -> Vec<String> {
    match found {
        FoundMessages::Marked(message) => vec![format!("marked {}", message.id)],
        FoundMessages::Alike(messages) => messages.into_iter().map(|m| m.id).collect(),
    }
}

#[tokio::test]
async fn a_message_is_known_by_its_nonce_and_not_taken_for_one_with_another() {
    let talk = [
        message("M4", "BOT", 40, "<p>Hi</p>", Some("n2")),
        message("M3", "BOT", 30, "<p>Hi</p>", Some("n1")),
        message("M2", "BOT", 20, "<p>Hi</p>", None),
    ];
    let upstream =
        Upstream::answering([chat(), messages(&talk, None), chat(), messages(&talk, None)]);
    let client = upstream.client();
    let found = find(&client, 15, Some("n1")).await.unwrap();
    assert_eq!(ids(found), ["marked M3"]);
    // A network that keeps no nonce leaves the words to go by.
    let found = find(&client, 15, Some("n3")).await.unwrap();
    assert_eq!(ids(found), ["M2"]);
}

#[tokio::test]
async fn without_a_nonce_every_message_with_these_words_is_answered_oldest_first() {
    let talk = [
        message("M6", "BOT", 50, "<p>Hi</p>", None),
        message("M5", "ADA", 45, "<p>Hi</p>", None),
        message("M4", "BOT", 40, "<p>Other</p>", None),
        message("M3", "BOT", 30, "<p>Hi</p>", Some("web")),
        message("M1", "BOT", 10, "<p>Hi</p>", None),
    ];
    let upstream = Upstream::answering([chat(), messages(&talk, Some("more"))]);
    let found = find(&upstream.client(), 15, None).await.unwrap();
    // One of the other side, one with other words and one from before stay out, and
    // the page after the one that goes back far enough is not asked for.
    assert_eq!(ids(found), ["M3", "M6"]);
}

#[tokio::test]
async fn a_chat_that_runs_forwards_is_read_to_its_end() {
    let old: Vec<_> = (1..4)
        .map(|n| message("M1", "BOT", n, "<p>Hi</p>", None))
        .collect();
    let new = [message("M9", "BOT", 40, "<p>Hi</p>", None)];
    let upstream = Upstream::answering([
        chat(),
        messages(&old, Some("c1")),
        messages(&new[..0], Some("c2")),
        messages(&new, None),
    ]);
    let found = find(&upstream.client(), 15, None).await.unwrap();
    assert_eq!(ids(found), ["M9"]);
    assert_eq!(upstream.seen().last().unwrap().variables["after"], "c2");
}

#[tokio::test]
async fn where_nobody_has_written_yet_nothing_was_sent() {
    let upstream = Upstream::answering([error(&json!("110"))]);
    let found = find(&upstream.client(), 0, Some("n1")).await.unwrap();
    assert_eq!(found, FoundMessages::Alike(vec![]));
}

#[tokio::test]
async fn a_failure_to_look_is_no_absence() {
    let upstream = Upstream::answering([chat(), error(&json!("102"))]);
    let result = find(&upstream.client(), 0, Some("n1")).await;
    assert!(
        matches!(result, Err(Error::PermissionDenied { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn chats_that_are_written_and_cannot_be_read_are_said_to_be_so() {
    let input = json!([{ "name": "input", "type": { "kind": "NON_NULL" } }]);
    let odd = json!([{ "name": "with", "type": { "kind": "NON_NULL" } }]);
    let fields = json!({ "__schema": {
        "queryType": { "fields": [{ "name": "findChatWithMember", "args": odd }] },
        "mutationType": { "fields": [{ "name": "sendMessageToMember", "args": input }] },
    } });
    let upstream = Upstream::answering([data(&fields)]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Auto);
    let result = find(&client, 0, Some("n1")).await;
    assert!(
        matches!(result, Err(Error::NotSupported { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn an_older_network_is_looked_through_in_the_private_space() {
    let space = json!({ "id": "SPACE1", "authMemberProps": null });
    let posts = [
        private_post("P3", "BOT", 30, "<p>Hi</p>"),
        private_post("P2", "ADA", 25, "<p>Hi</p>"),
        private_post("P1", "BOT", 20, "<p>Other</p>"),
        private_post("P0", "BOT", 10, "<p>Hi</p>"),
    ];
    let upstream = Upstream::answering([
        data(&json!({ "privateMessage": space })),
        private_space("PrivateMessage", &posts),
    ]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
    let found = find(&client, 15, Some("n1")).await.unwrap();
    assert_eq!(ids(found), ["P3"]);
    let asked = upstream.seen().last().unwrap().variables.clone();
    assert_eq!(
        (&asked["spaceId"], &asked["spaceIds"]),
        (&json!("SPACE1"), &json!(["SPACE1"]))
    );
}

#[tokio::test]
async fn an_ordinary_space_is_no_conversation() {
    let upstream = Upstream::answering([private_space("Group", &[])]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
    let id = ConversationId::new("SPACE1");
    let result = client.conversation(ConversationRef::Id(&id), 5, None).await;
    let what = Subject::Conversation;
    assert_eq!(result, Err(Error::NotFound { what }));
}
