//! One direction of a connection.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::time::Instant;

use super::{Host, Network};

/// So much is on the way before whoever writes has to wait.
const MOST: usize = 256 * 1024;

pub(super) struct Pipe {
    network: Network,
    way: (Host, Host),
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When each piece arrives, and what it is.
    on_the_way: VecDeque<(Instant, Bytes)>,
    bytes: usize,
    /// The last arrival: later pieces do not overtake.
    last: Option<Instant>,
    end: End,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    /// Nothing more is written.
    Closed,
    /// One end is dead, and the other does not know.
    Silent,
    /// Broken.
    Reset,
}

/// Not under the lock: what wakes may be dropped, and hang up.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// What there is to read.
pub(super) enum Next {
    Bytes(Bytes),
    /// Not before then.
    Later(Instant),
    /// Not before somebody wakes.
    Nothing,
    End,
}

impl Pipe {
    pub(super) fn new(network: Network, way: (Host, Host)) -> Arc<Self> {
        Arc::new(Self {
            network,
            way,
            state: Mutex::default(),
        })
    }

    pub(super) fn write(&self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let delay = self.network.delay(self.way.0, self.way.1);
        let mut state = self.state();
        match state.end {
            End::Reset => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            End::Closed => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            End::Open | End::Silent => {}
        }
        if state.bytes >= MOST {
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = bytes.len().min(MOST - state.bytes);
        let arrives = Instant::now() + delay;
        let arrives = state.last.map_or(arrives, |last| last.max(arrives));
        let piece = Bytes::copy_from_slice(&bytes[..count]);
        state.on_the_way.push_back((arrives, piece));
        state.bytes += count;
        state.last = Some(arrives);
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Poll::Ready(Ok(count))
    }

    /// The next bytes, at most so many.
    pub(super) fn read(&self, context: &Context<'_>, most: usize) -> io::Result<Next> {
        let is_cut = self.network.is_cut(self.way.0, self.way.1);
        let mut state = self.state();
        if state.end == End::Reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        state.reader = Some(context.waker().clone());
        if is_cut || state.end == End::Silent {
            return Ok(Next::Nothing);
        }
        let Some((arrives, piece)) = state.on_the_way.front_mut() else {
            let is_closed = state.end == End::Closed;
            return Ok(if is_closed { Next::End } else { Next::Nothing });
        };
        if *arrives > Instant::now() {
            return Ok(Next::Later(*arrives));
        }
        let bytes = piece.split_to(most.min(piece.len()));
        if piece.is_empty() {
            state.on_the_way.pop_front();
        }
        state.bytes -= bytes.len();
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Ok(Next::Bytes(bytes))
    }

    /// Nothing more is written; what was written arrives.
    pub(super) fn close(&self) {
        let mut state = self.state();
        if state.end == End::Open {
            state.end = End::Closed;
            let reader = state.reader.take();
            drop(state);
            wake(reader);
        }
    }

    /// Whoever read has gone.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        if state.end != End::Silent {
            state.end = End::Reset;
            let writer = state.writer.take();
            drop(state);
            wake(writer);
        }
    }

    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.end = End::Reset;
        state.on_the_way.clear();
        let (reader, writer) = (state.reader.take(), state.writer.take());
        drop(state);
        wake(reader);
        wake(writer);
    }

    pub(super) fn go_silent(&self) {
        let mut state = self.state();
        if state.end != End::Reset {
            state.end = End::Silent;
            state.on_the_way.clear();
        }
    }

    pub(super) fn reset_if_silent(&self) {
        let is_silent = self.state().end == End::Silent;
        if is_silent {
            self.reset();
        }
    }

    pub(super) fn wake(&self) {
        let reader = self.state().reader.take();
        wake(reader);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
