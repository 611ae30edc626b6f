//! The first words of a client: HTTP/2 begins with 24 fixed bytes.
//!
//! They are read before hyper sees the connection, because hyper waits for them for ever.
//! And when hyper is done with the connection, it is handed back, to be closed with care.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// What every client begins with (RFC 9113, 3.4).
const PREFACE: [u8; 24] = *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection whose first words were read and are read once more.
#[derive(Debug)]
pub(super) struct Spoken<IO> {
    /// Gone only while it is dropped.
    io: Option<IO>,
    /// How many bytes of the preface were given out.
    given: usize,
    back: Option<oneshot::Sender<IO>>,
}

/// Reads the first words; an error when they are others, at the first byte that differs.
/// What was connected comes back to the receiver when the result is dropped.
pub(super) async fn read<IO: AsyncRead + Unpin>(
    mut io: IO,
) -> io::Result<(Spoken<IO>, oneshot::Receiver<IO>)> {
    let mut read = 0;
    let mut buffer = [0; PREFACE.len()];
    while read < PREFACE.len() {
        let count = io.read(&mut buffer[read..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read += count;
        if buffer[..read] != PREFACE[..read] {
            return Err(io::Error::other("the client speaks no HTTP/2"));
        }
    }
    let (back, closed) = oneshot::channel();
    let spoken = Spoken {
        io: Some(io),
        given: 0,
        back: Some(back),
    };
    Ok((spoken, closed))
}

impl<IO: Unpin> Spoken<IO> {
    fn io(&mut self) -> io::Result<Pin<&mut IO>> {
        let io = self.io.as_mut().map(Pin::new);
        io.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<IO> Drop for Spoken<IO> {
    fn drop(&mut self) {
        if let (Some(io), Some(back)) = (self.io.take(), self.back.take()) {
            // Nobody waits for it when the connection was cut.
            let _cut = back.send(io);
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Spoken<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &PREFACE[self.given..];
        if rest.is_empty() {
            return self.io()?.poll_read(context, buffer);
        }
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.given += count;
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Spoken<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.io()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_words_are_read_again_and_what_follows_after_them() {
        let bytes = [&PREFACE[..], b"frames"].concat();
        let (mut spoken, _closed) = read(bytes.as_slice()).await.unwrap();
        let mut seen = Vec::new();
        spoken.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, bytes);
    }

    #[tokio::test]
    async fn other_words_are_refused_at_once_and_half_a_preface_at_its_end() {
        for bytes in [b"GET / HTTP/1.1\r\n".as_slice(), b"PRX", b"PRI * HTTP", b""] {
            assert!(read(bytes).await.is_err(), "{bytes:?}");
        }
    }
}
