//! Changing, publishing and deleting posts.

use community_proto::v1::update_post_request::Content;
use community_proto::v1::{
    CreatePostRequest, DeletePostRequest, ErrorReason, Post, PostStatus, UpdatePostRequest,
};
use integration_tests::{Failure, Sandbox};
use prost_types::FieldMask;
use serde_json::json;
use tonic::{Code, Status};

use crate::post_fields::field;
use crate::posts::{create, ordinary_member, post_in, read_post, roomy, space_for_posts};

#[tokio::test]
async fn a_draft_is_changed_in_part_and_then_published() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let space = space_for_posts(&sandbox.fake.world().await);
        let request = CreatePostRequest {
            draft: true,
            tags: vec!["first".to_owned()],
            ..post_in(&space)
        };
        let id = create(&sandbox, request).await.unwrap().id;
        let change = UpdatePostRequest {
            content: Some(Content::Html(
                "<p>New <i>body</i></p><script>x()</script>".to_owned(),
            )),
            ..masked(&id, &["content"])
        };
        let draft = update(&sandbox, change).await.unwrap();
        assert_eq!(
            (draft.status(), draft.title.as_str()),
            (PostStatus::Draft, "A title")
        );

        let change = UpdatePostRequest {
            title: "New title".to_owned(),
            tags: vec!["second".to_owned(), "third".to_owned()],
            publish: true,
            ..masked(&id, &[])
        };
        let published = update(&sandbox, change).await.unwrap();
        assert_eq!(published.status(), PostStatus::Published);
        assert!(published.publish_time.is_some());
        let post = read_post(&sandbox, &id).await;
        assert_eq!(
            (post.title.as_str(), post.content_html.as_str()),
            ("New title", "<p>New <i>body</i></p>")
        );
        let tags: Vec<_> = post.tags.iter().map(|tag| tag.title.as_str()).collect();
        assert_eq!(tags, ["second", "third"]);
    }
}

#[tokio::test]
async fn a_published_post_stays_published_and_loses_the_tags_that_it_shall_lose() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let space = space_for_posts(&sandbox.fake.world().await);
        let request = CreatePostRequest {
            tags: vec!["old".to_owned()],
            ..post_in(&space)
        };
        let id = create(&sandbox, request).await.unwrap().id;
        let changed = update(&sandbox, masked(&id, &["tags"])).await.unwrap();
        assert_eq!(changed.status(), PostStatus::Published);
        let post = read_post(&sandbox, &id).await;
        assert!(post.tags.is_empty());
        assert_eq!(
            (post.title.as_str(), post.content_html.as_str()),
            ("A title", "<p>A body</p>")
        );
        assert_eq!(post.status(), PostStatus::Published);
    }
}

#[tokio::test]
async fn single_fields_of_a_post_change_and_the_others_stay() {
    let sandbox = roomy("newer").await;
    let world = sandbox.fake.world().await;
    let there = world.one("posts", "title", "Open office hours");
    let id = there["id"].as_str().unwrap();
    let change = UpdatePostRequest {
        fields: vec![
            field("capacity", &json!(7)),
            field("location", &json!(null)),
            field("online", &json!(true)),
        ],
        ..masked(id, &["fields"])
    };
    update(&sandbox, change).await.unwrap();
    let post = read_post(&sandbox, id).await;
    let value = |key: &str| {
        let field = post.fields.iter().find(|field| field.key == key);
        field.map(|field| field.json_value.as_str())
    };
    assert_eq!(
        (value("capacity"), value("online")),
        (Some("7"), Some("true"))
    );
    assert_eq!(value("location"), None);
    assert_eq!(post.content_html, there["content"].as_str().unwrap());
    assert!(value("start_date").is_some());

    let unfit = UpdatePostRequest {
        fields: vec![field("capacity", &json!("many"))],
        ..masked(id, &["fields"])
    };
    not_updated(&sandbox, unfit)
        .await
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("fields");
    let not_required = UpdatePostRequest {
        fields: vec![field("start_date", &json!(null))],
        ..masked(id, &["fields"])
    };
    not_updated(&sandbox, not_required)
        .await
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("fields");
    assert_eq!(sandbox.fake.requests("updatePost").await, 1);
}

#[tokio::test]
async fn members_change_and_delete_their_own_posts_and_no_others() {
    let sandbox = roomy("newer").await;
    let world = sandbox.fake.world().await;
    let author = ordinary_member(&world);
    let request = CreatePostRequest {
        author_member_id: author.clone(),
        ..post_in(&space_for_posts(&world))
    };
    let own = create(&sandbox, request).await.unwrap().id;
    let of_the_bot = create(&sandbox, post_in(&space_for_posts(&world))).await;
    let of_the_bot = of_the_bot.unwrap().id;

    let retitle = |id: &str| UpdatePostRequest {
        title: "By its author".to_owned(),
        acting_member_id: author.clone(),
        ..masked(id, &["title"])
    };
    assert_eq!(
        update(&sandbox, retitle(&own)).await.unwrap().title,
        "By its author"
    );
    not_updated(&sandbox, retitle(&of_the_bot))
        .await
        .is(
            Code::PermissionDenied,
            ErrorReason::UpstreamPermissionDenied,
        )
        .about("post_id");
    let delete_as = |id: &str| DeletePostRequest {
        acting_member_id: author.clone(),
        ..deletion(id)
    };
    not_deleted(&sandbox, delete_as(&of_the_bot))
        .await
        .is(
            Code::PermissionDenied,
            ErrorReason::UpstreamPermissionDenied,
        )
        .about("post_id");
    delete(&sandbox, delete_as(&own)).await.unwrap();
    assert_eq!(
        read_post(&sandbox, &own).await.status(),
        PostStatus::Deleted
    );
}

