//! Posts of any type: further fields by their keys, checked before BetterMode hears of
//! them.

use community_proto::v1::create_post_request::Content;
use community_proto::v1::{CreatePostRequest, ErrorReason, PostField};
use integration_tests::{Failure, Sandbox, World};
use serde_json::{Value, json};
use tonic::Code;

use crate::posts::{create, post_in, read_post, refused};

pub(crate) fn field(key: &str, value: &Value) -> PostField {
    PostField {
        key: key.to_owned(),
        json_value: value.to_string(),
    }
}

/// The space that takes events, and the post type of events.
fn meetups(world: &World) -> (String, String) {
    let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
    let space = world.one("spaces", "slug", "meetups");
    (id(space), id(world.one("postTypes", "slug", "event")))
}

fn picnic(space: &str) -> CreatePostRequest {
    CreatePostRequest {
        title: "Picnic".to_owned(),
        content: None,
        fields: vec![
            field("start_date", &json!("2031-06-01T12:00:00+02:00")),
            field("capacity", &json!(12)),
            field("online", &json!(false)),
            field("topics", &json!(["tea", "cake"])),
            field(
                "content",
                &json!("<p>Bring <b>tea</b></p><script>x()</script>"),
            ),
        ],
        ..post_in(space)
    }
}

#[tokio::test]
async fn a_post_of_any_type_holds_the_fields_that_it_was_given() {
    for generation in ["published", "newer"] {
        let sandbox = Sandbox::builder()
            .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
            .start()
            .await;
        let (space, event) = meetups(&sandbox.fake.world().await);
        let request = CreatePostRequest {
            post_type_id: event.clone(),
            ..picnic(&space)
        };
        let created = create(&sandbox, request).await.unwrap();
        assert_eq!(created.post_type_id, event);
        let post = read_post(&sandbox, &created.id).await;
        assert_eq!(post.content_html, "<p>Bring <b>tea</b></p>");
        let mut fields: Vec<_> = post
            .fields
            .iter()
            .map(|f| (&*f.key, &*f.json_value))
            .collect();
        fields.sort_unstable();
        let expected = [
            ("capacity", "12"),
            ("content", r#""<p>Bring <b>tea</b></p>""#),
            ("online", "false"),
            ("start_date", r#""2031-06-01T10:00:00.000Z""#),
            ("title", r#""Picnic""#),
            ("topics", r#"["tea","cake"]"#),
        ];
        assert_eq!(fields, expected);
    }
}

#[tokio::test]
async fn the_type_that_takes_the_fields_is_picked() {
    let sandbox = Sandbox::start().await;
    let (space, event) = meetups(&sandbox.fake.world().await);
    let mut request = picnic(&space);
    request.fields.truncate(1);
    request.content = Some(Content::Text("Bring tea".to_owned()));
    assert_eq!(
        create(&sandbox, request.clone())
            .await
            .unwrap()
            .post_type_id,
        event
    );
    request.fields.push(field("colour", &json!("red")));
    refused(&sandbox, request)
        .await
        .is(Code::InvalidArgument, ErrorReason::PostTypeNotFound)
        .about("post_type_id");
}

#[tokio::test]
async fn the_types_of_a_space_are_asked_for_once_and_again_before_anything_is_refused() {
    let sandbox = Sandbox::start().await;
    let (space, _) = meetups(&sandbox.fake.world().await);
    for _ in 0..3 {
        create(&sandbox, post_in(&space)).await.unwrap();
    }
    assert_eq!(sandbox.fake.requests("spacePostTypes").await, 1);
    let unknown = CreatePostRequest {
        post_type_id: "notype000000000".to_owned(),
        ..post_in(&space)
    };
    let failure = refused(&sandbox, unknown).await;
    let _checked = failure.is(Code::InvalidArgument, ErrorReason::PostTypeNotFound);
    assert_eq!(sandbox.fake.requests("spacePostTypes").await, 2);
}

#[tokio::test]
async fn what_the_post_type_does_not_take_is_refused_before_bettermode_hears_of_it() {
    let sandbox = Sandbox::start().await;
    let (space, event) = meetups(&sandbox.fake.world().await);
    let base = CreatePostRequest {
        post_type_id: event,
        ..picnic(&space)
    };
    for (name, break_it) in UNFIT {
        let mut request = base.clone();
        break_it(&mut request);
        refused(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(name);
    }
    assert_eq!(sandbox.fake.requests("createPost").await, 0);
}

type Break = fn(&mut CreatePostRequest);

/// How a picnic does not fit its type, and which field is to blame.
const UNFIT: &[(&str, Break)] = &[
    ("title", |post| post.title.clear()),
    ("fields", |post| post.fields.clear()),
    ("fields", |post| {
        post.fields.push(field("colour", &json!("red")));
    }),
    ("fields", |post| {
        post.fields.push(field("capacity", &json!(13)));
    }),
    ("fields", |post| {
        post.fields[0] = field("start_date", &json!("on Monday"));
    }),
    ("fields", |post| {
        post.fields[0] = field("start_date", &json!(null));
    }),
    ("fields", |post| {
        post.fields[1] = field("capacity", &json!("12"));
    }),
    ("fields", |post| {
        post.content = Some(Content::Text("A second body".to_owned()));
    }),
];

#[tokio::test]
async fn a_value_that_is_no_json_is_refused_at_once() {
    let sandbox = Sandbox::start().await;
    let bad = |key: &str, json: &str| PostField {
        key: key.to_owned(),
        json_value: json.to_owned(),
    };
    let many = vec![bad("k", "1"); 51];
    for fields in [
        vec![bad("k", "red")],
        vec![bad("", "1")],
        vec![bad("k", "")],
        many,
    ] {
        let request = CreatePostRequest {
            fields,
            ..post_in("someSpace000")
        };
        let failure: Failure = refused(&sandbox, request).await;
        failure
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about("fields");
    }
    assert_eq!(sandbox.fake.requests("spacePostTypes").await, 0);
}
