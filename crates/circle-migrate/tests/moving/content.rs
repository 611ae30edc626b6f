//! Content: spaces, who is in them, posts, comments, events.

use circle_migrate::key::Subject;
use circle_migrate::ledger::Ledger;
use circle_migrate::migration::Source;
use circle_migrate::options::MoveArgs;
use circle_migrate::report::Report;
use circle_migrate::snapshot::Entity;
use circle_migrate::verify::{Depth, Findings, verify};
use fake_bettermode::Generation;
use http::Method;
use serde_json::{Value, json};

use crate::stage::{Records, Stage, find, options, rows};

fn content() -> MoveArgs {
    MoveArgs {
        content: true,
        ..options()
    }
}

fn post(id: u64, author: u64, title: &str) -> Value {
    json!({
        "id": id, "status": "published", "name": title, "space_id": 51, "user_id": 9_000 + author,
        "body": { "body": format!("<p>Text of {title}</p><script>x()</script>") },
        "published_at": format!("2024-05-{:02}T08:00:00.250Z", id % 28 + 1),
        "created_at": "2024-04-01T00:00:00Z",
    })
}

fn comment(id: u64, parent: Option<u64>, author: u64, at: &str) -> Value {
    json!({
        "id": id, "parent_comment_id": parent, "created_at": at,
        "body": { "body": format!("Comment {id}") }, "user": { "id": 9_000 + author },
        "post": { "id": 101 }, "space": { "id": 51 },
    })
}

fn community() -> Records {
    Records::default()
        .person(1, "ada@example.net")
        .person(2, "bo@example.net")
        .with(Entity::SpaceGroups, json!({ "id": 41, "name": "Talk" }))
        .with(
            Entity::Spaces,
            json!({
                "id": 51, "name": "Lounge", "slug": "lounge", "space_type": "basic",
                "is_private": false, "is_hidden": false, "is_hidden_from_non_members": false,
                "space_group": { "id": 41, "name": "Talk" },
            }),
        )
        .with(
            Entity::Spaces,
            json!({ "id": 52, "name": "Den", "slug": "den", "space_type": "basic" }),
        )
        .with(
            Entity::Spaces,
            json!({ "id": 53, "name": "Course", "slug": "c", "space_type": "course" }),
        )
        .with(
            Entity::SpaceMembers,
            json!({ "id": 61, "space_id": 51, "community_member_id": 1 }),
        )
        .with(
            Entity::SpaceMembers,
            json!({ "id": 62, "space_id": 51, "community_member_id": 2 }),
        )
        .with(
            Entity::SpaceMembers,
            json!({ "id": 63, "space_id": 53, "community_member_id": 2 }),
        )
        .with(Entity::Posts, post(102, 2, "Second"))
        .with(Entity::Posts, post(101, 1, "First"))
        .with(
            Entity::Posts,
            json!({ "id": 103, "status": "draft", "name": "Draft", "space_id": 51 }),
        )
        .with(
            Entity::Comments,
            comment(202, Some(201), 1, "2024-05-20T10:00:00.002Z"),
        )
        .with(
            Entity::Comments,
            comment(201, None, 2, "2024-05-20T10:00:00.001Z"),
        )
        .with(
            Entity::Comments,
            comment(203, None, 2, "2024-05-20T10:00:00.001Z"),
        )
        .with(
            Entity::Events,
            json!({
                "id": 301, "name": "Picnic", "body": "Bring cake", "community_member_id": 1,
                "starts_at": "2024-07-01T15:00:00Z", "duration_in_seconds": 7200,
                "in_person_location": "{\"formatted_address\":\"1 Park Lane\"}",
                "created_at": "2024-06-01T00:00:00Z", "space": { "id": 51 },
            }),
        )
}

