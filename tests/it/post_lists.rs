//! Reading posts: one with all its parts, and lists by space, author and type.

use community_proto::v1::{
    ErrorReason, GetPostRequest, ListPostsRequest, ListPostsResponse, Post, PostStatus, PostView,
};
use integration_tests::{Failure, Sandbox};
use serde_json::Value;
use tonic::Code;

use crate::posts::{create, post_in, read_post, roomy, space_for_posts};

#[tokio::test]
async fn a_post_is_read_with_its_body_fields_tags_and_counts() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let world = sandbox.fake.world().await;
        let there = world.one("posts", "title", "Open office hours");
        let id = there["id"].as_str().unwrap();
        let post = read_post(&sandbox, id).await;
        assert_eq!(post.title, "Open office hours");
        assert_eq!(post.content_html, there["content"].as_str().unwrap());
        assert_eq!(post.short_content_html, post.content_html);
        assert_eq!(post.owner_member_id, there["ownerId"].as_str().unwrap());
        assert_eq!(post.status(), PostStatus::Published);
        assert!(post.replied_to_post_id.is_empty() && post.last_activity_time.is_some());
        let place = post.fields.iter().find(|field| field.key == "location");
        assert_eq!(place.unwrap().json_value, r#""Lisbon, by the river""#);
        assert_eq!(post.tags.len(), 1);
        assert!(!post.tags[0].title.is_empty() && !post.tags[0].slug.is_empty());
        let replies = world.matching("posts", "repliedToId", id);
        assert_eq!(post.replies_count as usize, replies.len());

        let reply = replies[0]["id"].as_str().unwrap();
        let reply = read_post(&sandbox, reply).await;
        assert_eq!(
            (reply.replied_to_post_id.as_str(), reply.title.as_str()),
            (id, "")
        );
    }
}

#[tokio::test]
async fn a_post_that_is_not_there_is_not_found_and_a_deleted_one_says_so() {
    let sandbox = Sandbox::start().await;
    let _checked = not_read(&sandbox, "nopost000000000")
        .await
        .is(Code::NotFound, ErrorReason::PostNotFound);
    not_read(&sandbox, "")
        .await
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("post_id");
    let id = sandbox.fake.world().await.text("/posts/0/id");
    sandbox.fake.delete(&format!("/_fake/posts/{id}")).await;
    assert_eq!(read_post(&sandbox, &id).await.status(), PostStatus::Deleted);
}

async fn not_read(sandbox: &Sandbox, id: &str) -> Failure {
    let request = GetPostRequest {
        post_id: id.to_owned(),
    };
    Failure::of(sandbox.clients.community().get_post(request).await)
}

#[tokio::test]
async fn a_space_is_listed_page_by_page_newest_first() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let space = space_for_posts(&sandbox.fake.world().await);
        let newest = create(&sandbox, post_in(&space)).await.unwrap();
        let request = ListPostsRequest {
            space_id: space.clone(),
            page_size: 2,
            ..ListPostsRequest::default()
        };
        let posts = all(&sandbox, request.clone()).await;
        assert_eq!(posts[0].id, newest.id);
        let time = |post: &Post| post.publish_time.map(|at| (at.seconds, at.nanos));
        assert!(posts.is_sorted_by(|one, next| time(one) >= time(next)));
        let world = sandbox.fake.world().await;
        let there = world.matching("posts", "spaceId", &space);
        let there = there.iter().filter(|post| post["repliedToId"].is_null());
        assert_eq!(posts.len(), there.count());
        assert!(
            posts
                .iter()
                .all(|post| post.content_html.is_empty() && post.fields.is_empty())
        );

        let oldest_first = ListPostsRequest {
            order_by: "publish_time".to_owned(),
            view: PostView::Full.into(),
            ..request
        };
        let mut reversed = all(&sandbox, oldest_first).await;
        assert!(reversed.iter().all(|post| !post.content_html.is_empty()));
        reversed.reverse();
        let ids = |posts: &[Post]| posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&reversed), ids(&posts));
    }
}

#[tokio::test]
async fn an_authors_posts_are_listed_and_sifted_by_space_and_type() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let world = sandbox.fake.world().await;
        let author = busiest_author(world.all("posts"));
        let by = ListPostsRequest {
            author_member_id: author.clone(),
            page_size: 1,
            ..ListPostsRequest::default()
        };
        let posts = all(&sandbox, by.clone()).await;
        let own = world.matching("posts", "ownerId", &author);
        let own: Vec<_> = own
            .iter()
            .filter(|post| post["repliedToId"].is_null())
            .collect();
        assert!(own.len() > 1 && posts.len() == own.len());
        assert!(posts.iter().all(|post| post.owner_member_id == author));

        let space = own[0]["spaceId"].as_str().unwrap();
        let in_space = ListPostsRequest {
            space_id: space.to_owned(),
            ..by.clone()
        };
        let expected = own.iter().filter(|post| post["spaceId"] == space).count();
        assert_eq!(all(&sandbox, in_space).await.len(), expected);
        let no_such_type = ListPostsRequest {
            post_type_id: "notype000000000".to_owned(),
            ..by
        };
        assert_eq!(all(&sandbox, no_such_type).await.len(), 0);
    }
}

