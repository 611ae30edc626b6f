//! One end of a connection, and where connections come out.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use service_kit::ports::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Mutex, mpsc};
use tokio::time::Sleep;

use super::pipe::{Next, Pipe};

/// One end of a connection.
pub struct Stream {
    reads: Arc<Pipe>,
    writes: Arc<Pipe>,
    arrival: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    pub(super) fn new(reads: Arc<Pipe>, writes: Arc<Pipe>) -> Self {
        Self {
            reads,
            writes,
            arrival: None,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.reads.read(context, buffer.remaining())? {
                Next::Bytes(bytes) => {
                    buffer.put_slice(&bytes);
                    return Poll::Ready(Ok(()));
                }
                Next::End => return Poll::Ready(Ok(())),
                Next::Nothing => return Poll::Pending,
                Next::Later(at) => {
                    let timer = self
                        .arrival
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
                    timer.as_mut().reset(at);
                    if timer.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writes.close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.abandon();
    }
}

/// Where connections to a host come out.
pub struct Door(Mutex<mpsc::UnboundedReceiver<(Stream, SocketAddr)>>);

impl Door {
    pub(super) fn new(coming: mpsc::UnboundedReceiver<(Stream, SocketAddr)>) -> Self {
        Self(Mutex::new(coming))
    }
}

impl Listener for Door {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match self.0.lock().await.recv().await {
            Some(accepted) => Ok(accepted),
            // The host is down: nobody comes any more.
            None => std::future::pending().await,
        }
    }
}
