//! A client that sends exactly what it is told.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper_util::rt::TokioIo;
use service_kit::tasks::Tasks;

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Reply {
    send(address, "GET", path, &[], Empty::new().boxed()).await
}

/// Sends `body` with its length announced.
pub(crate) async fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> Reply {
    send(address, "POST", path, headers, Full::new(body).boxed()).await
}

/// Sends `body` in chunks, its length unsaid.
pub(crate) async fn post_chunked(
    address: SocketAddr,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> Reply {
    let chunks: Vec<_> = body
        .chunks(16 * 1024)
        .map(|chunk| Ok(Frame::data(Bytes::copy_from_slice(chunk))))
        .collect();
    let body = StreamBody::new(futures::stream::iter(chunks)).boxed();
    send(address, "POST", path, headers, body).await
}

async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: BoxBody<Bytes, std::convert::Infallible>,
) -> Reply {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    Tasks::new().spawn_detached("connection", async move {
        let _ended = connection.await;
    });
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string())
        .body(body)
        .unwrap();
    for (name, value) in headers {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}
