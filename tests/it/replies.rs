//! Answering posts and replies, and reading the answers.

use community_proto::v1::create_reply_request::Content;
use community_proto::v1::{
    CreateReplyRequest, ErrorReason, ListRepliesRequest, ListRepliesResponse, PostStatus, Reply,
};
use integration_tests::{Failure, Sandbox};
use tonic::{Code, Status};

use crate::post_changes::{delete, deletion};
use crate::posts::{create, ordinary_member, post_in, read_post, roomy, space_for_posts};

#[tokio::test]
async fn a_post_and_a_reply_are_answered_and_the_answers_listed_under_each() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let world = sandbox.fake.world().await;
        let post = create(&sandbox, post_in(&space_for_posts(&world)))
            .await
            .unwrap();
        let first = write(&sandbox, text(&post.id, "One & <only>\nline"))
            .await
            .unwrap();
        assert_eq!(
            (&first.post_id, &first.space_id),
            (&post.id, &post.space_id)
        );
        assert_eq!(first.status(), PostStatus::Published);
        assert!(first.url.contains(&first.id) && first.create_time.is_some());
        let author = ordinary_member(&world);
        let html = "<p>Two</p><img src=x onerror=steal()>".to_owned();
        let by_a_member = CreateReplyRequest {
            content: Some(Content::Html(html)),
            author_member_id: author.clone(),
            ..text(&post.id, "")
        };
        let second = write(&sandbox, by_a_member).await.unwrap();
        assert_eq!(
            (&second.owner_member_id, &second.created_by_member_id),
            (&author, &author)
        );
        let below = write(&sandbox, text(&first.id, "Below the first"))
            .await
            .unwrap();
        assert_eq!(below.post_id, first.id);

        let replies = all(&sandbox, &post.id, "create_time desc").await;
        let oldest_first = all(&sandbox, &post.id, "").await;
        let ids = |replies: &[Reply]| replies.iter().map(|r| r.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&oldest_first), [first.id.clone(), second.id.clone()]);
        assert_eq!(ids(&replies), [second.id.clone(), first.id.clone()]);
        assert_eq!(
            oldest_first[0].content_html,
            "<p>One &amp; &lt;only&gt;<br>line</p>"
        );
        assert!(
            oldest_first[1]
                .content_html
                .starts_with("<p>Two</p><img src=\"x\"")
        );
        assert!(!oldest_first[1].content_html.contains("steal"));
        assert_eq!(oldest_first[0].replies_count, 1);
        assert_eq!(ids(&all(&sandbox, &first.id, "").await), [below.id]);
        let read = read_post(&sandbox, &post.id).await;
        assert_eq!((read.replies_count, read.total_replies_count), (2, 3));

        delete(&sandbox, deletion(&second.id)).await.unwrap();
        assert_eq!(ids(&all(&sandbox, &post.id, "").await), [first.id]);
    }
}

