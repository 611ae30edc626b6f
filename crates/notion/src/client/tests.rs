//! The client against the fake, in process and at simulated time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fake_notion::{Fake, FakeConfig, Fault, Setting};
use http::Request;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::{Client, Created, Key};
use crate::{Config, DataSource, Error, Properties, Query, Transport, Value};

/// A fake with a data source of a few columns, and a client of it.
struct Bench {
    fake: Fake,
    client: Client,
    source: DataSource,
}

impl Bench {
    async fn new() -> Self {
        Self::at(fake_notion::system_time()).await
    }

    async fn at(time: fake_notion::TimeSource) -> Self {
        let fake = Fake::new(FakeConfig {
            time,
            ..FakeConfig::default()
        });
        let new = json!({ "title": "Hub", "data_sources": [{ "name": "People", "columns": {
            "Name": "title", "Key": "rich_text", "Email": "email", "Tag": { "select": [] },
        }}]});
        let made = control(&fake, "POST", "/databases", new).await;
        let client = client(&fake, 4);
        let id = made["data_sources"]["People"].as_str().unwrap();
        let source = client.data_source(&id.parse().unwrap()).await.unwrap();
        Self {
            fake,
            client,
            source,
        }
    }

    async fn create(&self, key: &str) -> Result<Created, Error> {
        let properties = Properties::from([
            ("Name".to_owned(), Value::Title(key.to_owned())),
            ("Key".to_owned(), Value::RichText(key.to_owned())),
        ]);
        let column = self.source.property("Key").unwrap();
        let key = Key { column, value: key };
        self.client.create(&self.source.id, &key, &properties).await
    }

    fn fault(&self, fault: Fault, operation: &str, value: Option<u64>, count: u32) {
        self.fake.fault(
            fault,
            Setting {
                count: Some(count),
                value,
                operation: Some(operation.to_owned()),
            },
        );
    }

    async fn rows(&self) -> usize {
        let path = format!("/data_sources/{}/rows", self.source.id);
        let rows = control(&self.fake, "GET", &path, json!({})).await;
        rows.as_array().unwrap().len()
    }

    async fn count(&self, operation: &str) -> u64 {
        let counters = control(&self.fake, "GET", "/counters", json!({})).await;
        counters["by_operation"][operation].as_u64().unwrap_or(0)
    }
}

fn client(fake: &Fake, attempts: u32) -> Client {
    let fake = fake.clone();
    let transport = Transport::from_fn(move |request| {
        let fake = fake.clone();
        async move { fake.handle(request).await }
    });
    let config = Config {
        attempts,
        ..Config::new("ntn_fake".into())
    };
    Client::over(transport, config, Arc::new(|| 0.5)).unwrap()
}

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

