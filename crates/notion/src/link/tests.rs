//! Linking against the fake.

use std::sync::Arc;

use bytes::Bytes;
use fake_notion::{Fake, FakeConfig};
use http::Request;
use serde_json::{Value as Json, json};

use super::*;
use crate::{Config, Transport};

async fn control(fake: &Fake, method: &str, path: &str, body: Json) -> Json {
    let request = Request::builder()
        .method(method)
        .uri(format!("/_fake{path}"));
    let answer = fake
        .handle(request.body(Bytes::from(body.to_string())).unwrap())
        .await;
    assert!(answer.status().is_success(), "{path}: {:?}", answer.body());
    serde_json::from_slice(answer.body()).unwrap()
}

async fn hub() -> (Fake, Client, DataSource) {
    let fake = Fake::new(FakeConfig::default());
    let new = json!({ "title": "Hub", "data_sources": [{ "name": "Hub", "columns": {
        "Member Name": "title", "Member Email": "email", "Circle Member ID": "number",
        "BetterMode Member ID": "rich_text", "Notes": "rich_text",
    }}]});
    let made = control(&fake, "POST", "/databases", new).await;
    let inside = fake.clone();
    let transport = Transport::from_fn(move |request| {
        let fake = inside.clone();
        async move { fake.handle(request).await }
    });
    let config = Config::new("ntn_fake".into());
    let client = Client::over(transport, config, Arc::new(|| 0.5)).unwrap();
    let source = client
        .resolve(&made["id"].as_str().unwrap().parse().unwrap())
        .await
        .unwrap();
    (fake, client, source)
}

fn row(email: &str, circle: Option<u64>, bettermode: &str) -> Json {
    let text = |text: &str| json!({ "rich_text": [{ "text": { "content": text } }] });
    json!({ "properties": {
        "Member Email": { "email": email },
        "Circle Member ID": { "number": circle },
        "BetterMode Member ID": text(bettermode),
        "Notes": text("met in Berlin"),
    }})
}

fn person(email: &str, circle: u64, bettermode: &str) -> Person {
    Person {
        email: email.to_owned(),
        circle_member_id: circle,
        bettermode_member_id: bettermode.to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_found_by_circle_id_or_address_and_linked_once() {
    let (fake, client, source) = hub().await;
    let rows = json!({ "rows": [
        row("Ada@Example.org", None, ""),
        row("old@example.org", Some(4102), ""),
        row("twice@example.org", None, ""),
        row("twice@example.org", None, ""),
        row("held@example.org", None, "somebody-else"),
        row("done@example.org", None, "m5"),
    ]});
    let path = format!("/data_sources/{}/rows", source.id);
    control(&fake, "POST", &path, rows).await;
    let people = [
        person(" ada@example.org", 4101, "m1"),
        person("new@example.org", 4102, "m2"),
        person("twice@example.org", 4103, "m3"),
        person("held@example.org", 4104, "m4"),
        person("done@example.org", 4105, "m5"),
        person("nobody@example.org", 4106, "m6"),
    ];
    let columns = LinkColumns::default();
    let mut heard = Vec::new();
    let report = link(&client, &source, &columns, &people, |_, linked| {
        heard.push(linked.clone());
    });
    let report = report.await.unwrap();
    assert_eq!(
        heard,
        [
            Linked::Written,
            Linked::Written,
            Linked::Several(2),
            Linked::Differs,
            Linked::Unchanged,
            Linked::NoRow
        ]
    );
    assert_eq!(report.people(), people.len());
    let rows = control(&fake, "GET", &path, json!({})).await;
    assert_eq!(rows[0]["properties"]["BetterMode Member ID"], "m1");
    assert_eq!(rows[1]["properties"]["BetterMode Member ID"], "m2");
    assert_eq!(
        rows[4]["properties"]["BetterMode Member ID"],
        "somebody-else"
    );
    assert_eq!(rows[0]["properties"]["Notes"], "met in Berlin");

    let writes = client.requests().writes;
    let again = link(&client, &source, &columns, &people, |_, _| {})
        .await
        .unwrap();
    assert_eq!((again.written, again.unchanged), (0, 3));
    assert_eq!(
        client.requests().writes,
        writes,
        "a second run writes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_column_is_named_before_anything_is_read() {
    let (fake, client, source) = hub().await;
    let columns = LinkColumns {
        bettermode_member_id: "Platform ID".to_owned(),
        ..LinkColumns::default()
    };
    let error = link(&client, &source, &columns, &[], |_, _| {})
        .await
        .unwrap_err();
    assert!(error.to_string().contains("Platform ID"), "{error}");
    let counters = control(&fake, "GET", "/counters", json!({})).await;
    assert_eq!(counters["by_operation"]["query"], Json::Null);
}

#[test]
fn an_address_does_not_print_itself() {
    assert!(!format!("{:?}", person("ada@example.org", 1, "m1")).contains("ada"));
}
