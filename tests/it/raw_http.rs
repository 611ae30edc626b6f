//! HTTP written by hand, for requests that no client would send.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use integration_tests::signing;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Longer than any limit under test; a test that passes does not wait for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connects to `address` from 127.0.0.`host`, which to the edge is a client of its
/// own.
pub(crate) async fn connect_from(host: u8, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = Ipv4Addr::new(127, 0, 0, host);
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    socket.connect(address).await.unwrap()
}

/// Connects and sends `text`. What the edge does not want to read may fail to be
/// sent.
pub(crate) async fn send(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = connect_from(1, address).await;
    let _refused_early = stream.write_all(text.as_bytes()).await;
    stream
}

/// All that comes until the edge closes the connection.
///
/// Panics when it leaves it open.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes));
    let _reset = read.await.expect("the edge closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends `text` and reads all that comes until the connection is closed.
pub(crate) async fn exchange(address: SocketAddr, text: &str) -> String {
    rest(&mut send(address, text).await).await
}

/// A signed webhook as it goes over the wire, with these lines in its head too. The
/// edge closes the connection behind it.
pub(crate) fn signed(secret: &str, body: &str, more: &str) -> String {
    let timestamp = signing::timestamp_now();
    let signature = signing::sign(secret, &timestamp, body.as_bytes());
    format!(
        "POST /webhooks/bettermode HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n\
         content-length: {}\r\n{}: {timestamp}\r\n{}: {signature}\r\n{more}\r\n{body}",
        body.len(),
        signing::TIMESTAMP_HEADER,
        signing::SIGNATURE_HEADER,
    )
}
