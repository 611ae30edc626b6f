//! Sending direct messages, by the way that the network has.

use community_proto::v1::direct_message::Content as Kept;
use community_proto::v1::list_direct_messages_request::Conversation;
use community_proto::v1::send_direct_message_request::Content;
use community_proto::v1::{
    DirectMessage, DirectMessageMechanism, ErrorReason, ListDirectMessagesRequest,
    ListDirectMessagesResponse, SendDirectMessageRequest, SendDirectMessageResult,
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
    let bot = sandbox.fake.world().await.text("/bot/id");
    assert_eq!(
        (sent.sender_member_id.as_str(), &sent.content),
        (bot.as_str(), &None)
    );

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
        ("html", with(html(" "))),
        ("html", with(html(&"x".repeat(100_001)))),
        ("recipient_member_ids", to_several(&["a", "b", "a"])),
        ("recipient_member_ids", to_several(&["a", "b c"])),
        ("recipient_member_ids", to_several(&vec!["a"; 21])),
        (
            "recipient_member_ids",
            SendDirectMessageRequest {
                recipient_member_ids: vec!["a".to_owned()],
                ..base.clone()
            },
        ),
        (
            "request_id",
            SendDirectMessageRequest {
                request_id: "6f4d2a0e".to_owned(),
                ..base.clone()
            },
        ),
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

#[tokio::test]
async fn a_message_to_several_has_an_outcome_for_each_and_none_sees_the_others() {
    for generation in ["published", "newer"] {
        let sandbox = sandbox_of(generation).await;
        let world = sandbox.fake.world().await;
        let mut members = world.all("members").iter();
        let open = |member: &&serde_json::Value| {
            member["privateMessaging"] == true && member["status"] == "VERIFIED"
        };
        let mut named = || members.by_ref().find(open).unwrap()["id"].as_str().unwrap();
        let (one, other) = (named(), named());
        let mut community = sandbox.clients.community();
        let request = to_several(&[one, "nobody0000", other]);
        let answer = community.send_direct_message(request).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(answer.direct_message, None);
        let [first, failed, second] = &answer.results[..] else {
            panic!("{answer:?}");
        };
        let error = failed.error.as_ref().unwrap();
        assert_eq!(
            (failed.recipient_member_id.as_str(), error.code),
            ("nobody0000", 5)
        );
        assert_eq!(error.reason(), ErrorReason::MemberNotFound);
        let (first, second) = (sent(first), sent(second));
        assert_eq!(
            (&*first.recipient_member_id, &*second.recipient_member_id),
            (one, other)
        );
        assert_ne!(first.conversation_id, second.conversation_id);
        let world = sandbox.fake.world().await;
        for (message, stranger) in [(first, other), (second, one)] {
            if generation == "newer" {
                let there = world.one("messages", "id", &message.id);
                assert!(!there["chatId"].to_string().contains(stranger), "{there}");
            } else {
                let space = world.one("spaces", "id", &message.conversation_id);
                let people = space["memberIds"].to_string();
                assert!(!people.contains(stranger), "{people}");
            }
        }
    }
}

fn sent(result: &SendDirectMessageResult) -> &DirectMessage {
    assert_eq!(result.error, None);
    result.direct_message.as_ref().unwrap()
}

#[tokio::test]
async fn a_request_id_marks_the_message_in_a_chat_and_for_several_each_has_its_own() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let recipient = world.text("/members/0/id");
    let request_id = "6f4d2a0e-0d7e-4a35-9a5b-2f1c5c0e8d11".to_owned();
    let request = SendDirectMessageRequest {
        request_id: request_id.clone(),
        ..message(&recipient, "Marked")
    };
    let one = send(&sandbox, request).await;
    let request = SendDirectMessageRequest {
        request_id: request_id.clone(),
        ..to_several(&[&recipient])
    };
    let answer = sandbox
        .clients
        .community()
        .send_direct_message(request)
        .await;
    let results = answer.unwrap().into_inner().results;
    let world = sandbox.fake.world().await;
    let nonce = |id: &str| world.one("messages", "id", id)["nonce"].clone();
    assert_eq!(nonce(&one.id), request_id.as_str());
    let other = nonce(&sent(&results[0]).id);
    assert!(other.is_string() && other != request_id.as_str(), "{other}");
}

