//! The fake BetterMode, driven over its own control paths (`/_fake/..`).

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::world::World;
use crate::{clients, eventually};

/// A running `fake-bettermode`, seen from outside.
#[derive(Debug, Clone)]
pub struct Fake {
    address: SocketAddr,
    http: reqwest::Client,
}

impl Fake {
    /// The fake that listens here.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            http: clients::http(),
        }
    }

    /// A URL of the fake; the path begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All that the fake holds now.
    pub async fn world(&self) -> World {
        World::new(self.get("/_fake/world").await)
    }

    /// Lets this go wrong, `count` times and for requests of this root field only;
    /// `value` is the fault's number. The fake's README lists the faults.
    pub async fn fault(&self, name: &str, setting: Value) {
        self.post(&format!("/_fake/faults/{name}"), &setting).await;
    }

    /// Lets this go wrong once, for the next request of this root field.
    pub async fn fault_once(&self, name: &str, operation: &str) {
        self.fault(name, json!({ "count": 1, "operation": operation }))
            .await;
    }

    /// Nothing goes wrong any more.
    pub async fn clear_faults(&self) {
        self.delete("/_fake/faults").await;
    }

    /// Waits until a fault that was set with a count has struck that often: then the
    /// request that it waits for has come.
    pub async fn struck(&self, name: &str) {
        eventually(&format!("{name} strikes"), async || {
            let faults = self.get("/_fake/faults").await;
            let on = faults.as_array().expect("a list of faults");
            if on.iter().any(|fault| fault["fault"] == name) {
                return Err("not yet");
            }
            Ok(())
        })
        .await;
    }

    /// How many requests for this root field, such as `createPost`, have come so far.
    pub async fn requests(&self, root_field: &str) -> u64 {
        let counters = self.get("/_fake/counters").await;
        let count = counters["byOperation"].get(root_field);
        count.and_then(Value::as_u64).unwrap_or(0)
    }

    /// How many requests were refused because a window was full.
    pub async fn rate_limited(&self) -> u64 {
        let counters = self.get("/_fake/counters").await;
        let count = counters["rejected"]["rateLimit"].as_u64();
        count.unwrap_or_else(|| panic!("the fake does not count refusals: {counters}"))
    }

    /// Asks in GraphQL, with this token or none. Panics when the answer has no data.
    pub async fn ask(&self, token: Option<&str>, document: &str) -> Value {
        let body = json!({ "query": document }).to_string();
        let mut request = self.http.post(self.url("/")).body(body);
        request = request.header("Content-Type", "application/json");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let answer = json("/", request.send().await).await;
        assert!(answer["data"].is_object(), "{answer}");
        answer["data"].clone()
    }

    /// A visitor's token: it sees what everybody sees.
    pub async fn guest_token(&self) -> String {
        let domain = self.world().await.text("/network/domain");
        let document = format!("{{ tokens(networkDomain: \"{domain}\") {{ accessToken }} }}");
        let data = self.ask(None, &document).await;
        let token = data["tokens"]["accessToken"].as_str();
        token.expect("a guest's token").to_owned()
    }

    /// Reads one of the control paths. Panics unless it answers 2xx with JSON.
    pub async fn get(&self, path: &str) -> Value {
        json(path, self.http.get(self.url(path)).send().await).await
    }

    /// Posts to one of the control paths. Panics unless it answers 2xx.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(self.url(path));
        let request = request
            .header("Content-Type", "application/json")
            .body(body.to_string());
        json(path, request.send().await).await
    }

    /// Deletes under one of the control paths. Panics unless it answers 2xx.
    pub async fn delete(&self, path: &str) -> Value {
        json(path, self.http.delete(self.url(path)).send().await).await
    }
}

/// The answer's JSON; nothing at all counts as null.
async fn json(path: &str, response: reqwest::Result<reqwest::Response>) -> Value {
    let response = response.unwrap_or_else(|error| panic!("the fake answers {path}: {error}"));
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    assert!(
        status.is_success(),
        "the fake answered {path} with {status}: {text}"
    );
    if text.trim().is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("the fake answered {path} with no JSON ({error}): {text}"))
}