async fn moved(stage: &Stage) -> Report {
    stage.apply(content()).await.unwrap();
    stage.everybody_accepts().await;
    stage.apply(content()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn spaces_and_text_arrive_with_author_and_time_and_a_second_apply_writes_nothing() {
    for generation in [Generation::Published, Generation::Newer] {
        let stage = Stage::with(&community(), |config| config.generation = generation);
        let report = moved(&stage).await;
        let count = |subject, outcome| report.count(subject, outcome);
        assert_eq!(count(Subject::SpaceGroup, "created"), 1);
        assert_eq!(
            (
                count(Subject::Space, "created"),
                count(Subject::Space, "skipped")
            ),
            (2, 1)
        );
        assert_eq!(count(Subject::SpaceMember, "created"), 2);
        assert_eq!(
            (
                count(Subject::Post, "created"),
                count(Subject::Post, "skipped")
            ),
            (2, 1)
        );
        assert_eq!(
            (
                count(Subject::Comment, "created"),
                count(Subject::Event, "created")
            ),
            (3, 1)
        );
        assert!(report.is_complete(), "{:#?}", report.sections);
        let world = stage.world().await;
        check_posts(&world);
        check_spaces(&world);
        let writes = stage.mutations().await;
        stage.apply(content()).await.unwrap();
        assert_eq!(stage.mutations().await, writes);
    }
}

fn check_posts(world: &Value) {
    let member = |email: &str| find(rows(world, "members"), "email", email)["id"].clone();
    let first = find(rows(world, "posts"), "title", "First");
    assert_eq!(first["ownerId"], member("ada@example.net"));
    assert_eq!(first["createdAt"], "2024-05-18T08:00:00.250Z");
    assert_eq!(first["publishedAt"], "2024-05-18T08:00:00.250Z");
    assert_eq!(
        first["content"], "<p>Text of First</p>",
        "no script comes along"
    );
    let of = |text: &str| find(rows(world, "posts"), "content", text);
    let (top, reply) = (of("<p>Comment 201</p>"), of("<p>Comment 202</p>"));
    assert_eq!(top["repliedToId"], first["id"]);
    assert_eq!(reply["repliedToId"], top["id"]);
    assert_eq!(reply["ownerId"], member("ada@example.net"));
    assert_eq!(reply["createdAt"], "2024-05-20T10:00:00.002Z");
    let event = find(rows(world, "posts"), "title", "Picnic");
    let field = |key: &str| find(event["fields"].as_array().unwrap(), "key", key)["value"].clone();
    assert_eq!(field("start_date"), "\"2024-07-01T15:00:00.000Z\"");
    assert_eq!(field("end_date"), "\"2024-07-01T17:00:00.000Z\"");
    assert_eq!(field("location"), "\"1 Park Lane\"");
}

fn check_spaces(world: &Value) {
    let lounge = find(rows(world, "spaces"), "slug", "lounge");
    assert_eq!(
        (&lounge["private"], &lounge["hidden"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(lounge["memberIds"].as_array().unwrap().len(), 2);
    let group = find(rows(world, "collections"), "name", "Talk");
    assert_eq!(lounge["collectionId"], group["id"]);
    // Circle said nothing about it.
    let den = find(rows(world, "spaces"), "slug", "den");
    assert_eq!(
        (&den["private"], &den["hidden"]),
        (&json!(true), &json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn text_of_somebody_who_is_no_member_yet_is_held_back() {
    let stage = Stage::new(&community());
    let report = stage.apply(content()).await.unwrap();
    let count = |subject, outcome| report.count(subject, outcome);
    assert_eq!(
        (
            count(Subject::Post, "held"),
            count(Subject::Post, "created")
        ),
        (2, 0)
    );
    assert_eq!(
        (
            count(Subject::Comment, "held"),
            count(Subject::SpaceMember, "held")
        ),
        (3, 2)
    );
    let plan = stage.plan(content()).await.unwrap();
    assert_eq!(plan.count(Subject::Post, "held"), 2);
}

#[tokio::test(start_paused = true)]
async fn with_a_fallback_owner_the_text_says_who_wrote_it() {
    let stage = Stage::new(&community());
    let owner = stage.world().await["members"][5]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let options = MoveArgs {
        fallback_owner: Some(owner.clone()),
        ..content()
    };
    let report = stage.apply(options).await.unwrap();
    assert_eq!(report.count(Subject::Post, "created"), 2);
    let world = stage.world().await;
    let first = find(rows(&world, "posts"), "title", "First");
    assert_eq!(first["ownerId"], owner);
    let text = first["content"].as_str().unwrap();
    assert!(
        text.starts_with("<p><em>Written by a former member on 2024-05-18.</em></p>"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_written_and_not_answered_is_found_and_not_written_again() {
    for operation in [
        "createPost",
        "createReply",
        "createSpace",
        "createCollection",
        "addSpaceMembers",
    ] {
        let stage = Stage::new(&community());
        stage.apply(options()).await.unwrap();
        stage.everybody_accepts().await;
        let lost = json!({ "count": 1, "operation": operation });
        stage.fault("status_5xx_after", lost).await;
        let report = stage.apply(content()).await.unwrap();
        assert!(report.is_complete(), "{operation}: {:#?}", report.sections);
        let world = stage.world().await;
        let ours = ["First", "Second", "Picnic"];
        let posts = rows(&world, "posts").iter();
        let posts = posts.filter(|post| ours.iter().any(|title| post["title"] == *title));
        assert_eq!(posts.count(), 3, "{operation}");
        let replies = rows(&world, "posts").iter();
        let replies = replies.filter(|post| {
            post["content"]
                .as_str()
                .is_some_and(|text| text.starts_with("<p>Comment"))
        });
        assert_eq!(replies.count(), 3, "{operation}");
        assert_eq!(rows(&world, "collections").len(), 1, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_space_of_that_name_that_shows_more_is_not_filled() {
    let records = Records::default()
        .person(1, "ada@example.net")
        .with(
            Entity::Spaces,
            json!({
                "id": 51, "name": "General", "slug": "general", "is_private": true,
                "is_hidden": false, "is_hidden_from_non_members": true,
            }),
        )
        .with(Entity::Posts, post(101, 1, "Secret"));
    let stage = Stage::new(&records);
    let report = moved(&stage).await;
    let line = &report
        .sections
        .iter()
        .find(|section| section.subject == Subject::Space)
        .unwrap()
        .lines[0];
    assert_eq!(
        line.reason.as_deref(),
        Some("space_of_that_name_is_less_private")
    );
    assert_eq!(report.count(Subject::Post, "held"), 1);
    let world = stage.world().await;
    assert!(
        rows(&world, "posts")
            .iter()
            .all(|post| post["title"] != "Secret")
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_nowhere_where_no_post_has_a_date() {
    let stage = Stage::new(&community());
    let world = stage.world().await;
    let general = find(rows(&world, "spaces"), "slug", "general")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mapping = stage.home.path().join("mapping.toml");
    std::fs::write(&mapping, format!("[spaces]\n51 = \"{general}\"\n")).unwrap();
    let options = MoveArgs {
        mapping: Some(mapping),
        ..content()
    };
    stage.apply(options.clone()).await.unwrap();
    stage.everybody_accepts().await;
    let report = stage.apply(options).await.unwrap();
    assert_eq!(report.count(Subject::Space, "matched"), 1);
    assert_eq!(report.count(Subject::Post, "created"), 2);
    let events = report
        .sections
        .iter()
        .find(|section| section.subject == Subject::Event)
        .unwrap();
    assert_eq!(
        events.lines[0].reason.as_deref(),
        Some("no_post_type_for_it")
    );
}

#[tokio::test(start_paused = true)]
async fn verify_names_what_is_not_there_any_more() {
    let stage = Stage::new(&community());
    moved(&stage).await;
    let good = verified(&stage).await;
    assert!(good.is_good(), "{}", good.text());
    assert_eq!(good.good[&Subject::Comment], 3);
    let world = stage.world().await;
    let id = |title: &str| {
        let post = find(rows(&world, "posts"), "title", title);
        post["id"].as_str().unwrap().to_owned()
    };
    let path = format!("/_fake/posts/{}", id("Second"));
    stage.control(Method::DELETE, &path, json!({})).await;
    let member = find(rows(&world, "members"), "email", "ada@example.net")["id"].clone();
    let path = format!("/_fake/members/{}", member.as_str().unwrap());
    stage.control(Method::DELETE, &path, json!({})).await;
    let bad = verified(&stage).await;
    let ids: Vec<_> = bad
        .bad
        .iter()
        .map(|(subject, id, _)| (*subject, *id))
        .collect();
    assert!(ids.contains(&(Subject::Post, 102)), "{}", bad.text());
    assert!(!bad.is_good());
}

async fn verified(stage: &Stage) -> Findings {
    let source = Source::open(&stage.snapshot()).unwrap();
    let ledger = Ledger::read(stage.home.path(), Stage::pair()).unwrap();
    let target = stage.target();
    verify(&source, &ledger, &target, Depth::Everything)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn direct_messages_are_said_to_stay() {
    let stage = Stage::new(&community());
    let report = stage.apply(options()).await.unwrap();
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("Direct messages")),
        "{:?}",
        report.notes
    );
}
