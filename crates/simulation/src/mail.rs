//! Webhooks on their way to the edges: the vendor's, and those of somebody else who has
//! seen some and sends them again, late, twice, in another order, or forged.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fake_bettermode::{SendError, Sender, sign};
use futures::FutureExt as _;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use service_kit::clock::Clock as _;
use service_kit::tasks::Tasks;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::clock::HostClock;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::network::{Host, Network};
use crate::{EDGES, SECRET, STRANGER, VENDOR};

const SIGNATURE: &str = "x-bettermode-signature";
const TIMESTAMP: &str = "x-bettermode-request-timestamp";
/// How long the stranger waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who carries webhooks; clones are the same one.
#[derive(Clone)]
pub struct Mail {
    /// The network.
    pub network: Network,
    /// The ledger.
    pub ledger: Ledger,
    /// The journal.
    pub journal: Journal,
    /// When the run began.
    pub begun: Instant,
    /// The clock that timestamps are from.
    pub clock: Arc<HostClock>,
    /// Which edge gets it.
    pub chance: Chance,
    /// Connections.
    pub tasks: Tasks,
}

impl Mail {
    /// The vendor's way out: each try goes to one of the edges, as behind a balancer.
    #[must_use]
    pub fn sender(&self) -> Sender {
        let mail = self.clone();
        Arc::new(move |request| {
            let mail = mail.clone();
            async move {
                let edge = mail.an_edge();
                let sent = mail.send(VENDOR, edge, request).await;
                sent.map_err(SendError)
            }
            .boxed()
        })
    }

    fn an_edge(&self) -> Host {
        EDGES[usize::from(self.chance.happens(300))]
    }

    /// Sends, and writes down what came of it.
    async fn send(
        &self,
        from: Host,
        edge: Host,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, String> {
        let is_signed = is_signed(&request);
        let id = if is_signed {
            self.ledger
                .sending(request.body(), edge, self.begun.elapsed())
        } else {
            None
        };
        let what = id.clone().unwrap_or_else(|| "something".to_owned());
        let how = if is_signed { "" } else { ", forged or damaged" };
        self.journal
            .note(format!("{from} sends {what} to {edge}{how}"));
        self.journal.count("webhooks sent", 1);
        let answer = self.carry(from, edge, request).await;
        match &answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                self.journal
                    .note(format!("{edge} answers {status} to {what}"));
                self.answered(edge, id.as_deref(), (status, is_signed));
            }
            Err(error) => self
                .journal
                .note(format!("no answer of {edge} to {what}: {error}")),
        }
        answer
    }

    fn answered(&self, edge: Host, id: Option<&str>, (status, is_signed): (u16, bool)) {
        let outcome = match status {
            200 => "webhooks acknowledged",
            503 => "webhooks put off (503)",
            _ => "webhooks refused",
        };
        self.journal.count(outcome, 1);
        match id {
            Some(id) if status == 200 => {
                self.ledger.acknowledged(id, edge, self.begun.elapsed());
            }
            None if status == 200 && !is_signed => {
                let how = format!("{edge} took a webhook without a right signature");
                self.ledger
                    .broken("nothing unsigned is taken", how, &[edge]);
            }
            _ => {}
        }
    }

    async fn carry(
        &self,
        from: Host,
        edge: Host,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let stream = self
            .network
            .connect(from, edge)
            .await
            .map_err(|error| text(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| text(&error))?;
        self.tasks.spawn("webhook", async move {
            let _ended = connection.await;
        });
        let (mut parts, body) = request.into_parts();
        parts.uri = parts.uri.path().parse().unwrap_or_default();
        parts
            .headers
            .insert("host", http::HeaderValue::from_static("edge"));
        let request = Request::from_parts(parts, Full::new(body));
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| text(&error))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| text(&error))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    /// Somebody sends again what was seen, and forges.
    pub async fn strange(self, until: Instant) {
        let chance = self.chance.clone();
        while Instant::now() < until {
            tokio::time::sleep(chance.seconds(5, 40)).await;
            let body = {
                let books = self.ledger.books();
                let all: Vec<_> = books.sent.values().rev().take(400).collect();
                all.get(chance.place(all.len()))
                    .map(|sent| sent.body.clone())
            };
            let Some(body) = body else { continue };
            let copies = chance.between(1, 4);
            for _ in 0..copies {
                let request = self.forge(&body, chance.between(0, 5));
                let sent = self.send(STRANGER, self.an_edge(), request);
                let _answer = tokio::time::timeout(PATIENCE, sent).await;
            }
        }
    }

    /// A request with a body that was seen: mostly as right as the vendor's.
    fn forge(&self, body: &Bytes, how: u64) -> Request<Bytes> {
        let now = self.clock.now().as_millisecond();
        let secret = if how == 0 { "another secret" } else { SECRET };
        let signature = sign(secret, now, body);
        let mut request = Request::new(body.clone());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static("/webhooks/bettermode");
        let headers = request.headers_mut();
        headers.insert(
            "content-type",
            http::HeaderValue::from_static("application/json"),
        );
        headers.insert(TIMESTAMP, now.into());
        if let (Ok(signature), true) = (signature.parse(), how != 1) {
            headers.insert(SIGNATURE, signature);
        }
        request
    }
}

fn is_signed(request: &Request<Bytes>) -> bool {
    let text = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let at = text(TIMESTAMP).and_then(|at| at.parse().ok());
    match (text(SIGNATURE), at) {
        (Some(signature), Some(at)) => signature == sign(SECRET, at, request.body()),
        _ => false,
    }
}
