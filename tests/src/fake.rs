//! The fake BetterMode, driven over its own control paths (`/_fake/..`).

use std::net::SocketAddr;

use serde_json::Value;

use crate::clients;

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
    pub async fn world(&self) -> Value {
        self.get("/_fake/world").await
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