/// Who owns the most posts that are no replies.
fn busiest_author(posts: &[Value]) -> String {
    let owners = posts.iter().filter(|post| post["repliedToId"].is_null());
    let owners: Vec<_> = owners
        .map(|post| post["ownerId"].as_str().unwrap())
        .collect();
    let count = |owner: &str| owners.iter().filter(|other| **other == owner).count();
    let busiest = owners.iter().max_by_key(|owner| count(owner));
    (*busiest.unwrap()).to_owned()
}

#[tokio::test]
async fn posts_are_listed_by_their_type_and_everything_without_a_filter() {
    let sandbox = roomy("newer").await;
    let world = sandbox.fake.world().await;
    let event = world.one("postTypes", "slug", "event")["id"].clone();
    let request = ListPostsRequest {
        post_type_id: event.as_str().unwrap().to_owned(),
        order_by: "create_time desc".to_owned(),
        ..ListPostsRequest::default()
    };
    let events = all(&sandbox, request).await;
    assert_eq!(
        events.len(),
        world
            .matching("posts", "postTypeId", event.as_str().unwrap())
            .len()
    );
    let everything = all(&sandbox, ListPostsRequest::default()).await;
    assert!(everything.len() > events.len());
    let nowhere = ListPostsRequest {
        space_id: "nospace00000".to_owned(),
        ..ListPostsRequest::default()
    };
    assert!(all(&sandbox, nowhere).await.is_empty());
}

#[tokio::test]
async fn an_author_nobody_knows_is_not_found() {
    let sandbox = Sandbox::start().await;
    let request = ListPostsRequest {
        author_member_id: "nobody0000".to_owned(),
        ..ListPostsRequest::default()
    };
    let failure = Failure::of(sandbox.clients.community().list_posts(request).await);
    let failure = failure.is(Code::NotFound, ErrorReason::MemberNotFound);
    assert_eq!(failure.metadata["identifier"], "author_member_id");
}

#[tokio::test]
async fn a_list_that_breaks_a_rule_is_refused_and_a_token_is_of_its_list_alone() {
    let sandbox = Sandbox::start().await;
    let base = ListPostsRequest {
        page_size: 1,
        ..ListPostsRequest::default()
    };
    let with = |change: fn(&mut ListPostsRequest)| {
        let mut request = base.clone();
        change(&mut request);
        request
    };
    for (field, request) in [
        ("space_id", with(|list| list.space_id = "a b".to_owned())),
        (
            "author_member_id",
            with(|list| list.author_member_id = "x".repeat(129)),
        ),
        (
            "post_type_id",
            with(|list| list.post_type_id = "a b".to_owned()),
        ),
        ("order_by", with(|list| list.order_by = "title".to_owned())),
        (
            "order_by",
            with(|list| {
                list.author_member_id = "somebody00".to_owned();
                list.order_by = "create_time".to_owned();
            }),
        ),
        ("view", with(|list| list.view = 9)),
        ("page_size", with(|list| list.page_size = -1)),
    ] {
        Failure::of(sandbox.clients.community().list_posts(request).await)
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    assert_eq!(sandbox.fake.requests("posts").await, 0);

    let token = page(&sandbox, base.clone()).await.next_page_token;
    for (token, view) in [("nonsense".to_owned(), 0), (token, PostView::Full.into())] {
        let request = ListPostsRequest {
            page_token: token,
            view,
            ..base.clone()
        };
        Failure::of(sandbox.clients.community().list_posts(request).await)
            .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
            .about("page_token");
    }
}

async fn page(sandbox: &Sandbox, request: ListPostsRequest) -> ListPostsResponse {
    let answer = sandbox.clients.community().list_posts(request).await;
    answer.unwrap().into_inner()
}

/// All pages of a list.
async fn all(sandbox: &Sandbox, mut request: ListPostsRequest) -> Vec<Post> {
    let mut posts = Vec::new();
    loop {
        let answer = page(sandbox, request.clone()).await;
        if request.page_size > 0 {
            assert!(answer.posts.len() <= usize::try_from(request.page_size).unwrap());
        }
        posts.extend(answer.posts);
        if answer.next_page_token.is_empty() {
            return posts;
        }
        request.page_token = answer.next_page_token;
    }
}
