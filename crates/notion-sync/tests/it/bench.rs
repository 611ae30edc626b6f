//! A fake Notion with two databases, a community, a folder: all that an engine needs, and
//! that stays when an engine is thrown away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fake_notion::{Fake, FakeConfig, Fault, Setting};
use http::{Method, Request};
use jiff::Timestamp;
use notion::{Client, Config, DatabaseId, Transport};
use notion_sync::community::Step;
use notion_sync::engine::{Engine, Parts, Targets};
use notion_sync::error::Error;
use notion_sync::mapping::{self, Mapping};
use notion_sync::metrics::Metrics;
use notion_sync::model::Event;
use notion_sync::state::State;
use serde_json::{Value as Json, json};
use service_kit::clock::{Clock, SharedClock};
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::community::TestCommunity;

pub(crate) const NETWORK: &str = "net1";
pub(crate) const WINDOW: Duration = Duration::from_secs(30);

/// The runtime's time, which tests let stand still and jump, as a wall clock.
#[derive(Debug)]
pub(crate) struct RuntimeClock {
    zero: Instant,
}

impl RuntimeClock {
    pub(crate) fn shared() -> SharedClock {
        Arc::new(Self {
            zero: Instant::now(),
        })
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let begin = Timestamp::from_second(1_770_000_000).unwrap();
        begin + self.zero.elapsed()
    }
}

/// A write that was sent: when, and the body.
pub(crate) type Sent = Arc<Mutex<Vec<(Timestamp, Method, Bytes)>>>;

pub(crate) struct Bench {
    pub(crate) fake: Fake,
    pub(crate) community: TestCommunity,
    pub(crate) clock: SharedClock,
    pub(crate) folder: TempDir,
    pub(crate) hub: DatabaseId,
    pub(crate) hub_source: String,
    pub(crate) activities: Option<DatabaseId>,
    pub(crate) activities_source: String,
    pub(crate) mapping: Mapping,
    pub(crate) sent: Sent,
}

impl Bench {
    /// Both databases with the columns of the default mapping and one of people's own.
    pub(crate) async fn new() -> Self {
        let clock = RuntimeClock::shared();
        let time = Arc::clone(&clock);
        let config = FakeConfig {
            time: Arc::new(move || time.now()),
            ..FakeConfig::default()
        };
        let fake = Fake::new(config);
        let new = json!({ "title": "Community Hub", "data_sources": [{ "name": "Hub", "columns": {
            "External ID": "rich_text", "Sync Hash": "rich_text", "Member Name": "title",
            "Member Email": "email", "BetterMode Member ID": "rich_text", "Join Date": "date",
            "Membership Status": "select", "Role": "select", "Primary Platform": "select",
            "Profile": "url", "Engagement Score": "number", "Last Active Date": "date",
            "Posts": "number", "Replies": "number", "Notes": "rich_text",
        }}]});
        let hub = control(&fake, "POST", "/databases", new).await;
        let hub_source = hub["data_sources"]["Hub"].as_str().unwrap().to_owned();
        let new = json!({ "title": "Activities", "data_sources": [{ "name": "Did", "columns": {
            "External ID": "rich_text", "Sync Hash": "rich_text", "Activity": "title",
            "Member": { "relation": hub_source }, "Kind": "select", "When": "date", "Link": "url",
        }}]});
        let activities = control(&fake, "POST", "/databases", new).await;
        Self {
            fake,
            community: TestCommunity::default(),
            clock,
            folder: TempDir::new().unwrap(),
            hub: hub["id"].as_str().unwrap().parse().unwrap(),
            hub_source,
            activities: Some(activities["id"].as_str().unwrap().parse().unwrap()),
            activities_source: activities["data_sources"]["Did"]
                .as_str()
                .unwrap()
                .to_owned(),
            mapping: Mapping::parse(mapping::DEFAULT).unwrap(),
            sent: Sent::default(),
        }
    }

    /// A client at 2.5 requests a second; what it writes is noted.
    pub(crate) fn client(&self) -> Client {
        let (fake, sent, clock) = (
            self.fake.clone(),
            Arc::clone(&self.sent),
            Arc::clone(&self.clock),
        );
        let requests = Tasks::new();
        let transport = Transport::from_fn(move |request: Request<Bytes>| {
            let is_write = request.method() == Method::PATCH || request.uri().path() == "/v1/pages";
            if is_write {
                let what = (
                    clock.now(),
                    request.method().clone(),
                    request.body().clone(),
                );
                sent.lock().unwrap().push(what);
            }
            let fake = fake.clone();
            // What has been sent arrives and is done, also when nobody waits for it any more.
            let answer = requests.spawn("request", async move {
                // What a request to Notion takes, give or take.
                tokio::time::sleep(Duration::from_millis(300)).await;
                fake.handle(request).await
            });
            async move { answer.await.expect("the fake does not panic") }
        });
        Client::over(transport, Config::new("ntn_fake".into()), Arc::new(|| 0.5)).unwrap()
    }