#[tokio::test]
async fn a_deleted_post_can_be_neither_changed_nor_deleted_again() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let space = space_for_posts(&sandbox.fake.world().await);
        let id = create(&sandbox, post_in(&space)).await.unwrap().id;
        delete(&sandbox, deletion(&id)).await.unwrap();
        let world = sandbox.fake.world().await;
        assert_eq!(world.one("posts", "id", &id)["status"], "DELETED");
        for id in [id.as_str(), "nopost000000000"] {
            let change = UpdatePostRequest {
                title: "Too late".to_owned(),
                ..masked(id, &[])
            };
            for failure in [
                not_updated(&sandbox, change).await,
                not_deleted(&sandbox, deletion(id)).await,
            ] {
                let _checked = failure.is(Code::NotFound, ErrorReason::PostNotFound);
            }
        }
        assert_eq!(sandbox.fake.requests("updatePost").await, 0);
    }
}

#[tokio::test]
async fn a_change_or_deletion_without_an_answer_has_an_unknown_outcome_and_is_sent_once() {
    let sandbox = roomy("newer").await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let id = create(&sandbox, post_in(&space)).await.unwrap().id;
    sandbox
        .fake
        .fault_once("status_5xx_after", "updatePost")
        .await;
    let change = UpdatePostRequest {
        title: "It did change".to_owned(),
        ..masked(&id, &[])
    };
    let lost = not_updated(&sandbox, change).await;
    let _checked = lost.is(Code::Unknown, ErrorReason::OutcomeUnknown);
    assert_eq!(read_post(&sandbox, &id).await.title, "It did change");
    sandbox.fake.fault_once("cut_body", "deletePost").await;
    let lost = not_deleted(&sandbox, deletion(&id)).await;
    let _checked = lost.is(Code::Unknown, ErrorReason::OutcomeUnknown);
    assert_eq!(read_post(&sandbox, &id).await.status(), PostStatus::Deleted);
    for operation in ["updatePost", "deletePost"] {
        assert_eq!(sandbox.fake.requests(operation).await, 1);
    }
}

#[tokio::test]
async fn a_deletion_that_bettermode_says_failed_is_told_as_a_refusal() {
    let sandbox = Sandbox::start().await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let id = create(&sandbox, post_in(&space)).await.unwrap().id;
    sandbox.fake.fault_once("action_failed", "deletePost").await;
    let failure = not_deleted(&sandbox, deletion(&id)).await;
    let _checked = failure.is(Code::InvalidArgument, ErrorReason::UpstreamRejected);
    assert_eq!(
        read_post(&sandbox, &id).await.status(),
        PostStatus::Published
    );
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    let id = "somePost0000000";
    let titled = |title: &str| UpdatePostRequest {
        title: title.to_owned(),
        ..masked(id, &["title"])
    };
    for (name, request) in [
        ("post_id", masked("", &["tags"])),
        ("title", titled(" ")),
        ("title", titled(&"x".repeat(256))),
        ("content", masked(id, &["content"])),
        ("text", {
            let content = Some(Content::Text(" ".to_owned()));
            UpdatePostRequest {
                content,
                ..masked(id, &["content"])
            }
        }),
        ("fields", masked(id, &["fields"])),
        ("tags", {
            let tags = vec!["t".to_owned(); 21];
            UpdatePostRequest {
                tags,
                ..masked(id, &["tags"])
            }
        }),
        ("publish", masked(id, &["publish"])),
        ("update_mask", masked(id, &["owner_member_id"])),
        ("update_mask", masked(id, &[])),
        ("acting_member_id", {
            let acting_member_id = "a b".to_owned();
            UpdatePostRequest {
                acting_member_id,
                ..masked(id, &["tags"])
            }
        }),
    ] {
        not_updated(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(name);
    }
    let nobody = DeletePostRequest {
        acting_member_id: "a b".to_owned(),
        ..deletion(id)
    };
    for (name, request) in [("post_id", deletion("")), ("acting_member_id", nobody)] {
        not_deleted(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(name);
    }
    for operation in ["post", "updatePost", "deletePost"] {
        assert_eq!(sandbox.fake.requests(operation).await, 0);
    }
}

/// A change of these parts, which the caller still has to fill in.
fn masked(id: &str, paths: &[&str]) -> UpdatePostRequest {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    UpdatePostRequest {
        post_id: id.to_owned(),
        update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
        ..UpdatePostRequest::default()
    }
}

pub(crate) fn deletion(id: &str) -> DeletePostRequest {
    DeletePostRequest {
        post_id: id.to_owned(),
        ..DeletePostRequest::default()
    }
}

async fn update(sandbox: &Sandbox, request: UpdatePostRequest) -> Result<Post, Status> {
    let answer = sandbox.clients.community().update_post(request).await?;
    Ok(answer.into_inner().post.unwrap())
}

async fn not_updated(sandbox: &Sandbox, request: UpdatePostRequest) -> Failure {
    Failure::of(sandbox.clients.community().update_post(request).await)
}

pub(crate) async fn delete(sandbox: &Sandbox, request: DeletePostRequest) -> Result<(), Status> {
    sandbox.clients.community().delete_post(request).await?;
    Ok(())
}

async fn not_deleted(sandbox: &Sandbox, request: DeletePostRequest) -> Failure {
    Failure::of(sandbox.clients.community().delete_post(request).await)
}
