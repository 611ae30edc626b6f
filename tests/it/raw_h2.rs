//! gRPC over HTTP/2 by hand, plain or over TLS: what goes over the wire is what a test
//! says, well-formed or not.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::{Code, Status};

/// No answer takes longer than this in a test that goes well.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection; closed when it is dropped.
pub(crate) struct Connection {
    requests: SendRequest<Bytes>,
    driver: JoinHandle<Result<(), h2::Error>>,
}

impl Connection {
    /// A plain connection.
    pub(crate) async fn plain(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(stream).await.unwrap()
    }

    /// A connection over this stream.
    pub(crate) async fn over<IO>(io: IO) -> Result<Self, h2::Error>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (requests, connection) = h2::client::handshake(io).await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "ended with the connection that it drives"
        )]
        let driver = tokio::spawn(connection);
        Ok(Self { requests, driver })
    }

    /// Opens a call, its message still to be sent.
    pub(crate) async fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut request = Request::builder()
            .method("POST")
            .uri(format!("http://service{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut ready = self.requests.clone().ready().await?;
        ready.send_request(request.body(()).unwrap(), false)
    }

    /// Calls with these bytes as the body, and says how the call ended. An answer that is
    /// open after its head is OK.
    pub(crate) async fn call(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Status, h2::Error> {
        let (answer, mut sending) = self.open(path, headers).await?;
        let work = async {
            // The service may have seen enough before all of it is sent.
            let _stopped = send_all(&mut sending, body).await;
            Ok(ended(answer.await?.headers()))
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("the service answers in time")
    }

    /// Waits until the service closes the connection, and says with which reason.
    pub(crate) async fn closed(mut self) -> Option<Reason> {
        let closed = tokio::time::timeout(PATIENCE, &mut self.driver).await;
        let closed = closed.expect("the service closes the connection");
        match closed.expect("the driver does not panic") {
            Ok(()) => Some(Reason::NO_ERROR),
            Err(error) => error.reason(),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Sends a body within the window that the service gives, and ends it.
async fn send_all(sending: &mut SendStream<Bytes>, mut body: Bytes) -> Result<(), h2::Error> {
    while !body.is_empty() {
        sending.reserve_capacity(body.len());
        let capacity = std::future::poll_fn(|context| sending.poll_capacity(context)).await;
        let Some(capacity) = capacity.transpose()? else {
            return Ok(());
        };
        let part = body.split_to(capacity.min(body.len()));
        sending.send_data(part, false)?;
    }
    sending.send_data(Bytes::new(), true)
}

/// A message in its gRPC frame.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    frame_of(false, message.len(), message)
}

/// A frame that says what it likes of its message.
pub(crate) fn frame_of(is_packed: bool, length: usize, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(is_packed.into());
    frame.put_u32(u32::try_from(length).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

#[expect(
    clippy::disallowed_methods,
    reason = "stands for a success, not for an error of ours"
)]
fn ended(headers: &HeaderMap) -> Status {
    Status::from_header_map(headers).unwrap_or_else(|| Status::new(Code::Ok, ""))
}
