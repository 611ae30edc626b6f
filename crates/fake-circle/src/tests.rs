use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::{AuthScheme, DEFAULT_TOKEN, Fake, FakeConfig, Fault, Limits, Setting};

async fn ask(fake: &Fake, path: &str, token: &str) -> (u16, Value) {
    let request = Request::get(format!("/api/admin/v2/{path}"))
        .header("Authorization", token)
        .body(Bytes::new())
        .unwrap();
    let response: Response<Bytes> = fake.handle(request).await;
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    (response.status().as_u16(), body)
}

async fn get(fake: &Fake, path: &str) -> Value {
    let (status, body) = ask(fake, path, &format!("Bearer {DEFAULT_TOKEN}")).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn control(fake: &Fake, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/_fake/{path}"))
        .body(Bytes::from(body.to_string()))
        .unwrap();
    serde_json::from_slice(fake.handle(request).await.body()).unwrap()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_community() {
    let [one, two] = [1, 1].map(|seed| {
        Fake::new(FakeConfig {
            seed,
            ..FakeConfig::default()
        })
    });
    for path in [
        "community_members?status=all&per_page=60",
        "posts",
        "comments",
        "events",
    ] {
        assert_eq!(get(&one, path).await, get(&two, path).await);
    }
    let other = Fake::new(FakeConfig {
        seed: 2,
        ..FakeConfig::default()
    });
    assert_ne!(
        get(&one, "community_members").await,
        get(&other, "community_members").await
    );
}

#[tokio::test]
async fn only_confirmed_members_are_listed_unless_all_are_asked_for() {
    let fake = Fake::new(FakeConfig::default());
    let count = async |path| get(&fake, path).await["count"].as_u64().unwrap();
    assert_eq!(count("community_members").await, 57);
    assert_eq!(count("community_members?status=inactive").await, 3);
    assert_eq!(count("community_members?status=all").await, 60);
}

#[tokio::test]
async fn pages_of_fifty_thousand_members_come_to_an_end() {
    let fake = Fake::new(FakeConfig {
        members: 50_000,
        ..FakeConfig::default()
    });
    let page = async |n| {
        get(
            &fake,
            &format!("community_members?status=all&per_page=500&page={n}"),
        )
        .await
    };
    let first = page(1).await;
    assert_eq!(
        (&first["per_page"], &first["page_count"]),
        (&json!(100), &json!(500))
    );
    let last = page(500).await;
    assert_eq!(last["has_next_page"], false);
    assert_eq!(last["records"].as_array().unwrap().len(), 100);
    assert_eq!(page(501).await["records"], json!([]));
}

#[tokio::test]
async fn a_wrong_token_or_word_before_it_is_refused() {
    let fake = Fake::new(FakeConfig {
        auth_scheme: AuthScheme::Token,
        ..FakeConfig::default()
    });
    for wrong in [
        "Bearer fake-circle-token",
        "Token other",
        "fake-circle-token",
    ] {
        let (status, body) = ask(&fake, "community", wrong).await;
        assert_eq!(
            (status, &body["message"]),
            (401, &json!("The API token is invalid."))
        );
    }
    assert_eq!(
        ask(&fake, "community", "Token fake-circle-token").await.0,
        200
    );
}

#[tokio::test]
async fn search_answers_one_object_or_404() {
    let fake = Fake::new(FakeConfig::default());
    let found = get(
        &fake,
        "community_members/search?email=MEMBER4105%40example.org",
    )
    .await;
    assert_eq!(found["id"], 4105);
    let token = format!("Bearer {DEFAULT_TOKEN}");
    let (status, body) = ask(&fake, "community_members/search?email=x%40y.z", &token).await;
    assert_eq!(status, 404);
    assert_eq!(
        body["error_details"]["message"],
        "Missing record: community member"
    );
}

#[tokio::test]
async fn quotas_run_out_and_4xx_count_but_429_and_5xx_do_not() {
    let fake = Fake::new(FakeConfig {
        limits: Limits {
            window_requests: 3,
            month_requests: 30_000,
        },
        ..FakeConfig::default()
    });
    let fault = Setting {
        count: Some(1),
        ..Setting::default()
    };
    fake.set_fault(Fault::Status5xx, fault);
    let token = format!("Bearer {DEFAULT_TOKEN}");
    let mut statuses = Vec::new();
    for path in ["community", "community", "nowhere/at/all", "community"] {
        statuses.push(ask(&fake, path, &token).await.0);
    }
    assert_eq!(statuses, [503, 200, 404, 429]);
    assert_eq!(fake.counters()["counted_for_the_month"], 2);
}

#[tokio::test]
async fn a_write_is_refused_and_counted() {
    let fake = Fake::new(FakeConfig::default());
    let request = Request::post("/api/admin/v2/community_members")
        .header("Authorization", format!("Bearer {DEFAULT_TOKEN}"))
        .body(Bytes::new())
        .unwrap();
    assert_eq!(fake.handle(request).await.status().as_u16(), 405);
    assert_eq!(fake.counters()["mutations_refused"], 1);
}

#[tokio::test]
async fn members_join_change_and_leave_by_control_paths() {
    let fake = Fake::new(FakeConfig::default());
    let joined = control(&fake, "POST", "members", json!({ "email": null })).await;
    assert_eq!(
        (&joined["id"], &joined["email"]),
        (&json!(4161), &Value::Null)
    );
    let changed = control(&fake, "POST", "members/4101", json!({ "name": "Ada L." })).await;
    assert_eq!(changed["name"], "Ada L.");
    control(&fake, "DELETE", "members/4102", json!({})).await;
    assert_eq!(
        get(&fake, "community_members?status=all").await["count"],
        60
    );
    let world = control(&fake, "GET", "world", json!({})).await;
    assert_eq!(world["counts"]["members"], 60);
}

#[tokio::test]
async fn a_space_lists_its_members_and_needs_its_id() {
    let fake = Fake::new(FakeConfig::default());
    assert_eq!(get(&fake, "space_members?space_id=501").await["count"], 60);
    assert_eq!(get(&fake, "space_members?space_id=503").await["count"], 20);
    let token = format!("Bearer {DEFAULT_TOKEN}");
    assert_eq!(ask(&fake, "space_members", &token).await.0, 400);
}

#[tokio::test]
async fn comments_have_two_levels_and_posts_all_states() {
    let fake = Fake::new(FakeConfig::default());
    let posts = get(&fake, "posts?status=all&per_page=100").await;
    assert_eq!(posts["count"], 40);
    assert!(get(&fake, "posts").await["count"].as_u64().unwrap() < 40);
    let comments = get(&fake, "comments?per_page=100").await;
    let rows = comments["records"].as_array().unwrap();
    let parents: Vec<_> = rows
        .iter()
        .filter(|row| row["parent_comment_id"].is_null())
        .collect();
    assert!(!parents.is_empty() && parents.len() < rows.len());
}

#[tokio::test]
async fn odd_pages_come_when_switched_on() {
    let fake = Fake::new(FakeConfig::default());
    let on = |fault, value| {
        fake.clear_faults();
        fake.set_fault(
            fault,
            Setting {
                value,
                ..Setting::default()
            },
        );
    };
    let page = async |n| {
        get(
            &fake,
            &format!("community_members?status=all&per_page=20&page={n}"),
        )
        .await
    };
    let first = page(1).await;
    on(Fault::RepeatPage, None);
    assert_eq!(page(2).await["records"], first["records"]);
    on(Fault::IgnorePage, None);
    let ignored = page(3).await;
    assert_eq!(
        (&ignored["page"], &ignored["has_next_page"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(ignored["records"], first["records"]);
    on(Fault::EmptyLastPage, None);
    assert_eq!(page(3).await["has_next_page"], true);
    on(Fault::PageCountLies, Some(1));
    assert_eq!(page(1).await["page_count"], 1);
    on(Fault::PerPageLower, Some(7));
    assert_eq!(page(1).await["per_page"], 7);
    on(Fault::DuplicateRow, None);
    assert_eq!(page(2).await["records"][0], first["records"][19]);
}
