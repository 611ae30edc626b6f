//! Sending direct messages, by the way that the network has.

use community_proto::v1::send_direct_message_request::Content;
use community_proto::v1::{
    DirectMessage, DirectMessageMechanism, ErrorReason, SendDirectMessageRequest,
};
use integration_tests::{Failure, Sandbox};
use tonic::Code;

#[tokio::test]
async fn a_message_goes_through_a_private_space_on_a_network_of_the_published_generation() {
    let sandbox = sandbox_of("published").await;
    let sent = a_message_arrives(&sandbox).await;
    assert_eq!(sent.mechanism(), DirectMessageMechanism::PrivateSpace);
    assert_eq!(sandbox.fake.requests("sendMessageToMember").await, 0);
}

#[tokio::test]
async fn a_message_goes_through_chat_on_a_newer_network() {
    let sandbox = sandbox_of("newer").await;
    let sent = a_message_arrives(&sandbox).await;
    assert_eq!(sent.mechanism(), DirectMessageMechanism::Chat);
    assert_eq!(sandbox.fake.requests("sendMessageToMember").await, 1);
}

#[tokio::test]
async fn the_older_way_can_be_pinned_on_a_newer_network() {
    let sandbox = Sandbox::builder()
        .service_setting("BETTERMODE_API_GENERATION", "published")
        .start()
        .await;
    let sent = a_message_arrives(&sandbox).await;
    assert_eq!(sent.mechanism(), DirectMessageMechanism::PrivateSpace);
}

async fn a_message_arrives(sandbox: &Sandbox) -> DirectMessage {
    let recipient = sandbox.fake.world().await.text("/members/0/id");
    let text = "Good <morning>\nand good luck";
    let sent = send(sandbox, message(&recipient, text)).await;
    assert_eq!(sent.recipient_member_id, recipient);
    assert!(!sent.id.is_empty() && !sent.conversation_id.is_empty());
    assert!(sent.send_time.is_some());

    let world = sandbox.fake.world().await;
    let content = if sent.mechanism() == DirectMessageMechanism::Chat {
        let there = world.one("messages", "id", &sent.id);
        assert_eq!(there["chatId"], sent.conversation_id.as_str());
        there["content"].to_string()
    } else {
        let there = world.one("posts", "id", &sent.id);
        assert_eq!(there["spaceId"], sent.conversation_id.as_str());
        assert_eq!(there["status"], "PUBLISHED");
        let space = world.one("spaces", "id", &sent.conversation_id);
        assert_eq!(space["type"], "PrivateMessage");
        let people = space["memberIds"].to_string();
        assert!(people.contains(&recipient), "{people}");
        there["content"].to_string()
    };
    assert!(content.contains("Good &lt;morning&gt;"), "{content}");
    sent
}

#[tokio::test]
async fn a_message_can_be_sent_as_a_member() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let (recipient, sender) = (world.text("/members/0/id"), world.text("/members/6/id"));
    let request = SendDirectMessageRequest {
        sender_member_id: sender.clone(),
        ..message(&recipient, "From me")
    };
    let sent = send(&sandbox, request).await;
    let world = sandbox.fake.world().await;
    let there = world.one("messages", "id", &sent.id);
    assert_eq!(there["authorId"], sender.as_str());
}

#[tokio::test]
async fn nobody_gets_a_message_who_is_not_there() {
    for generation in ["published", "newer"] {
        let sandbox = sandbox_of(generation).await;
        let failure = refused(&sandbox, message("nobody0000", "Hello")).await;
        let failure = failure.is(Code::NotFound, ErrorReason::MemberNotFound);
        assert_eq!(failure.metadata["identifier"], "recipient_member_id");
        nothing_was_sent(&sandbox).await;
    }
}

#[tokio::test]
async fn a_member_who_takes_no_messages_gets_none() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let members = world.all("members").iter();
    let closed = members
        .clone()
        .find(|member| member["privateMessaging"] == false)
        .expect("somebody has closed the door");
    let failure = refused(&sandbox, message(closed["id"].as_str().unwrap(), "Hello")).await;
    failure
        .is(
            Code::PermissionDenied,
            ErrorReason::UpstreamPermissionDenied,
        )
        .about("recipient_member_id");
}

#[tokio::test]
async fn a_field_that_breaks_a_rule_is_named_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    let base = message("member0000", "Hello");
    let text = |text: &str| Some(Content::Text(text.to_owned()));
    let html = |html: &str| Some(Content::Html(html.to_owned()));
    let with = |content| SendDirectMessageRequest {
        content,
        ..base.clone()
    };
    let to = |recipient: &str| message(recipient, "Hello");
    for (field, request) in [
        ("recipient_member_id", to("")),
        ("recipient_member_id", to(&"x".repeat(129))),
        ("recipient_member_id", to("a b")),
        ("content", with(None)),
        ("text", with(text(""))),
        ("text", with(text("\n \t"))),
        ("text", with(text(&"x".repeat(20_001)))),
        (
            "request_id",
            SendDirectMessageRequest {
                request_id: "order-42".to_owned(),
                ..base.clone()
            },
        ),
        ("html", with(html(" "))),
        ("html", with(html(&"x".repeat(100_001)))),
        (
            "sender_member_id",
            SendDirectMessageRequest {
                sender_member_id: "x".repeat(129),
                ..base.clone()
            },
        ),
    ] {
        refused(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    nothing_was_sent(&sandbox).await;
}

async fn nothing_was_sent(sandbox: &Sandbox) {
    assert!(sandbox.fake.world().await.all("messages").is_empty());
    assert_eq!(sandbox.fake.requests("createPost").await, 0);
}

async fn sandbox_of(generation: &str) -> Sandbox {
    Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
        .start()
        .await
}

pub(crate) fn message(recipient: &str, text: &str) -> SendDirectMessageRequest {
    SendDirectMessageRequest {
        recipient_member_id: recipient.to_owned(),
        content: Some(Content::Text(text.to_owned())),
        sender_member_id: String::new(),
        request_id: String::new(),
    }
}

pub(crate) async fn send(sandbox: &Sandbox, request: SendDirectMessageRequest) -> DirectMessage {
    let mut community = sandbox.clients.community();
    let answer = community.send_direct_message(request).await.unwrap();
    answer.into_inner().direct_message.unwrap()
}

async fn refused(sandbox: &Sandbox, request: SendDirectMessageRequest) -> Failure {
    Failure::of(
        sandbox
            .clients
            .community()
            .send_direct_message(request)
            .await,
    )
}