#[tokio::test]
async fn a_question_can_be_given_an_answer_by_its_post_type() {
    let sandbox = roomy("newer").await;
    let world = sandbox.fake.world().await;
    let id = |slug: &str| {
        world.one("postTypes", "slug", slug)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let question = world.one("posts", "title", "Webhooks and retries: what do you do?");
    let question = question["id"].as_str().unwrap();
    let answer = CreateReplyRequest {
        post_type_id: id("answer"),
        ..text(question, "I do it so")
    };
    assert_eq!(
        write(&sandbox, answer).await.unwrap().post_type_id,
        id("answer")
    );
    for wrong in [id("discussion"), "notype000000000".to_owned()] {
        let wrong = CreateReplyRequest {
            post_type_id: wrong,
            ..text(question, "I do it so")
        };
        not_written(&sandbox, wrong)
            .await
            .is(Code::InvalidArgument, ErrorReason::PostTypeNotFound)
            .about("post_type_id");
    }
    assert_eq!(sandbox.fake.requests("createReply").await, 1);
}

#[tokio::test]
async fn a_post_that_is_not_there_takes_and_lists_no_replies() {
    let sandbox = roomy("newer").await;
    let id = sandbox.fake.world().await.text("/posts/0/id");
    sandbox.fake.delete(&format!("/_fake/posts/{id}")).await;
    for id in [id.as_str(), "nopost000000000"] {
        let failure = not_written(&sandbox, text(id, "Hello?")).await;
        let _checked = failure.is(Code::NotFound, ErrorReason::PostNotFound);
    }
    let request = ListRepliesRequest {
        post_id: "nopost000000000".to_owned(),
        ..ListRepliesRequest::default()
    };
    let failure = Failure::of(sandbox.clients.community().list_replies(request).await);
    let _checked = failure.is(Code::NotFound, ErrorReason::PostNotFound);
    assert_eq!(sandbox.fake.requests("createReply").await, 0);
}

#[tokio::test]
async fn an_author_nobody_knows_writes_no_reply() {
    let sandbox = Sandbox::start().await;
    let post = sandbox.fake.world().await.text("/posts/0/id");
    let request = CreateReplyRequest {
        author_member_id: "nobody0000".to_owned(),
        ..text(&post, "Hello")
    };
    let failure = not_written(&sandbox, request).await;
    let failure = failure.is(Code::NotFound, ErrorReason::MemberNotFound);
    assert_eq!(failure.metadata["identifier"], "author_member_id");
}

#[tokio::test]
async fn a_reply_that_moderation_holds_is_a_success_that_says_so() {
    let sandbox = Sandbox::start().await;
    let post = sandbox.fake.world().await.text("/posts/0/id");
    sandbox
        .fake
        .fault_once("moderation_hold", "createReply")
        .await;
    let reply = write(&sandbox, text(&post, "Buy!")).await.unwrap();
    assert_eq!(reply.status(), PostStatus::Blocked);
    assert_eq!(
        (reply.raw_status.as_str(), reply.publish_time),
        ("BLOCKED", None)
    );
}

#[tokio::test]
async fn a_reply_without_an_answer_has_an_unknown_outcome_and_is_sent_once() {
    let sandbox = Sandbox::start().await;
    let post = sandbox.fake.world().await.text("/posts/0/id");
    sandbox.fake.fault_once("cut_body", "createReply").await;
    let failure = not_written(&sandbox, text(&post, "Once and no more")).await;
    let _checked = failure.is(Code::Unknown, ErrorReason::OutcomeUnknown);
    assert_eq!(sandbox.fake.requests("createReply").await, 1);
    let world = sandbox.fake.world().await;
    let _the_only_one = world.one("posts", "content", "<p>Once and no more</p>");
}

#[tokio::test]
async fn a_reply_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    let id = "somePost0000000";
    let html = |html: &str| CreateReplyRequest {
        content: Some(Content::Html(html.to_owned())),
        ..text(id, "")
    };
    for (field, request) in [
        ("post_id", text("", "Hello")),
        ("post_id", text("a b", "Hello")),
        (
            "content",
            CreateReplyRequest {
                content: None,
                ..text(id, "")
            },
        ),
        ("text", text(id, " \n")),
        ("text", text(id, &"x".repeat(100_001))),
        ("html", html("")),
        ("html", html(&"x".repeat(500_001))),
        ("author_member_id", {
            let author_member_id = "x".repeat(129);
            CreateReplyRequest {
                author_member_id,
                ..text(id, "Hello")
            }
        }),
        ("post_type_id", {
            let post_type_id = "a b".to_owned();
            CreateReplyRequest {
                post_type_id,
                ..text(id, "Hello")
            }
        }),
    ] {
        not_written(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    assert_eq!(sandbox.fake.requests("post").await, 0);
}

#[tokio::test]
async fn a_list_of_replies_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    let id = "somePost0000000";
    let list = |id: &str, order: &str, page_size| ListRepliesRequest {
        post_id: id.to_owned(),
        order_by: order.to_owned(),
        page_size,
        page_token: String::new(),
    };
    for (field, request) in [
        ("post_id", list("", "", 0)),
        ("order_by", list(id, "publish_time", 0)),
        ("page_size", list(id, "", -1)),
    ] {
        Failure::of(sandbox.clients.community().list_replies(request).await)
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    let mut forged = list(id, "", 1);
    forged.page_token = "nonsense".to_owned();
    Failure::of(sandbox.clients.community().list_replies(forged).await)
        .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
        .about("page_token");
    assert_eq!(sandbox.fake.requests("replies").await, 0);
}

fn text(post: &str, text: &str) -> CreateReplyRequest {
    CreateReplyRequest {
        post_id: post.to_owned(),
        content: Some(Content::Text(text.to_owned())),
        ..CreateReplyRequest::default()
    }
}

async fn write(sandbox: &Sandbox, request: CreateReplyRequest) -> Result<Reply, Status> {
    let answer = sandbox.clients.community().create_reply(request).await?;
    Ok(answer.into_inner().reply.unwrap())
}

async fn not_written(sandbox: &Sandbox, request: CreateReplyRequest) -> Failure {
    Failure::of(sandbox.clients.community().create_reply(request).await)
}

/// All replies, read one at a time.
async fn all(sandbox: &Sandbox, post: &str, order: &str) -> Vec<Reply> {
    let mut request = ListRepliesRequest {
        post_id: post.to_owned(),
        order_by: order.to_owned(),
        page_size: 1,
        page_token: String::new(),
    };
    let mut replies = Vec::new();
    loop {
        let answer = sandbox
            .clients
            .community()
            .list_replies(request.clone())
            .await;
        let answer: ListRepliesResponse = answer.unwrap().into_inner();
        assert!(answer.replies.len() <= 1);
        replies.extend(answer.replies);
        if answer.next_page_token.is_empty() {
            return replies;
        }
        request.page_token = answer.next_page_token;
    }
}
