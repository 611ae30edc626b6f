//! A stream that lets hyper see whole heads only, and nothing of the next request
//! before the last one is answered.
//!
//! So each head is looked at where it begins, a half-sent one costs no more memory
//! than its bytes, and what the client keeps waiting for is known at every moment.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::head::{self, Found, Left};
use super::progress::{Progress, Terms};

/// Enough for the head and the body of most webhooks.
const READ_BYTES: usize = 4096;

enum Stage {
    /// The bytes that come next are of a head.
    Head,
    /// They are of the body.
    Body(Left),
}

/// `S`, let through piece by piece.
pub(super) struct Gated<S> {
    stream: S,
    header_bytes: usize,
    progress: Arc<Progress>,
    stage: Stage,
    /// What was read and not handed on yet.
    buffer: BytesMut,
    /// How many bytes of the buffer may be handed on.
    released: usize,
    /// How many bytes of the buffer were searched for the end of a head.
    searched: usize,
}

impl<S: AsyncRead + Unpin> Gated<S> {
    /// `stream`, which was accepted just now.
    pub(super) fn new(stream: S, header_bytes: usize, progress: Arc<Progress>) -> Self {
        Self {
            stream,
            header_bytes,
            progress,
            stage: Stage::Head,
            buffer: BytesMut::new(),
            released: 0,
            searched: 0,
        }
    }

    /// Waits for the first head, or for the end of the stream.
    ///
    /// # Errors
    /// When reading fails.
    pub(super) async fn first_head(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| self.poll_head(context)).await
    }

    /// Reads until a head is whole or certain to be refused, and releases it; releases
    /// nothing at the end of the stream.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.buffer.is_empty() {
                self.progress.head_began();
                if self.release_head() {
                    return Poll::Ready(Ok(()));
                }
            }
            let mut bytes = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.buffer.extend_from_slice(read.filled());
        }
    }

    /// Releases the head at the start of the buffer; false when more has to be read.
    fn release_head(&mut self) -> bool {
        // Parsing from the start for every byte of a slow head would cost its square.
        let new = self.searched.saturating_sub(2);
        let may_end = has_empty_line(&self.buffer[new..]);
        self.searched = self.buffer.len();
        let found = if may_end {
            head::find(&self.buffer)
        } else {
            Found::Partial
        };
        let (length, left, refusal) = match found {
            Found::Head { length, left } => (length, left, None),
            Found::Bad(status) => (self.buffer.len(), Left::Open, Some(status)),
            Found::Partial if self.buffer.len() >= self.header_bytes => {
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                (self.buffer.len(), Left::Open, Some(status))
            }
            Found::Partial => return false,
        };
        self.released = length;
        self.searched = 0;
        self.stage = Stage::Body(left);
        self.progress.head_ended(Terms {
            refusal,
            // Only hyper knows where such a body ends, so the next head would come
            // unseen.
            is_last: left == Left::Open,
        });
        true
    }

    fn hand_on(&mut self, out: &mut ReadBuf<'_>) {
        let count = self.released.min(out.remaining());
        out.put_slice(&self.buffer[..count]);
        self.buffer.advance(count);
        self.released -= count;
        if self.buffer.is_empty() {
            // The memory of a head is not kept for the time between requests.
            self.buffer = BytesMut::new();
        }
    }

    /// Hands on at most `left` bytes of the body.
    fn poll_body(
        &mut self,
        left: Left,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = match left {
            Left::Exactly(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Left::Open => usize::MAX,
        };
        let before = out.filled().len();
        if self.buffer.is_empty() {
            if most >= out.remaining() {
                ready!(Pin::new(&mut self.stream).poll_read(context, out))?;
            } else {
                let mut limited = ReadBuf::new(out.initialize_unfilled_to(most));
                ready!(Pin::new(&mut self.stream).poll_read(context, &mut limited))?;
                let count = limited.filled().len();
                out.advance(count);
            }
        } else {
            self.released = most.min(self.buffer.len());
            self.hand_on(out);
            // Counted here; nothing more of it is released by itself.
            self.released = 0;
        }
        if let Left::Exactly(count) = left {
            let read = (out.filled().len() - before) as u64;
            self.stage = Stage::Body(Left::Exactly(count - read));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gated<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.released > 0 {
                self.hand_on(out);
                return Poll::Ready(Ok(()));
            }
            match self.stage {
                Stage::Body(Left::Exactly(0)) if self.progress.is_taken() => {
                    // Woken when the service has answered.
                    return Poll::Pending;
                }
                Stage::Body(Left::Exactly(0)) => self.stage = Stage::Head,
                Stage::Body(left) => return self.poll_body(left, context, out),
                Stage::Head => {
                    ready!(self.poll_head(context))?;
                    if self.released == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Gated<S> {
    fn note(&self, written: &Poll<io::Result<usize>>, all: usize) {
        match written {
            Poll::Pending => self.progress.unread(),
            Poll::Ready(Ok(count)) if *count == all => self.progress.written(),
            Poll::Ready(_) => {}
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gated<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(&written, bytes.len());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.note(&written, pieces.iter().map(|piece| piece.len()).sum());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Whether a line without anything in it may have ended in `bytes`. Stops there: what
/// follows may be a body.
fn has_empty_line(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        rest = rest.get(end + 1..).unwrap_or_default();
        if rest.starts_with(b"\n") || rest.starts_with(b"\r\n") {
            return true;
        }
    }
    false
}
