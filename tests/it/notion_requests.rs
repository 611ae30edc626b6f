//! Our requests against the types of Notion's own client, and that client against the fake.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use integration_tests::tools::{self, Ran};
use integration_tests::{Fake, Program, ports};
use jiff::Timestamp;
use notion::{
    Client, Config, DataSourceId, Filter, Key, PageId, Properties, Property, PropertyId,
    PropertyKind, Query, Transport, Value,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const ID: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

/// A request as it left: method, path with its options, body.
type Sent = (String, String, Json);

/// One of each request, values of every type among them.
async fn every_request() -> Vec<Sent> {
    let sent: Arc<Mutex<Vec<Sent>>> = Arc::default();
    let noted = Arc::clone(&sent);
    let transport = Transport::from_fn(move |request: Request<Bytes>| {
        let body = serde_json::from_slice(request.body()).unwrap_or(Json::Null);
        let path = request.uri().to_string();
        noted
            .lock()
            .unwrap()
            .push((request.method().to_string(), path, body));
        let page = json!({ "object": "page", "id": ID, "results": [], "properties": {} });
        async move { Response::new(Bytes::from(page.to_string())) }
    });
    let config = Config {
        requests_per_second: 10_000.0,
        ..Config::new("ntn_fake".into())
    };
    let client = Client::over(transport, config, Arc::new(|| 0.5)).unwrap();
    let source: DataSourceId = ID.parse().unwrap();
    let page: PageId = ID.parse().unwrap();
    let column = Property {
        id: PropertyId::new("a%3Bcd"),
        name: "External ID".to_owned(),
        kind: PropertyKind::RichText,
        related: None,
    };
    let key = Key {
        column: &column,
        value: "k1",
    };
    client.create(&source, &key, &every_value()).await.unwrap();
    client.create(&source, &key, &no_value()).await.unwrap();
    client.update(&page, &every_value()).await.unwrap();
    client.find(&source, &key).await.unwrap();
    let window = Query {
        filter: Some(Filter::CreatedFrom("2025-01-10T12:00:00.000Z".to_owned())),
        columns: vec![column.id.clone()],
        cursor: Some(ID.to_owned()),
    };
    client.query(&source, &window).await.unwrap();
    let kinds = every_value()
        .into_iter()
        .map(|(name, value)| (name, value.kind()));
    let columns: Vec<_> = kinds
        .filter(|(_, kind)| *kind != PropertyKind::Title)
        .map(|(name, kind)| {
            let related = (kind == PropertyKind::Relation).then(|| source.clone());
            (name, kind, related)
        })
        .collect();
    client.add_columns(&source, &columns).await.unwrap();
    sent.lock().unwrap().clone()
}

fn every_value() -> Properties {
    let text = |text: &str| Some(text.to_owned());
    let at: Timestamp = "2025-01-10T12:00:00Z".parse().unwrap();
    let values = [
        Value::Title("Ada".to_owned()),
        Value::RichText(format!("{}\u{1F511}", "a".repeat(2_000))),
        Value::Email(text("ada@example.org")),
        Value::Url(text("https://example.org")),
        Value::PhoneNumber(text("1")),
        Value::Select(text("Admin, retired")),
        Value::MultiSelect(vec!["a".to_owned(), "b".to_owned()]),
        Value::Status(text("On")),
        Value::Date(Some(at)),
        Value::Number(Some(4.5)),
        Value::Checkbox(true),
        Value::Relation(vec![ID.parse().unwrap()]),
    ];
    named(values)
}

fn no_value() -> Properties {
    named([
        Value::RichText(String::new()),
        Value::Email(None),
        Value::Url(None),
        Value::PhoneNumber(None),
        Value::Select(None),
        Value::MultiSelect(Vec::new()),
        Value::Status(None),
        Value::Date(None),
        Value::Number(None),
        Value::Relation(Vec::new()),
    ])
}

fn named(values: impl IntoIterator<Item = Value>) -> Properties {
    let name = |value: Value| (value.kind().to_string(), value);
    values.into_iter().map(name).collect()
}

/// The request as an argument of the official client's method.
fn typed((method, path, body): &Sent) -> (&'static str, Json) {
    let (path, options) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.rsplit('/').collect();
    let (kind, own) = match (method.as_str(), parts.as_slice()) {
        ("POST", ["pages", ..]) => ("CreatePageParameters", json!({})),
        ("PATCH", [id, "pages", ..]) => ("UpdatePageParameters", json!({ "page_id": id })),
        ("POST", ["query", id, ..]) => {
            let columns: Vec<_> = options
                .split('&')
                .filter_map(|option| option.strip_prefix("filter_properties="))
                .collect();
            let own = json!({ "data_source_id": id, "filter_properties": columns });
            ("QueryDataSourceParameters", own)
        }
        ("PATCH", [id, "data_sources", ..]) => (
            "UpdateDataSourceParameters",
            json!({ "data_source_id": id }),
        ),
        other => panic!("no type for {other:?}"),
    };
    let mut argument = own;
    for (key, value) in body.as_object().unwrap() {
        argument[key] = value.clone();
    }
    (kind, argument)
}

/// What the compiler of TypeScript says of these arguments.
fn compile(arguments: &[(&str, Json)]) -> Ran {
    let folder = TempDir::new().unwrap();
    let modules = tools::tool("TEST_NOTION_CLIENT").join("node_modules");
    std::os::unix::fs::symlink(&modules, folder.path().join("node_modules")).unwrap();
    let mut source = "import type * as notion from '@notionhq/client'\n".to_owned();
    for (number, (kind, argument)) in arguments.iter().enumerate() {
        let name = format!("request{number}");
        source.extend(["export const ", &name, ": notion.", kind, " = "]);
        source.extend([&argument.to_string(), "\n"]);
    }
    fs::write(folder.path().join("requests.ts"), source).unwrap();
    tools::finish(
        Command::new(tools::tool("TEST_NODE"))
            .current_dir(folder.path())
            .arg(modules.join("typescript/bin/tsc"))
            .args([
                "--noEmit",
                "--strict",
                "--skipLibCheck",
                "--module",
                "nodenext",
            ])
            .args([
                "--moduleResolution",
                "nodenext",
                "--target",
                "es2022",
                "requests.ts",
            ]),
    )
}

#[tokio::test]
async fn every_request_has_the_type_that_notions_own_client_gives_it() {
    let sent = every_request().await;
    let typed: Vec<_> = sent.iter().map(typed).collect();
    let kinds: std::collections::BTreeSet<_> = typed.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    let ran = compile(&typed);
    assert!(ran.succeeded, "{}", ran.stdout);
}

#[test]
fn the_types_refuse_what_notion_would_refuse() {
    for wrong in [
        json!({ "properties": { "Email": { "email": 4 } } }),
        json!({ "properties": { "Done": { "checkbox": null } } }),
        json!({ "properties": { "Role": { "select": "Admin" } } }),
    ] {
        let ran = compile(&[("CreatePageParameters", wrong.clone())]);
        assert!(
            !ran.succeeded && ran.stdout.contains("error TS"),
            "{wrong}: {ran:?}"
        );
    }
}

#[tokio::test]
async fn notions_own_client_understands_the_fake() {
    let folder = TempDir::new().unwrap();
    let address = ports::free();
    let path = tools::built("fake-notion");
    let mut program = Program::new("fake-notion", &path, folder.path(), &[address]);
    program.set("FAKE_NOTION_LISTEN", &address.to_string());
    program.set("FAKE_NOTION_TOKEN", "ntn_official");
    program.start().await;
    let world = Fake::at(address).get("/_fake/world").await;
    let database = world["databases"][0]["id"].as_str().unwrap().to_owned();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("notion-client/check.mjs");
    let ran = tokio::task::spawn_blocking(move || {
        tools::finish(
            Command::new(tools::tool("TEST_NODE"))
                .current_dir(tools::tool("TEST_NOTION_CLIENT"))
                .env("FAKE_URL", format!("http://{address}"))
                .env("FAKE_TOKEN", "ntn_official")
                .env("FAKE_DATABASE", database)
                .arg(script),
        )
    });
    let ran = ran.await.unwrap();
    assert!(ran.succeeded, "{ran:?}");
    let found: Json = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found["ok"], true, "{found}");
}