    /// A new engine over what is remembered.
    pub(crate) async fn engine(&self) -> Engine {
        self.try_engine().await.unwrap()
    }

    pub(crate) async fn try_engine(&self) -> Result<Engine, Error> {
        let notion = self.client();
        let targets = Targets::find(&notion, &self.hub, self.activities.as_ref()).await?;
        let parts = Parts {
            community: Arc::new(self.community.clone()),
            notion,
            state: State::open(self.folder.path())?,
            mapping: self.mapping.clone(),
            network: NETWORK.to_owned(),
            window: WINDOW,
            clock: Arc::clone(&self.clock),
            metrics: Metrics::default(),
            shutdown: Shutdown::new(),
        };
        Engine::new(parts, &targets).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Rows of the Community Hub, values as plain texts.
    pub(crate) async fn members(&self) -> Vec<Json> {
        self.rows(&self.hub_source).await
    }

    pub(crate) async fn activity_rows(&self) -> Vec<Json> {
        self.rows(&self.activities_source).await
    }

    async fn rows(&self, source: &str) -> Vec<Json> {
        let path = format!("/data_sources/{source}/rows");
        let rows = control(&self.fake, "GET", &path, json!({})).await;
        rows.as_array().unwrap().clone()
    }

    /// The columns of the one row of a member.
    pub(crate) async fn row_of(&self, number: usize) -> Json {
        let key = format!("bettermode:{NETWORK}:member:m{number}");
        let rows = self.members().await;
        let mut rows = rows
            .into_iter()
            .filter(|row| row["properties"]["External ID"] == key);
        let row = rows
            .next()
            .unwrap_or_else(|| panic!("no row of member {number}"));
        assert!(rows.next().is_none(), "two rows of member {number}");
        row
    }

    pub(crate) async fn seed_members(&self, rows: Json) -> Json {
        let path = format!("/data_sources/{}/rows", self.hub_source);
        control(&self.fake, "POST", &path, json!({ "rows": rows })).await
    }

    pub(crate) fn fault(&self, fault: Fault, operation: &str, value: Option<u64>, count: u32) {
        let setting = Setting {
            count: Some(count),
            value,
            operation: Some(operation.to_owned()),
        };
        self.fake.fault(fault, setting);
    }

    /// Requests that the fake has had so far.
    pub(crate) async fn requests(&self) -> u64 {
        let counters = control(&self.fake, "GET", "/counters", json!({})).await;
        counters["requests"].as_u64().unwrap()
    }

    pub(crate) async fn count(&self, operation: &str) -> u64 {
        let counters = control(&self.fake, "GET", "/counters", json!({})).await;
        counters["by_operation"][operation].as_u64().unwrap_or(0)
    }

    /// Events arrive, are understood, and become due.
    pub(crate) async fn arrive(&self, engine: &Engine, events: Vec<Event>) {
        let steps = events.into_iter().map(|event| Step {
            resume_token: event.id.trim_start_matches('e').to_owned(),
            event: Some(event),
        });
        engine.take_in(steps.collect()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        while engine.understand().await.unwrap() > 0 {}
    }

    /// Writes until nothing is left that is due once the window is over.
    pub(crate) async fn settle(&self, engine: &Engine) {
        tokio::time::sleep(WINDOW).await;
        while engine.settle_members().await.unwrap() > 0 {}
        while engine.settle_activities().await.unwrap() > 0 {}
    }
}

/// Everything compared, and all activities written.
pub(crate) async fn fill(engine: &Engine) {
    engine.compare(false).await.unwrap();
    while engine.settle_activities().await.unwrap() > 0 {}
}

pub(crate) async fn control(fake: &Fake, method: &str, path: &str, body: Json) -> Json {
    let request = Request::builder()
        .method(method)
        .uri(format!("/_fake{path}"));
    let request = request.body(Bytes::from(body.to_string())).unwrap();
    let answer = fake.handle(request).await;
    assert!(answer.status().is_success(), "{path}: {:?}", answer.body());
    serde_json::from_slice(answer.body()).unwrap()
}

/// What a column holds.
pub(crate) fn column<'a>(row: &'a Json, name: &str) -> &'a Json {
    &row["properties"][name]
}

/// A text as requests hold it.
pub(crate) fn text(content: &str) -> Json {
    json!([{ "text": { "content": content } }])
}
