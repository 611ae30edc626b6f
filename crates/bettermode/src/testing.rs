//! What the tests of several files need: a scripted BetterMode, a clock that
//! moves when told, a client between them.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, header::AUTHORIZATION};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    Budget, Class, Client, Config, Cost, Credentials, Exhausted, GenerationChoice, NetworkId,
    Quota, TimeSource, Transport, TransportError,
};

/// The scripted side's answer to one request.
#[derive(Clone)]
pub(crate) enum Step {
    Answer(u16, Vec<(&'static str, &'static str)>, String),
    Fail(TransportError),
    Hang,
}

pub(crate) fn data(value: &Value) -> Step {
    Step::Answer(200, vec![], json!({ "data": value }).to_string())
}

pub(crate) fn error(code: &Value) -> Step {
    let body = json!({ "data": null, "errors": [{ "code": code, "message": "no" }] });
    Step::Answer(200, vec![], body.to_string())
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) authorization: String,
    pub(crate) operation: String,
    pub(crate) variables: Value,
}

/// A BetterMode that answers tokens by itself and everything else by its script.
#[derive(Clone, Default)]
pub(crate) struct Upstream {
    steps: Arc<Mutex<VecDeque<Step>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    now: Arc<AtomicI64>,
    pub(crate) spent: Arc<Spending>,
}

/// What the client told its budget, and how many attempts it still grants.
#[derive(Default)]
pub(crate) struct Spending {
    pub(crate) costs: Mutex<Vec<u32>>,
    pub(crate) classes: Mutex<Vec<Class>>,
    pub(crate) charged: Mutex<Vec<(u32, u32)>>,
    pub(crate) quotas: Mutex<Vec<Quota>>,
    pub(crate) refuse_after: Mutex<Option<usize>>,
    pub(crate) refuse_class: Mutex<Option<Class>>,
}

#[async_trait::async_trait]
impl Budget for Spending {
    async fn acquire(&self, cost: Cost, class: Class) -> Result<(), Exhausted> {
        // So that calls made at once do overlap.
        tokio::task::yield_now().await;
        let mut costs = self.costs.lock().unwrap();
        let full = |most: &usize| costs.len() >= *most;
        let refused = *self.refuse_class.lock().unwrap() == Some(class);
        if refused || self.refuse_after.lock().unwrap().as_ref().is_some_and(full) {
            return Err(Exhausted {
                retry_after: Duration::from_secs(7),
            });
        }
        costs.push(cost.complexity);
        self.classes.lock().unwrap().push(class);
        Ok(())
    }

    fn observe(&self, quota: Quota) {
        self.quotas.lock().unwrap().push(quota);
    }

    fn settle(&self, taken: Cost, charged: Cost, _: Duration) {
        self.charged
            .lock()
            .unwrap()
            .push((taken.complexity, charged.complexity));
    }
}

impl Upstream {
    pub(crate) fn answering(steps: impl IntoIterator<Item = Step>) -> Self {
        let upstream = Self::default();
        upstream.steps.lock().unwrap().extend(steps);
        upstream
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    /// A client with an app's credentials, the newer generation pinned.
    pub(crate) fn client_with(&self, change: impl FnOnce(&mut Config)) -> Client {
        let mut config = Config::new(Credentials::App {
            client_id: "app".to_owned(),
            client_secret: "s3cret".into(),
        });
        config.network_id = Some(NetworkId::new("NETWORK001"));
        config.generation = GenerationChoice::Newer;
        change(&mut config);
        let this = self.clone();
        let time: TimeSource = Arc::new(move || this.now());
        Client::new(
            config,
            self.transport(),
            Arc::clone(&self.spent) as Arc<dyn Budget>,
            time,
        )
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + self.now.load(Ordering::Relaxed)).unwrap()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often an operation arrived.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.seen()
            .iter()
            .filter(|seen| seen.operation == operation)
            .count()
    }

    fn transport(&self) -> Transport {
        let this = self.clone();
        Transport::from_service(tower::service_fn(move |request| {
            let this = this.clone();
            async move { this.answer(&request).await }
        }))
    }

    async fn answer(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let seen = Seen {
            authorization: request.headers()[AUTHORIZATION]
                .to_str()
                .unwrap()
                .to_owned(),
            operation: body["operationName"].as_str().unwrap().to_owned(),
            variables: body["variables"].clone(),
        };
        let token = seen.operation == "LimitedToken";
        self.seen.lock().unwrap().push(seen);
        // So that calls made at once do overlap.
        tokio::task::yield_now().await;
        let scripted = || {
            self.steps
                .lock()
                .unwrap()
                .pop_front()
                .expect("no step is left")
        };
        let step = if token { self.token() } else { scripted() };
        match step {
            Step::Answer(status, headers, body) => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Ok(response.body(Bytes::from(body)).unwrap())
            }
            Step::Fail(error) => Err(error),
            Step::Hang => std::future::pending().await,
        }
    }

    /// A token that lives an hour, each with another text.
    fn token(&self) -> Step {
        let claims = json!({ "exp": self.now().as_second() + 3_600, "n": self.seen().len() });
        let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        data(&json!({ "limitedToken": { "accessToken": format!("e30.{payload}.sig") } }))
    }
}

/// A member as BetterMode sends one.
pub(crate) fn member(id: &str, email: Option<&str>) -> Value {
    json!({
        "id": id, "username": id.to_lowercase(), "name": "Ada", "email": email,
        "status": "VERIFIED", "role": { "id": "r", "name": "Member", "type": "member" },
        "tagline": "", "externalId": null, "locale": "en",
        "profilePicture": { "__typename": "Image", "url": "https://example.com/a.png" },
        "url": "https://example.com/member/x", "fields": [
            { "key": "city", "value": "\"Berlin\"" }, { "key": "team", "value": "null" },
        ],
        "createdAt": "2024-01-02T03:04:05.678Z", "updatedAt": "2024-01-02T03:04:05.678Z",
        "lastSeenAt": null, "verifiedAt": null,
    })
}

/// A post as BetterMode sends one.
pub(crate) fn post(id: &str, space: &str) -> Value {
    json!({
        "id": id, "spaceId": space, "postTypeId": "t", "ownerId": "o", "createdById": "c",
        "reactionsCount": 0, "repliesCount": 0, "totalRepliesCount": 0,
        "title": "Hello", "status": "PUBLISHED", "url": null,
        "createdAt": "2024-01-02T03:04:05.678Z", "updatedAt": "2024-01-02T03:04:05.678Z",
        "publishedAt": "2024-01-02T03:04:05.678Z",
    })
}
