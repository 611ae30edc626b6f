//! The last step of a move: rows of Notion's Community Hub.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::program::{Site, said};
use crate::stage::Records;

/// A fake Notion on a socket.
struct Hub {
    fake: fake_notion::Fake,
    url: String,
    database: String,
    source: String,
    stop: tokio_util::sync::CancellationToken,
}

impl Hub {
    async fn new(rows: Value) -> Self {
        let fake = fake_notion::Fake::new(fake_notion::FakeConfig::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = tokio_util::sync::CancellationToken::new();
        let (serving, until) = (fake.clone(), stop.clone());
        tokio::task::spawn_blocking(move || {
            tokio::runtime::Handle::current().block_on(serving.serve(listener, until));
        });
        let columns = json!({
            "Member Name": "title", "Member Email": "email", "Circle Member ID": "number",
            "BetterMode Member ID": "rich_text", "Notes": "rich_text",
        });
        let sources = json!([{ "name": "Hub", "columns": columns }]);
        let new = json!({ "title": "Hub", "data_sources": sources });
        let made = control(&fake, "POST", "/databases", &new).await;
        let source = made["data_sources"]["Hub"].as_str().unwrap().to_owned();
        let path = format!("/data_sources/{source}/rows");
        control(&fake, "POST", &path, &json!({ "rows": rows })).await;
        Self {
            database: made["id"].as_str().unwrap().to_owned(),
            fake,
            url,
            source,
            stop,
        }
    }

    async fn rows(&self) -> Value {
        let path = format!("/data_sources/{}/rows", self.source);
        control(&self.fake, "GET", &path, &json!({})).await
    }

    async fn writes(&self) -> Value {
        control(&self.fake, "GET", "/counters", &json!({})).await["rows_changed"].clone()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn control(fake: &fake_notion::Fake, method: &str, path: &str, body: &Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/_fake{path}"));
    let request = request.body(Bytes::from(body.to_string())).unwrap();
    let answer = fake.handle(request).await;
    assert!(answer.status().is_success(), "{path}: {:?}", answer.body());
    serde_json::from_slice(answer.body()).unwrap()
}

/// Somebody who is in BetterMode already: id and address.
async fn a_member(site: &Site) -> (String, String) {
    let request = Request::get("/_fake/world").body(Bytes::new()).unwrap();
    let world: Value = serde_json::from_slice(site.fake.handle(request).await.body()).unwrap();
    let members = world["members"].as_array().unwrap();
    let member = members
        .iter()
        .find(|member| member["status"] == "VERIFIED")
        .unwrap();
    let text = |key: &str| member[key].as_str().unwrap().to_owned();
    (text("id"), text("email"))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_the_community_hub_learn_who_is_who_once() {
    let site = Site::new().await;
    let (id, email) = a_member(&site).await;
    let row = |email: &str| {
        let notes = json!([{ "text": { "content": "met in Berlin" } }]);
        json!({ "properties": { "Member Email": { "email": email }, "Notes": { "rich_text": notes } } })
    };
    let hub = Hub::new(json!([
        row(&email.to_uppercase()),
        row("stranger@example.org")
    ]))
    .await;
    site.snapshot(&Records::default().person(4101, &email));
    let apply = async || {
        let mut command = site.command(&["apply", "--notion-token", "ntn_fake"]);
        command
            .env("NOTION_API_URL", &hub.url)
            .env("NOTION_COMMUNITY_HUB_DB", &hub.database);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        output.await.unwrap()
    };
    let applied = apply().await;
    assert_eq!(applied.status.code(), Some(0), "{}", said(&applied));
    assert!(
        said(&applied).contains("1 people: 1 written"),
        "{}",
        said(&applied)
    );
    let rows = hub.rows().await;
    assert_eq!(rows[0]["properties"]["BetterMode Member ID"], json!(id));
    assert_eq!(rows[0]["properties"]["Notes"], "met in Berlin");
    assert_eq!(rows[1]["properties"]["BetterMode Member ID"], "");
    let table = site.home.path().join("circle-migrate/notion_rows.csv");
    let table = std::fs::read_to_string(table).unwrap();
    assert!(table.ends_with(&format!("4101,{id},written\n")), "{table}");

    let writes = hub.writes().await;
    let again = apply().await;
    assert!(
        said(&again).contains("0 written, 1 held the id already"),
        "{}",
        said(&again)
    );
    assert_eq!(hub.writes().await, writes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notion_that_refuses_leaves_the_move_done_and_says_so() {
    let site = Site::new().await;
    let (_, email) = a_member(&site).await;
    let hub = Hub::new(json!([])).await;
    site.snapshot(&Records::default().person(4101, &email));
    let mut command = site.command(&["apply", "--notion-token", "ntn_other"]);
    command
        .env("NOTION_API_URL", &hub.url)
        .env("NOTION_COMMUNITY_HUB_DB", &hub.database);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let said = said(&output);
    assert!(said.contains("Notion refuses the token"), "{said}");
    assert!(!said.contains("ntn_other"), "{said}");
}
