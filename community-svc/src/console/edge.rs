//! What the edge's admin port tells of its queue: the service itself only sees what has
//! left it.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use super::exposition::Exposition;

/// How long the edge may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than all of the edge's metrics take.
const MAX_ANSWER: usize = 1024 * 1024;

/// The edge's queue at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct EdgeQueue {
    /// How long the oldest webhook has waited, in seconds.
    pub(super) age: f64,
    /// Webhooks that wait.
    pub(super) depth: f64,
    /// Webhooks that the service refused for good.
    pub(super) dead: f64,
    /// The queue's disk has failed.
    pub(super) is_poisoned: bool,
}

/// The edge does not answer, or not as an edge does.
#[derive(Debug, thiserror::Error)]
pub(super) enum EdgeError {
    /// No whole answer came in time.
    #[error(
        "the edge's admin port does not answer; check COMMUNITY_SVC_CONSOLE_EDGE_URL and the edge"
    )]
    Away,
    /// It answers, and has no queue.
    #[error(
        "what answers at COMMUNITY_SVC_CONSOLE_EDGE_URL tells of no queue; is it an edge's admin \
         port, and WEBHOOK_ACK=queued?"
    )]
    NoQueue,
}

/// Asks the admin port at this address. It speaks plain HTTP, so one connection is all
/// that is needed.
pub(super) async fn look(edge: &Url) -> Result<EdgeQueue, EdgeError> {
    let asked = tokio::time::timeout(PATIENCE, metrics(edge)).await;
    let text = asked.ok().flatten().ok_or(EdgeError::Away)?;
    let metrics = Exposition::read(&text);
    let value = |name| metrics.value(name).ok_or(EdgeError::NoQueue);
    Ok(EdgeQueue {
        age: value("webhook_edge_queue_age_seconds")?,
        depth: value("webhook_edge_queue_depth")?,
        dead: value("webhook_edge_dead_letters")?,
        is_poisoned: value("webhook_edge_queue_poisoned")? > 0.0,
    })
}

async fn metrics(edge: &Url) -> Option<String> {
    let host = edge.host_str()?.trim_matches(['[', ']']);
    let port = edge.port_or_known_default()?;
    let stream = TcpStream::connect((host, port)).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get("/metrics")
        .header(header::HOST, edge.authority())
        .body(Empty::<Bytes>::new())
        .ok()?;
    let answer = async move {
        let response = sender.send_request(request).await.ok()?;
        let body = Limited::new(response.into_body(), MAX_ANSWER);
        let whole = body.collect().await.ok()?.to_bytes();
        String::from_utf8(whole.to_vec()).ok()
        // The sender goes here, and the connection ends with it.
    };
    tokio::join!(answer, connection).0
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// What looking at a port says that answers like this, once.
    async fn looked_at(body: &str) -> Result<EdgeQueue, EdgeError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let url = Url::parse(&url).unwrap();
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /metrics HTTP/1.1"));
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body.as_bytes()).await.unwrap();
        };
        tokio::join!(look(&url), answer).0
    }

    #[tokio::test]
    async fn the_queue_is_read_from_the_edges_metrics() {
        let metrics = "webhook_edge_queue_age_seconds 1.5\nwebhook_edge_queue_depth 7.0\n\
                       webhook_edge_dead_letters 2\nwebhook_edge_queue_poisoned 1.0\n# EOF\n";
        let expected = EdgeQueue {
            age: 1.5,
            depth: 7.0,
            dead: 2.0,
            is_poisoned: true,
        };
        assert_eq!(looked_at(metrics).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn what_is_no_edge_and_what_is_away_are_told_apart() {
        let other = looked_at("up 1\n").await;
        assert!(matches!(other, Err(EdgeError::NoQueue)), "{other:?}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let away = look(&Url::parse(&url).unwrap()).await;
        assert!(matches!(away, Err(EdgeError::Away)), "{away:?}");
    }
}
