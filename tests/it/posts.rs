//! Creating posts: what arrives in the community, and what is refused.

use community_proto::v1::create_post_request::Content;
use community_proto::v1::{CreatePostRequest, ErrorReason, GetPostRequest, Post, PostStatus};
use integration_tests::{Failure, Sandbox, World};
use serde_json::Value;
use tonic::{Code, Status};

#[tokio::test]
async fn a_post_is_there_afterwards_on_a_network_of_the_published_generation() {
    a_post_is_there_afterwards("published").await;
}

#[tokio::test]
async fn a_post_is_there_afterwards_on_a_newer_network() {
    a_post_is_there_afterwards("newer").await;
}

async fn a_post_is_there_afterwards(generation: &str) {
    let sandbox = Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
        .start()
        .await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let request = CreatePostRequest {
        title: "Tea & cake <today>".to_owned(),
        content: Some(Content::Text("First line\nsecond <line> & more".to_owned())),
        tags: vec!["a new tag".to_owned()],
        ..post_in(&space)
    };
    let post = create(&sandbox, request).await.unwrap();
    assert_eq!(post.title, "Tea & cake <today>");
    assert_eq!(post.status(), PostStatus::Published);
    assert_eq!(post.space_id, space);
    assert!(post.create_time.is_some() && post.publish_time.is_some());

    let world = sandbox.fake.world().await;
    let there = world.one("posts", "id", &post.id);
    assert_eq!(there["title"], "Tea & cake <today>");
    assert_eq!(there["spaceId"], space.as_str());
    assert_eq!(there["status"], "PUBLISHED");
    // Text is escaped, and its lines stay lines.
    let content = there["content"].as_str().unwrap();
    assert!(
        content.contains("second &lt;line&gt; &amp; more"),
        "{content}"
    );
    assert!(
        content.contains("<br") || content.contains("</p><p>"),
        "{content}"
    );
}

#[tokio::test]
async fn html_keeps_its_form_and_loses_its_scripts() {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let html = "<h2>News</h2><p onclick=\"steal()\">Read <a href=\"https://example.net/\">this</a></p>\
                <script>steal()</script><a href=\"javascript:steal()\">no</a>";
    let request = CreatePostRequest {
        content: Some(Content::Html(html.to_owned())),
        ..post_in(&space)
    };
    let post = create(&sandbox, request).await.unwrap();
    let world = sandbox.fake.world().await;
    let content = world.one("posts", "id", &post.id)["content"].to_string();
    assert!(content.contains("<h2>News</h2>"), "{content}");
    assert!(content.contains("https://example.net/"), "{content}");
    assert!(!content.contains("steal"), "{content}");
}

#[tokio::test]
async fn a_draft_is_not_published() {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let request = CreatePostRequest {
        draft: true,
        ..post_in(&space)
    };
    let post = create(&sandbox, request).await.unwrap();
    assert_eq!(post.status(), PostStatus::Draft);
    assert_eq!(post.publish_time, None);
}

#[tokio::test]
async fn a_post_that_moderation_holds_is_a_success_that_says_so() {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    sandbox
        .fake
        .fault_once("moderation_hold", "createPost")
        .await;
    let post = create(&sandbox, post_in(&space)).await.unwrap();
    assert_eq!(post.status(), PostStatus::Blocked);
    assert_eq!(post.raw_status, "BLOCKED");
}

#[tokio::test]
async fn a_post_can_be_written_as_a_member() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    // The author must be in the space.
    let space = world
        .all("spaces")
        .iter()
        .find(|space| space["type"] == "Group" && space["private"] == false)
        .expect("an open space");
    let author = space["memberIds"][0].as_str().unwrap();
    let request = CreatePostRequest {
        author_member_id: author.to_owned(),
        ..post_in(space["id"].as_str().unwrap())
    };
    let post = create(&sandbox, request).await.unwrap();
    assert_eq!(post.owner_member_id, author);
    assert_eq!(post.created_by_member_id, author);
}

#[tokio::test]
async fn a_member_without_the_right_may_not_post_and_the_field_says_where() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let broadcast = &world.matching("spaces", "type", "Broadcast")[0];
    let author = ordinary_member(&world);
    let request = CreatePostRequest {
        author_member_id: author,
        ..post_in(broadcast["id"].as_str().unwrap())
    };
    refused(&sandbox, request)
        .await
        .is(
            Code::PermissionDenied,
            ErrorReason::UpstreamPermissionDenied,
        )
        .about("space_id");
}

