//! Tests through the door that every client uses, [`crate::Fake::handle`].

mod calendar;
mod control;
mod direct_messages;
mod faults;
mod invitations;
mod limits;
mod members;
mod memberships;
mod moving_in;
mod permissions;
mod posts;
mod schema;
mod sockets;
mod tokens;
mod webhook_bodies;
mod webhook_delivery;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Fake, FakeConfig, Generation, Limits};

/// What every test but the one about it uses.
const TOKEN: &str = "a-static-token";

/// A fake whose clock a test moves.
struct Bench {
    fake: Fake,
    clock: Arc<Mutex<Timestamp>>,
    world: Value,
}

/// An answer, taken apart.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
    json: Value,
}

fn config() -> FakeConfig {
    FakeConfig {
        static_token: Some(TOKEN.to_owned()),
        limits: Limits::unlimited(),
        ..FakeConfig::default()
    }
}

impl Bench {
    async fn new() -> Self {
        Self::with(config()).await
    }

    async fn published() -> Self {
        Self::with(FakeConfig {
            generation: Generation::Published,
            ..config()
        })
        .await
    }

    async fn with(mut config: FakeConfig) -> Self {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(Mutex::new(start));
        let shown = Arc::clone(&clock);
        config.time = Arc::new(move || *shown.lock().unwrap());
        let fake = Fake::new(config);
        let mut bench = Self {
            fake,
            clock,
            world: Value::Null,
        };
        bench.world = bench
            .control(Method::GET, "/_fake/world", &Value::Null)
            .await
            .json;
        bench
    }

    fn advance(&self, by: Duration) {
        *self.clock.lock().unwrap() += by;
    }

    /// Asks as the app's bot.
    async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.ask_as(&format!("Bearer {TOKEN}"), query, variables)
            .await
    }

    async fn ask_as(&self, authorization: &str, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut request = Request::post("/").body(Bytes::from(body)).unwrap();
        if !authorization.is_empty() {
            let value = authorization.parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        Answer::read(self.fake.handle(request).await)
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::from(body))
            .unwrap();
        Answer::read(self.fake.handle(request).await)
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.control(Method::POST, path, &body).await
    }

    /// Turns a fault on.
    async fn fault(&self, name: &str, setting: Value) {
        let answer = self.post(&format!("/_fake/faults/{name}"), setting).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    fn text(&self, pointer: &str) -> String {
        let value = self.world.pointer(pointer).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("the world has no {pointer}"))
            .to_owned()
    }

    /// The first row of a list that has this value.
    fn row(&self, list: &str, key: &str, value: &str) -> Value {
        let rows = self.world[list].as_array().unwrap();
        let row = rows.iter().find(|row| row[key] == value);
        row.unwrap_or_else(|| panic!("no {list} with {key} {value}"))
            .clone()
    }

    fn id(&self, list: &str, key: &str, value: &str) -> String {
        self.row(list, key, value)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn basic(&self) -> String {
        let (id, secret) = (self.text("/app/clientId"), self.text("/app/clientSecret"));
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }

    /// A header that acts as a member.
    async fn acting_as(&self, member: &str) -> String {
        let network = self.text("/network/id");
        let query = "query($n: String!, $m: String) {
            limitedToken(context: NETWORK, networkId: $n, entityId: $n, impersonateMemberId: $m) {
                accessToken
            }
        }";
        let variables = json!({ "n": network, "m": member });
        let answer = self.ask_as(&self.basic(), query, variables).await;
        let token = answer.json["data"]["limitedToken"]["accessToken"].as_str();
        format!(
            "Bearer {}",
            token.unwrap_or_else(|| panic!("no token: {}", answer.text))
        )
    }

    /// A discussion in the space `general`, published.
    async fn write(&self, authorization: &str, title: &str) -> Answer {
        let input = self.discussion(title);
        let variables = json!({ "s": self.id("spaces", "slug", "general"), "i": input });
        self.ask_as(authorization, CREATE_POST, variables).await
    }

    fn discussion(&self, title: &str) -> Value {
        json!({
            "postTypeId": self.id("postTypes", "slug", "discussion"),
            "publish": true,
            "mappingFields": [
                { "key": "title", "type": "text", "value": json!(title).to_string() },
                { "key": "content", "type": "html", "value": "\"<p>Body</p>\"" },
            ],
        })
    }
}

const CREATE_POST: &str = "mutation($s: ID!, $i: CreatePostInput!) {
    createPost(spaceId: $s, input: $i) { id status title createdById ownerId publishedAt }
}";

impl Answer {
    fn read(response: Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body).into_owned();
        Self {
            status: head.status,
            headers: head.headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// The data, when nothing was refused.
    #[track_caller]
    fn data(&self) -> &Value {
        assert!(self.json["errors"].is_null(), "refused: {}", self.text);
        &self.json["data"]
    }

    /// Code and field of the first error.
    #[track_caller]
    fn refusal(&self) -> (&str, &str) {
        let error = &self.json["errors"][0];
        let code = error["code"].as_str();
        let code = code.unwrap_or_else(|| panic!("not refused: {}", self.text));
        (code, error["field"].as_str().unwrap_or_default())
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}
