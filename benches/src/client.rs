//! The load: webhooks over keep-alive connections, each answer looked at.
//!
//! Plain HTTP/1.1 over sockets on one thread, so that it costs little beside what it
//! measures. It stops the measurement at the first answer that is not the right one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::affinity;
use crate::figures::Latencies;
use crate::webhook::{Name, Writer};

/// Bytes of an answer that is read as a whole; ours have about 150.
const ANSWER_LIMIT: usize = 16 * 1024;

/// A closed loop: each connection sends the next webhook once it has its answer.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
    pub(crate) body_bytes: usize,
    /// Which run the webhooks are named after.
    pub(crate) run: u32,
    /// The number of the next webhook, so that no two are alike.
    pub(crate) next: Arc<AtomicU64>,
    /// The core that the client uses; any when absent.
    pub(crate) core: Option<usize>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) latencies: Latencies,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Load {
    /// Runs it on a thread of its own.
    pub(crate) async fn run(self) -> Answers {
        affinity::on_own_thread(self.core, || self.on_this_thread()).await
    }

    async fn on_this_thread(self) -> Answers {
        let writer = Writer::new(self.body_bytes);
        // Nobody begins before everybody is connected.
        let start = Arc::new(Barrier::new(self.connections));
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            connections.spawn(
                self.clone()
                    .one_connection(writer.clone(), Arc::clone(&start)),
            );
        }
        let (mut latencies, mut first, mut last) = (Vec::new(), None, None);
        while let Some(ended) = connections.join_next().await {
            let (took, began, ended) = ended.expect("every connection goes well");
            latencies.extend(took);
            first = first.into_iter().chain([began]).min();
            last = last.into_iter().chain([ended]).max();
        }
        let elapsed = last
            .zip(first)
            .map(|(last, first)| last.duration_since(first));
        Answers {
            latencies: Latencies::new(latencies),
            elapsed: elapsed.unwrap_or_default(),
        }
    }

    async fn one_connection(
        self,
        writer: Writer,
        start: Arc<Barrier>,
    ) -> (Vec<u32>, Instant, Instant) {
        let mut connection = Connection::open(self.address).await;
        let mut request = Vec::new();
        let mut latencies = Vec::new();
        start.wait().await;
        let began = Instant::now();
        let mut now = began;
        while now.duration_since(began) < self.duration {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            writer.write(Name::nth(self.run, number), &mut request);
            let sent = Instant::now();
            if let Err(wrong) = connection.exchange(&request).await {
                panic!("webhook {number} was not taken: {wrong}");
            }
            now = Instant::now();
            latencies.push(microseconds(now.duration_since(sent)));
        }
        (latencies, began, now)
    }
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// The body that was found right, to be compared byte by byte from then on.
    right: Option<Vec<u8>>,
}

impl Connection {
    /// Connects; panics when nothing listens.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .unwrap_or_else(|error| panic!("could not connect to {address}: {error}"));
        stream
            .set_nodelay(true)
            .expect("a fresh socket takes options");
        Self {
            stream,
            received: Vec::with_capacity(ANSWER_LIMIT),
            right: None,
        }
    }

    /// Sends one request and reads its answer: an error unless it is 200 and says
    /// `SUCCEEDED` for a `SUBSCRIPTION`.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<(), String> {
        self.stream
            .write_all(request)
            .await
            .map_err(|error| format!("the request was cut: {error}"))?;
        self.received.clear();
        let answer = loop {
            if let Some(answer) = Answer::in_bytes(&self.received)? {
                break answer;
            }
            if self.received.len() > ANSWER_LIMIT {
                return Err("the answer is too long".to_owned());
            }
            match self.stream.read_buf(&mut self.received).await {
                Ok(0) => return Err("the connection was closed".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(format!("the answer was cut: {error}")),
            }
        };
        if answer.status == 200 && self.right.as_deref() == Some(answer.body) {
            return Ok(());
        }
        let succeeded = json!({ "type": "SUBSCRIPTION", "status": "SUCCEEDED", "data": {} });
        let body: Option<Value> = serde_json::from_slice(answer.body).ok();
        if answer.status != 200 || body != Some(succeeded) {
            let body = String::from_utf8_lossy(answer.body);
            return Err(format!("{} {body}", answer.status));
        }
        self.right = Some(answer.body.to_vec());
        Ok(())
    }
}

struct Answer<'a> {
    status: u16,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The answer, when all of it is there. Only lengths that are said in the head.
    fn in_bytes(bytes: &'a [u8]) -> Result<Option<Self>, String> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let (head, body) = bytes.split_at(end + 4);
        let head = std::str::from_utf8(head).map_err(|_| "the answer's head is not text")?;
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
        let status = number(head.get(9..12)).ok_or("the answer has no status")?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let length = name.eq_ignore_ascii_case("content-length");
            length.then_some(number(Some(value)).map(usize::from))?
        });
        let length = length.ok_or("the answer has no length")?;
        if body.len() > length {
            return Err("more came than one answer".to_owned());
        }
        Ok((body.len() == length).then_some(Self { status, body }))
    }
}

/// A time as the latencies hold it.
pub(crate) fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let text = b"HTTP/1.1 503 Busy\r\ncontent-LENGTH: 4\r\nx: y\r\n\r\nwait";
        for length in 0..text.len() {
            assert!(Answer::in_bytes(&text[..length]).unwrap().is_none());
        }
        let answer = Answer::in_bytes(text).unwrap().unwrap();
        assert_eq!((answer.status, answer.body), (503, &b"wait"[..]));
        let more = [&text[..], b"HTTP"].concat();
        assert!(Answer::in_bytes(&more).is_err());
    }
}