#[tokio::test]
async fn a_space_nobody_knows_is_named_as_the_wrong_field() {
    let sandbox = Sandbox::start().await;
    refused(&sandbox, post_in("nospace00000"))
        .await
        .is(Code::InvalidArgument, ErrorReason::SpaceNotFound)
        .about("space_id");
    assert_eq!(sandbox.fake.requests("createPost").await, 0);
}

#[tokio::test]
async fn a_post_type_that_the_space_does_not_allow_is_named_as_the_wrong_field() {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let request = CreatePostRequest {
        post_type_id: "notype000000000".to_owned(),
        ..post_in(&space)
    };
    refused(&sandbox, request)
        .await
        .is(Code::InvalidArgument, ErrorReason::PostTypeNotFound)
        .about("post_type_id");
    assert_eq!(sandbox.fake.requests("createPost").await, 0);
}

#[tokio::test]
async fn a_field_that_breaks_a_rule_is_named_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    for (field, break_it) in BROKEN {
        let mut request = post_in("someSpace000");
        break_it(&mut request);
        refused(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    assert_eq!(sandbox.fake.requests("createPost").await, 0);
}

type Break = fn(&mut CreatePostRequest);

/// A field, and how its rule can be broken.
const BROKEN: &[(&str, Break)] = &[
    ("space_id", |post| post.space_id.clear()),
    ("space_id", |post| post.space_id = "x".repeat(129)),
    ("title", |post| post.title.clear()),
    ("title", |post| post.title = String::from(" \t ")),
    ("title", |post| post.title = "ä".repeat(256)),
    ("content", |post| post.content = None),
    ("text", |post| post.content = text("")),
    ("text", |post| post.content = text(" \n ")),
    ("text", |post| post.content = text(&"x".repeat(100_001))),
    ("html", |post| post.content = html("")),
    ("html", |post| post.content = html(&"x".repeat(500_001))),
    ("tags", |post| post.tags = vec!["t".to_owned(); 21]),
    ("tags[0]", |post| post.tags = vec!["t".repeat(101)]),
    ("tags[0]", |post| post.tags = vec![String::new()]),
    ("post_type_id", |post| post.post_type_id = "x".repeat(129)),
    ("author_member_id", |post| {
        post.author_member_id = String::from("a b");
    }),
];

#[expect(clippy::unnecessary_wraps, reason = "the contract's field is optional")]
fn text(text: &str) -> Option<Content> {
    Some(Content::Text(text.to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "the contract's field is optional")]
fn html(html: &str) -> Option<Content> {
    Some(Content::Html(html.to_owned()))
}

#[tokio::test]
async fn a_title_of_255_characters_is_not_too_long() {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let title = "ä".repeat(255);
    let request = CreatePostRequest {
        title: title.clone(),
        ..post_in(&space)
    };
    assert_eq!(create(&sandbox, request).await.unwrap().title, title);
}

/// A system on a network of this generation that is called more often than the
/// smallest plan allows.
pub(crate) async fn roomy(generation: &str) -> Sandbox {
    Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        .service_setting("BETTERMODE_RATE_LIMIT_REQUESTS", "1000")
        .service_setting("BETTERMODE_RATE_LIMIT_COMPLEXITY", "100000")
        .start()
        .await
}

/// A post that is there.
pub(crate) async fn read_post(sandbox: &Sandbox, id: &str) -> Post {
    let request = GetPostRequest {
        post_id: id.to_owned(),
    };
    let answer = sandbox.clients.community().get_post(request).await.unwrap();
    answer.into_inner().post.unwrap()
}

/// A request that works in a space of posts.
pub(crate) fn post_in(space: &str) -> CreatePostRequest {
    CreatePostRequest {
        space_id: space.to_owned(),
        title: "A title".to_owned(),
        content: Some(Content::Text("A body".to_owned())),
        ..CreatePostRequest::default()
    }
}

/// A space in which the bot account may post.
pub(crate) fn space_for_posts(world: &World) -> String {
    world.text("/spaces/0/id")
}

pub(crate) async fn create(sandbox: &Sandbox, request: CreatePostRequest) -> Result<Post, Status> {
    let mut community = sandbox.clients.community();
    let answer = community.create_post(request).await?;
    Ok(answer.into_inner().post.unwrap())
}

pub(crate) async fn refused(sandbox: &Sandbox, request: CreatePostRequest) -> Failure {
    Failure::of(sandbox.clients.community().create_post(request).await)
}

/// A verified member who is neither staff nor anything else special.
pub(crate) fn ordinary_member(world: &World) -> String {
    let ordinary =
        |member: &&Value| member["status"] == "VERIFIED" && member["roleType"] == "member";
    let member = world.all("members").iter().find(ordinary);
    member.expect("an ordinary member")["id"]
        .as_str()
        .unwrap()
        .to_owned()
}
