//! What the fake refuses, as Notion would.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::{Fake, FakeConfig};

const VERSION: &str = "2025-09-03";

async fn ask(fake: &Fake, method: &str, path: &str, body: Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer ntn_fake")
        .header("notion-version", VERSION)
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let answer = fake.handle(request).await;
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
    )
}

/// A fake with one data source, and its id.
async fn fake() -> (Fake, String) {
    let fake = Fake::new(FakeConfig::default());
    let new = json!({ "title": "Hub", "data_sources": [{ "name": "Hub", "columns": {
        "Name": "title", "Key": "rich_text", "Email": "email", "Role": { "select": [] },
        "Tags": { "multi_select": [] }, "State": { "status": ["On"] }, "Made": "created_time",
        "Web": "url", "Sum": "number", "Yes": "checkbox", "On": "date",
    }}]});
    let (_, made) = ask(&fake, "POST", "/_fake/databases", new).await;
    let id = made["data_sources"]["Hub"].as_str().unwrap().to_owned();
    (fake, id)
}

async fn create(fake: &Fake, source: &str, properties: Value) -> (u16, Value) {
    let body = json!({
        "parent": { "type": "data_source_id", "data_source_id": source },
        "properties": properties,
    });
    ask(fake, "POST", "/v1/pages", body).await
}

fn text(content: &str) -> Value {
    json!([{ "text": { "content": content } }])
}

#[tokio::test]
async fn a_token_and_the_version_are_demanded() {
    let (fake, _) = fake().await;
    for (token, version, code) in [
        ("Bearer other", VERSION, "unauthorized"),
        ("Bearer ntn_fake", "2022-06-28", "validation_error"),
        ("Bearer ntn_fake", "", "missing_version"),
    ] {
        let mut request = Request::get("/v1/users/me").header("authorization", token);
        if !version.is_empty() {
            request = request.header("notion-version", version);
        }
        let answer = fake.handle(request.body(Bytes::new()).unwrap()).await;
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(body["code"], code);
        assert_eq!(body["object"], "error");
    }
}

#[tokio::test]
async fn values_of_another_type_and_values_beyond_the_limits_are_refused() {
    let (fake, source) = fake().await;
    let many: Vec<_> = (0..101).map(|n| json!({ "name": n.to_string() })).collect();
    for wrong in [
        json!({ "Name": { "rich_text": text("x") } }),
        json!({ "Email": { "rich_text": text("a@b.c") } }),
        json!({ "Email": { "email": "" } }),
        json!({ "Email": { "email": format!("{}@b.c", "a".repeat(200)) } }),
        json!({ "Role": { "select": { "name": "a,b" } } }),
        json!({ "Role": { "select": { "name": "x".repeat(101) } } }),
        json!({ "Tags": { "multi_select": many } }),
        json!({ "State": { "status": { "name": "Off" } } }),
        json!({ "Made": { "created_time": "2025-01-01T00:00:00Z" } }),
        json!({ "Key": { "rich_text": text(&"x".repeat(2_001)) } }),
        json!({ "Key": { "rich_text": text(&"\u{1F511}".repeat(1_001)) } }),
        json!({ "Sum": { "number": "4" } }),
        json!({ "Yes": { "checkbox": null } }),
        json!({ "On": { "date": { "start": "soon" } } }),
        json!({ "Nobody": { "number": 1 } }),
    ] {
        let (status, body) = create(&fake, &source, wrong.clone()).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("validation_error")),
            "{wrong}"
        );
    }
    let (_, rows) = ask(
        &fake,
        "GET",
        &format!("/_fake/data_sources/{source}/rows"),
        json!({}),
    )
    .await;
    assert_eq!(rows, json!([]));
}

#[tokio::test]
async fn a_row_is_made_found_changed_and_frozen_in_the_trash() {
    let (fake, source) = fake().await;
    let row = json!({ "Name": { "title": text("Ada") }, "Key": { "rich_text": text("k1") } });
    let (status, page) = create(&fake, &source, row).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(page["properties"]["Name"]["title"][0]["plain_text"], "Ada");
    let query = json!({ "filter": { "property": "Key", "rich_text": { "equals": "k1" } } });
    let path = format!("/v1/data_sources/{source}/query");
    let (_, found) = ask(&fake, "POST", &path, query).await;
    assert_eq!(found["results"][0]["id"], page["id"]);
    let wrong = json!({ "filter": { "property": "Email", "rich_text": { "equals": "k1" } } });
    assert_eq!(ask(&fake, "POST", &path, wrong).await.0, 400);

    let path = format!("/v1/pages/{}", page["id"].as_str().unwrap());
    let change = json!({ "properties": { "Role": { "select": { "name": "Admin" } } } });
    let (_, changed) = ask(&fake, "PATCH", &path, change.clone()).await;
    assert_eq!(changed["properties"]["Role"]["select"]["name"], "Admin");
    assert_eq!(
        changed["properties"]["Name"]["title"][0]["plain_text"],
        "Ada"
    );
    ask(&fake, "PATCH", &path, json!({ "in_trash": true })).await;
    assert_eq!(ask(&fake, "PATCH", &path, change).await.0, 400);
}

#[tokio::test]
async fn a_query_ends_at_10000_rows_and_says_so() {
    let (fake, source) = fake().await;
    let rows: Vec<_> = (0..10_050).map(|_| json!({ "properties": {} })).collect();
    let path = format!("/_fake/data_sources/{source}/rows");
    ask(&fake, "POST", &path, json!({ "rows": rows })).await;
    let path = format!("/v1/data_sources/{source}/query");
    let (mut cursor, mut count) = (Value::Null, 0);
    loop {
        let mut body = json!({ "page_size": 100 });
        if !cursor.is_null() {
            body["start_cursor"] = cursor;
        }
        let (_, page) = ask(&fake, "POST", &path, body).await;
        count += page["results"].as_array().unwrap().len();
        cursor = page["next_cursor"].clone();
        if page["has_more"] == false {
            assert_eq!(page["request_status"]["type"], "incomplete");
            break;
        }
    }
    assert_eq!(count, 10_000);
}
