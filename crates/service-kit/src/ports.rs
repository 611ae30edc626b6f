//! Where connections come from, as an argument.
//!
//! Accept loops take a [`Listener`]: a TCP port in a program, a simulated network
//! where a whole system runs in one thread.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// Hands out connections as they come.
pub trait Listener: Send + Sync + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection and who made it. Whoever drops the future loses none.
    ///
    /// # Errors
    /// What the operating system says; there may be connections after it.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // What is written is small and whole: waiting to fill a packet only delays it, and
        // the end of an answer of several packets waits 40 ms for the reader.
        let _refused = stream.set_nodelay(true);
        Ok((stream, peer))
    }
}