#[tokio::test]
async fn a_conversation_is_read_page_by_page_by_those_who_take_part_in_it() {
    for generation in ["published", "newer"] {
        let sandbox = sandbox_of(generation).await;
        let world = sandbox.fake.world().await;
        let (recipient, bot) = (world.text("/members/0/id"), world.text("/bot/id"));
        let mut first = None;
        for text in ["one", "two", "three"] {
            first = Some(send(&sandbox, message(&recipient, text)).await);
        }
        let id = first.unwrap().conversation_id;
        let request = ListDirectMessagesRequest {
            conversation: Some(Conversation::ConversationId(id.clone())),
            reader_member_id: recipient.clone(),
            page_size: 2,
            ..ListDirectMessagesRequest::default()
        };
        let page = list(&sandbox, request.clone()).await;
        assert_eq!(contents(&page), ["<p>three</p>", "<p>two</p>"]);
        let newest = &page.direct_messages[0];
        assert_eq!(
            (&newest.sender_member_id, &newest.conversation_id),
            (&bot, &id)
        );
        assert_eq!(newest.recipient_member_id, "");
        let next = ListDirectMessagesRequest {
            page_token: page.next_page_token.clone(),
            ..request.clone()
        };
        let last = list(&sandbox, next.clone()).await;
        assert_eq!(
            (contents(&last), last.next_page_token.as_str()),
            (vec!["<p>one</p>".to_owned()], "")
        );

        // By the other member, as the bot; then a token of another query.
        let with = ListDirectMessagesRequest {
            conversation: Some(Conversation::MemberId(recipient)),
            page_size: 1,
            ..ListDirectMessagesRequest::default()
        };
        let page = list(&sandbox, with.clone()).await;
        assert_eq!(contents(&page), ["<p>three</p>"]);
        let further = ListDirectMessagesRequest {
            page_token: page.next_page_token,
            ..with.clone()
        };
        assert_eq!(contents(&list(&sandbox, further).await), ["<p>two</p>"]);
        let foreign = ListDirectMessagesRequest {
            conversation: with.conversation,
            ..next
        };
        let token = (Code::InvalidArgument, ErrorReason::InvalidPageToken);
        not_listed(&sandbox, foreign)
            .await
            .is(token.0, token.1)
            .about("page_token");
    }
}

#[tokio::test]
async fn a_conversation_of_others_is_not_there() {
    for generation in ["published", "newer"] {
        let sandbox = sandbox_of(generation).await;
        let world = sandbox.fake.world().await;
        let sent = send(&sandbox, message(&world.text("/members/0/id"), "Hello")).await;
        let by = |id: &str, reader: &str| ListDirectMessagesRequest {
            conversation: Some(Conversation::ConversationId(id.to_owned())),
            reader_member_id: reader.to_owned(),
            ..ListDirectMessagesRequest::default()
        };
        let ordinary = world.text("/spaces/0/id");
        let stranger = world.text("/members/6/id");
        for request in [
            by(&sent.conversation_id, &stranger),
            by("nowhere0000", ""),
            by(&ordinary, ""),
        ] {
            let failure = not_listed(&sandbox, request).await;
            let _ = failure.is(Code::NotFound, ErrorReason::ConversationNotFound);
        }
    }
}

#[tokio::test]
async fn a_list_of_nothing_in_particular_is_refused() {
    let sandbox = Sandbox::start().await;
    let request = ListDirectMessagesRequest::default();
    let invalid = (Code::InvalidArgument, ErrorReason::InvalidField);
    let failure = not_listed(&sandbox, request).await;
    failure.is(invalid.0, invalid.1).about("conversation");
    let request = ListDirectMessagesRequest {
        conversation: Some(Conversation::MemberId("a".to_owned())),
        page_size: -1,
        ..ListDirectMessagesRequest::default()
    };
    let failure = not_listed(&sandbox, request).await;
    failure.is(invalid.0, invalid.1).about("page_size");
}

async fn list(sandbox: &Sandbox, request: ListDirectMessagesRequest) -> ListDirectMessagesResponse {
    let mut community = sandbox.clients.community();
    let answer = community.list_direct_messages(request).await.unwrap();
    answer.into_inner()
}

async fn not_listed(sandbox: &Sandbox, request: ListDirectMessagesRequest) -> Failure {
    let mut community = sandbox.clients.community();
    Failure::of(community.list_direct_messages(request).await)
}

fn contents(page: &ListDirectMessagesResponse) -> Vec<String> {
    let html = |message: &DirectMessage| match message.content.clone().unwrap() {
        Kept::Html(html) => html,
        Kept::Text(text) => panic!("{text} is HTML"),
    };
    page.direct_messages.iter().map(html).collect()
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

fn to_several(recipients: &[&str]) -> SendDirectMessageRequest {
    SendDirectMessageRequest {
        recipient_member_ids: recipients.iter().map(|id| (*id).to_owned()).collect(),
        ..message("", "Hello all")
    }
}

pub(crate) fn message(recipient: &str, text: &str) -> SendDirectMessageRequest {
    SendDirectMessageRequest {
        recipient_member_id: recipient.to_owned(),
        content: Some(Content::Text(text.to_owned())),
        ..SendDirectMessageRequest::default()
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