#[tokio::test(start_paused = true)]
async fn a_create_that_timed_out_is_found_and_not_made_twice() {
    let bench = Bench::new().await;
    // Longer than the client waits for one attempt; the row is made all the same.
    bench.fault(Fault::LateAnswerMs, "create_page", Some(120_000), 1);
    let created = bench.create("k1").await.unwrap();
    assert!(matches!(created, Created::Found(_)), "{created:?}");
    assert_eq!(
        (bench.rows().await, bench.count("create_page").await),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_outcome_is_unknown_is_looked_up_before_it_is_sent_again() {
    for fault in [Fault::Status409After, Fault::Status5xxAfter, Fault::CutBody] {
        let bench = Bench::new().await;
        bench.fault(fault, "create_page", None, 1);
        let created = bench.create("k1").await.unwrap();
        assert!(matches!(created, Created::Found(_)), "{fault:?}");
        assert_eq!(bench.rows().await, 1, "{fault:?}");
    }
    for fault in [
        Fault::Status409,
        Fault::Status529,
        Fault::Status5xx,
        Fault::HtmlBody,
    ] {
        let bench = Bench::new().await;
        bench.fault(fault, "create_page", None, 1);
        let created = bench.create("k1").await.unwrap();
        assert!(matches!(created, Created::Made(_)), "{fault:?}");
        assert_eq!(bench.count("query").await, 1, "{fault:?} is looked up once");
        assert_eq!(bench.rows().await, 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_refused_for_the_pace_needs_no_look_up() {
    let bench = Bench::new().await;
    bench.fault(Fault::Status429, "create_page", Some(30), 1);
    assert!(matches!(
        bench.create("k1").await.unwrap(),
        Created::Made(_)
    ));
    assert_eq!(bench.count("query").await, 0);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_in_full_beyond_a_minute_and_by_everybody() {
    for fault in [Fault::Status429, Fault::Status529] {
        let bench = Bench::new().await;
        bench.fault(fault, "get_user", Some(300), 1);
        let start = Instant::now();
        let other = bench.client.clone();
        let (first, second) = tokio::join!(bench.client.integration(), async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            other.data_source(&bench.source.id).await
        });
        first.unwrap();
        second.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(300), "{fault:?}");
        assert_eq!(bench.client.requests().throttled, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_on_an_update_is_tried_again_with_growing_pauses() {
    let bench = Bench::new().await;
    let page = bench.create("k1").await.unwrap().page().clone();
    bench.fault(Fault::Status409, "update_page", None, 3);
    let tag = Value::Select(Some("VIP".to_owned()));
    let change = Properties::from([("Tag".to_owned(), tag)]);
    let start = Instant::now();
    bench.client.update(&page, &change).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs_f64(0.75 + 1.5 + 3.0));
    bench.fault(Fault::Status409, "update_page", None, 4);
    let error = bench.client.update(&page, &change).await.unwrap_err();
    assert!(
        matches!(error, Error::Unavailable { attempts: 4, .. }),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_are_not_repeated_and_say_what_to_do() {
    let bench = Bench::new().await;
    for (fault, wanted) in [
        (Fault::Status401, "NOTION_API_TOKEN"),
        (Fault::BlockLimit, "free plan"),
        (Fault::Redirect, "302"),
    ] {
        let before = bench.count("get_user").await;
        bench.fault(fault, "get_user", None, 1);
        let error = bench.client.integration().await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(bench.count("get_user").await, before + 1, "{fault:?}");
    }
    let wrong = Properties::from([("Email".to_owned(), Value::Number(Some(1.0)))]);
    let page = bench.create("k1").await.unwrap().page().clone();
    let error = bench.client.update(&page, &wrong).await.unwrap_err();
    assert!(
        error.to_string().contains("Email is expected to be email"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_multi_source_database_needs_the_id_of_one_of_them() {
    let bench = Bench::new().await;
    let source = |name| json!({ "name": name, "columns": { "Name": "title" } });
    let two = json!({ "title": "Two", "data_sources": [source("A"), source("B")] });
    let made = control(&bench.fake, "POST", "/databases", two).await;
    let database = made["id"].as_str().unwrap().parse().unwrap();
    let error = bench.client.resolve(&database).await.unwrap_err();
    assert!(
        matches!(error, Error::SeveralSources { count: 2, .. }),
        "{error}"
    );
    let id = made["data_sources"]["B"].as_str().unwrap();
    assert!(error.to_string().contains(id), "{error}");
    let found = bench.client.resolve(&id.parse().unwrap()).await.unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str()), (id, "B"));
}

#[tokio::test(start_paused = true)]
async fn a_database_that_was_not_connected_is_not_found() {
    let bench = Bench::new().await;
    let columns = json!({ "Name": "title" });
    let hidden = json!({ "title": "Hidden", "connected": false,
        "data_sources": [{ "name": "Hidden", "columns": columns }] });
    let made = control(&bench.fake, "POST", "/databases", hidden).await;
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let error = bench.client.resolve(&id).await.unwrap_err();
    assert!(error.to_string().contains("Connections"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_scan_goes_past_10000_rows_and_hands_over_each_once() {
    let bench = Bench::new().await;
    let begin: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    // Seven in a minute: the second query begins inside a minute that was begun.
    let rows: Vec<_> = (0..12_003_i64)
        .map(|number| {
            let time = begin + Duration::from_secs(60) * u32::try_from(number / 7).unwrap();
            json!({ "created_time": time, "properties": {} })
        })
        .collect();
    let path = format!("/data_sources/{}/rows", bench.source.id);
    control(&bench.fake, "POST", &path, json!({ "rows": rows })).await;
    let key = bench.source.property("Key").unwrap().id.clone();
    let mut seen = Vec::new();
    let columns = [key];
    let scan = bench
        .client
        .scan(&bench.source.id, &columns, |row| seen.push(row.id));
    scan.await.unwrap();
    assert_eq!(seen.len(), 12_003);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 12_003);
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_cannot_go_on_says_so() {
    let bench = Bench::new().await;
    let time = "2025-01-01T00:00:00Z";
    let row = json!({ "created_time": time, "properties": {} });
    let rows = vec![row; 10_001];
    let path = format!("/data_sources/{}/rows", bench.source.id);
    control(&bench.fake, "POST", &path, json!({ "rows": rows })).await;
    let scan = bench.client.scan(&bench.source.id, &[], |_| {});
    let error = scan.await.unwrap_err();
    assert!(error.to_string().contains("one minute"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn filter_properties_keep_answers_small() {
    let bench = Bench::new().await;
    bench.create("k1").await.unwrap();
    let key = bench.source.property("Key").unwrap().id.clone();
    let query = Query {
        columns: vec![key.clone()],
        ..Query::default()
    };
    let page = bench.client.query(&bench.source.id, &query).await.unwrap();
    let title = &bench.source.property("Name").unwrap().id;
    assert_eq!(page.rows[0].text(&key), "k1");
    assert_eq!(page.rows[0].text(title), "");
}
