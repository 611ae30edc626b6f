//! Both ways of writing to one member.

use serde_json::{Value, json};

use super::{Bench, CREATE_POST};

const OPEN: &str = "query($i: PrivateMessageInput!) { privateMessage(input: $i) {
    id type authMemberProps { availablePostTypes { id slug mappings { key type required } } }
} }";
const SEND: &str = "mutation($i: SendMessageToMemberInput!) { sendMessageToMember(input: $i) {
    chatId message { _id authorId content sentAt nonce }
} }";

#[tokio::test]
async fn a_private_space_is_opened_once_and_takes_messages_as_posts() {
    let bench = Bench::published().await;
    let other = bench.text("/members/0/id");
    let variables = json!({ "i": { "memberIds": [other] } });
    let opened = bench.ask(OPEN, variables.clone()).await;
    let space = opened.data()["privateMessage"].clone();
    assert_eq!(space["type"], "PrivateMessage");
    let kind = &space["authMemberProps"]["availablePostTypes"][0];
    assert_eq!(kind["slug"], "message");
    let again = bench.ask(OPEN, variables).await;
    assert_eq!(again.data()["privateMessage"]["id"], space["id"]);
    let input = json!({
        "postTypeId": kind["id"], "publish": true,
        "mappingFields": [{ "key": "content", "type": "html", "value": "\"<p>Hi</p>\"" }],
    });
    bench
        .ask(CREATE_POST, json!({ "s": space["id"], "i": input }))
        .await
        .data();
    let posts = "query($s: [ID!]) { posts(limit: 5, spaceIds: $s) { nodes { textContent: shortContent } } }";
    let variables = json!({ "s": [space["id"]] });
    let recipient = bench.acting_as(&other).await;
    let seen = bench.ask_as(&recipient, posts, variables.clone()).await;
    assert_eq!(
        seen.data()["posts"]["nodes"],
        json!([{ "textContent": "<p>Hi</p>" }])
    );
    let stranger = bench.acting_as(&bench.text("/members/6/id")).await;
    let hidden = bench.ask_as(&stranger, posts, variables).await;
    assert_eq!(hidden.data()["posts"]["nodes"], json!([]));
}

#[tokio::test]
async fn a_chat_message_keeps_its_chat_and_its_nonce_which_prevents_nothing() {
    let bench = Bench::new().await;
    let other = bench.text("/members/0/id");
    let send = async |content: &str, nonce: Value| {
        let message = json!({ "content": content, "nonce": nonce });
        let input = json!({ "recipientId": other, "message": message });
        let answer = bench.ask(SEND, json!({ "i": input })).await;
        answer.data()["sendMessageToMember"].clone()
    };
    let first = send("<p>one</p>", json!("n1")).await;
    let second = send("<p>two</p>", json!("n2")).await;
    assert_eq!(first["chatId"], second["chatId"]);
    assert_ne!(first["message"]["_id"], second["message"]["_id"]);
    assert_eq!(first["message"]["authorId"], bench.text("/bot/id"));
    assert_eq!(first["message"]["nonce"], "n1");
    let again = send("<p>one</p>", json!("n1")).await;
    assert_ne!(again["message"]["_id"], first["message"]["_id"]);
}

#[tokio::test]
async fn a_chat_is_found_and_read_by_the_two_who_talk_and_by_nobody_else() {
    const FIND: &str = "query($m: String!) { findChatWithMember(memberId: $m) { _id type } }";
    const READ: &str =
        "query($c: String!, $a: String) { messages(chatId: $c, limit: 2, after: $a) {
        data { content authorId nonce } pageInfo { endCursor hasNextPage }
    } }";
    let bench = Bench::new().await;
    let (other, bot) = (bench.text("/members/0/id"), bench.text("/bot/id"));
    let none = bench.ask(FIND, json!({ "m": other })).await;
    assert_eq!(none.refusal(), ("110", "memberId"));
    for content in ["one", "two", "three"] {
        let message = json!({ "content": content });
        let input = json!({ "recipientId": other, "message": message });
        bench.ask(SEND, json!({ "i": input })).await.data();
    }
    let found = bench.ask(FIND, json!({ "m": other })).await;
    let chat = found.data()["findChatWithMember"]["_id"].clone();
    let recipient = bench.acting_as(&other).await;
    let theirs = bench.ask_as(&recipient, FIND, json!({ "m": bot })).await;
    assert_eq!(theirs.data()["findChatWithMember"]["_id"], chat);

    let page = bench.ask_as(&recipient, READ, json!({ "c": chat })).await;
    let page = page.data()["messages"].clone();
    let contents = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        data.iter()
            .map(|one| one["content"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(contents(&page), ["three", "two"]);
    let after = page["pageInfo"]["endCursor"].clone();
    let rest = bench.ask(READ, json!({ "c": chat, "a": after })).await;
    assert_eq!(contents(&rest.data()["messages"]), ["one"]);

    let stranger = bench.acting_as(&bench.text("/members/6/id")).await;
    let hidden = bench.ask_as(&stranger, READ, json!({ "c": chat })).await;
    assert_eq!(hidden.refusal(), ("110", "chatId"));
}

#[tokio::test]
async fn members_who_are_gone_or_closed_the_door_cannot_be_written_to() {
    let bench = Bench::new().await;
    let rows = bench.world["members"].as_array().unwrap();
    let closed = rows
        .iter()
        .find(|row| row["privateMessaging"] == false)
        .unwrap();
    let closed = closed["id"].as_str().unwrap().to_owned();
    let deleted = bench.id("members", "status", "DELETED");
    let cases = [
        ("NOBODY0001".to_owned(), "110"),
        (deleted, "110"),
        (closed, "102"),
        (bench.text("/bot/id"), "106"),
    ];
    for (id, code) in cases {
        let input = json!({ "recipientId": id, "message": { "content": "x" } });
        let answer = bench.ask(SEND, json!({ "i": input })).await;
        assert_eq!(answer.refusal(), (code, "recipientId"));
        let answer = bench.ask(OPEN, json!({ "i": { "memberIds": [id] } })).await;
        assert_eq!(answer.refusal(), (code, "memberIds"));
    }
}
